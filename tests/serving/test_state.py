"""The state that process and application share."""

from __future__ import annotations

import pytest

from mien.serving.state import State


@pytest.mark.parametrize(
    ("is_ready", "is_stopping", "takes"), [(False, False, False), (True, False, True), (True, True, False), (False, True, False)]
)  # fmt: skip
def test_requests_are_taken_between_start_and_stop(is_ready: bool, is_stopping: bool, takes: bool) -> None:
    assert State(is_ready, is_stopping).takes_requests() is takes
    assert not State().takes_requests()
