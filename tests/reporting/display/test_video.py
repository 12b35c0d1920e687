"""A video shows itself."""

from __future__ import annotations

import pytest

from mien.videos.analysis import Segment
from mien.videos.job import VideoResult

RESULT = VideoResult(
    clip="<b>.mp4",
    segments=(Segment(1, 0.0, 12.0, "happy", 0.9), Segment(2, 3.0, 4.0, "sad", 0.5)),
    frames=300,
    start=0.0,
    last=12.0,
    broken=0,
    too_large=0,
    missing=0.0,
    num_missing=0,
    lost=None,
    prior=None,
    stopped=False,
)


def test_expressions_have_their_colours_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "■" not in str(RESULT)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    assert [line.count("■\x1b[0m ") for line in str(RESULT).splitlines()] == [0, 0, 1, 1]


def test_a_video_shows_its_segments() -> None:
    lines = str(RESULT).splitlines()
    assert lines[0].split() == ["face", "time", "expression", "probability"]
    assert lines[2].split() == ["1", "0:00–0:12", "happy", "90%"]
    page = RESULT._repr_html_()
    assert "&lt;b&gt;.mp4: 300 frames, 12.0 s" in page
    assert RESULT.to_frame()["label"].tolist() == ["happy", "sad"]
    assert len(RESULT.plot_timeline().patches) == 2
    assert RESULT.to_dict()["seconds"] == 12
