"""A layout recognises and reads what it is for."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING

import pytest

from mien.data.layouts import LAYOUTS
from mien.data.layouts.survey import Survey
from mien.data.reading import DEFAULT

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def test_a_layout_recognises_and_reads_what_it_is_for(make: Maker) -> None:
    path = make.fer2013()
    layout = next(layout for layout in LAYOUTS if layout.name == "fer2013-csv")
    assert layout.self_contained
    assert layout.matches(Survey(path))
    assert layout.read(Survey(path), DEFAULT).labels.tolist() == list(range(7))
    with pytest.raises(FrozenInstanceError):
        layout.name = "other"  # type: ignore[misc]
