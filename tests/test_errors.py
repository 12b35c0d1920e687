from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest

from mien.errors import MienError, MissingExtraError, RequestError


def kinds(of: type[MienError] = MienError) -> Iterator[type[MienError]]:
    yield of
    for kind in of.__subclasses__():
        yield from kinds(kind)


PLAIN = [kind("Say what to do.") for kind in kinds() if kind not in (MissingExtraError, RequestError)]


@pytest.mark.parametrize(
    "error",
    [*PLAIN, MissingExtraError("torch", "train"), RequestError(503, "Later.", 1)],
    ids=lambda error: type(error).__name__,
)
def test_each_can_be_pickled(error: MienError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
    assert again.exit_code == error.exit_code
