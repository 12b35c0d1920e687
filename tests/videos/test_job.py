"""One pass over a video: an interruption keeps what was read."""

from __future__ import annotations

from pathlib import Path

import pytest

import scenes
from mien.errors import OutputError
from mien.inference.photo import Reader
from mien.progress import Progress
from mien.videos import job


class Interrupted(Progress):
    """Ctrl-C when the video has reached some time."""

    def __init__(self, at: float) -> None:
        self.at = at

    def video(self, time: float, duration: float | None) -> None:
        if time >= self.at:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = [scenes.scene(("happy",), width=160, height=120, side=100)] * 22
    return scenes.clip(tmp_path_factory.mktemp("film") / "film.mp4", frames)


def test_an_interruption_keeps_the_outputs(film: Path, tmp_path: Path) -> None:
    plan = job.Plan(out=tmp_path / "rows.jsonl", every=5)
    found = job.run(Reader("tiny"), str(film), plan, progress=Interrupted(0.3))
    assert found.stopped
    assert found.frames == 11
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 3
    assert found.to_dict()["frames"] == 11


def test_endings_are_checked_first(tmp_path: Path) -> None:
    for plan, sentence in (
        (job.Plan(out=tmp_path / "rows.txt"), r"must end in one of \.jsonl"),
        (job.Plan(annotate=tmp_path / "copy.gif"), r"must end in one of \.mp4"),
        (job.Plan(timeline=tmp_path / "time.jpg"), r"must end in \.png"),
    ):
        with pytest.raises(OutputError, match=sentence):
            plan.check()
