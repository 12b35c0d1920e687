"""Hypothesis against what takes bytes and words from outside: whatever comes, an answer or one of mien's own errors."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import hostile
from mien import cli, images
from mien.errors import ImageError

SOUND = [make() for name, (make, outcome) in hostile.CASES.items() if outcome == hostile.FACE and "exif" not in name]

fuzz = settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
)


def decodes_or_says_why(data: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            pixels = images.decode(data)
        except ImageError as error:
            assert str(error).endswith((".", "]'"))  # noqa: PT017 # one sentence, or one that ends in a command
        else:
            assert pixels.dtype == np.uint8
            assert pixels.ndim == 3


@fuzz
@given(st.binary(max_size=3000))
@example(b"")
def test_random_bytes(data: bytes) -> None:
    decodes_or_says_why(data)


@fuzz
@given(
    st.sampled_from(SOUND), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=12), st.floats(0.05, 1)
)
def test_pictures_with_changed_bytes(sound: bytes, changes: list[tuple[float, int]], share: float) -> None:
    data = bytearray(sound[: int(len(sound) * share)])
    for place, value in changes:
        # Most of what matters lies at the start.
        data[int(place**4 * (len(data) - 1))] = value
    decodes_or_says_why(bytes(data))


@fuzz
@given(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1), st.binary(max_size=200))
def test_pictures_that_claim_any_size(width: int, height: int, body: bytes) -> None:
    decodes_or_says_why(hostile.png_header(width, height, body))


@fuzz
@given(
    st.sampled_from(["predict", "video", "evaluate", "submit", "data", "summary", "export", "report", "--", ""]),
    st.lists(
        st.one_of(
            st.text(max_size=12),
            st.sampled_from(
                ["--json", "--csv", "-o", "--resume", "--crops", "--every", "--set", "x=1", "info", "convert"]
            ),
        ),
        max_size=5,
    ),
)
@pytest.mark.usefixtures("elsewhere")
def test_the_command_line_takes_any_words(verb: str, words: list[str]) -> None:
    stop = None
    try:
        cli.main([verb, *(word for word in words if word not in ("/", ".", "..", "-"))])
    except SystemExit as exit_:
        stop = exit_.code
    assert stop in (None, 0, 1, 2)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder and no standard input."""
    monkeypatch.chdir(tmp_path)

    class Input:
        buffer = io.BytesIO()

    monkeypatch.setattr("sys.stdin", Input)
