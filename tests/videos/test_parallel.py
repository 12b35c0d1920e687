"""Clips that are read at the same time: the same bytes as one after the other, and one that crashes costs only itself."""

from __future__ import annotations

from pathlib import Path

import pytest

import drawn_films
from mien.errors import OutputError
from mien.inference.photo import Reader
from mien.progress import Progress
from mien.videos import clips, job, parallel, study
from mien.videos.clip_reader import ClipReader
from mien.videos.clips import Clip
from mien.videos.design import Design
from mien.videos.parallel import Places

pytestmark = pytest.mark.several


class Watched(Progress):
    def __init__(self, stop: float = 1e9) -> None:
        self.stop = stop
        self.lines: list[str] = []
        self.times: list[float] = []

    def line(self, text: str) -> None:
        self.lines.append(text)

    def video(self, time: float, duration: float | None) -> None:
        self.times.append(time)
        assert duration == pytest.approx(5.6, abs=0.1)
        if time >= self.stop:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    for name, num, seed in (("a.mp4", 70, 0), ("b.mp4", 40, 7), ("c.mp4", 30, 14)):
        drawn_films.film(folder / name, num, seed)
    return folder


def content(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_the_results_don_t_depend_on_the_number_of_workers(films: Path, tmp_path: Path) -> None:
    said = {}
    for workers, threads in ((1, 0), (2, 1), (3, 1)):
        said[workers] = Watched()
        study.run(
            Reader("tiny", threads=threads),
            clips.expand([str(films)]),
            tmp_path / str(workers),
            job.Plan(),
            Design(),
            read_all=Places(workers, threads).read_all,
            progress=said[workers],
        )
    right = content(tmp_path / "1")
    assert {"rows/a.mp4.csv", "rows/c.mp4.json", "episodes.parquet", "elan/b.mp4.eaf"} <= set(right)
    assert content(tmp_path / "2") == content(tmp_path / "3") == right
    for one in said.values():
        assert sorted(one.lines) == ["clip 1 of 3: a.mp4", "clip 2 of 3: b.mp4", "clip 3 of 3: c.mp4"]
        assert one.times == sorted(one.times)
        assert one.times[-1] == pytest.approx(5.6, abs=0.1)


def reading(cls: type[ClipReader], out: Path) -> ClipReader:
    (out / "rows").mkdir(parents=True)
    return cls(Reader("tiny", threads=1), out, job.Plan(every=5), {})


def test_a_crash_and_a_broken_clip_cost_only_themselves(films: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    names = [Clip("broken.mp4", str(tmp_path / "broken.mp4")), Clip("crash.mp4", str(films / "a.mp4"))]
    names += [Clip(name, str(films / name)) for name in ("b.mp4", "c.mp4")]
    crew = reading(drawn_films.Crashing, tmp_path / "out")
    ended = {one.clip: one.error for one in parallel.read_all(crew, names, Progress(), workers=2)}
    assert ended["b.mp4"] == ended["c.mp4"] == ""
    assert "crashed (Segmentation fault)" in ended["crash.mp4"]
    assert "broken.mp4" in ended["broken.mp4"]
    assert sorted(path.name for path in (tmp_path / "out" / "rows").glob("*.csv")) == ["b.mp4.csv", "c.mp4.csv"]


def test_an_output_that_can_t_be_written_ends_all(films: Path, tmp_path: Path) -> None:
    crew = reading(ClipReader, tmp_path / "out")
    (tmp_path / "out" / "rows" / "unfinished-a.mp4.part").mkdir()
    with pytest.raises(OutputError, match="can't be written"):
        list(parallel.read_all(crew, clips.expand([str(films)]), Progress(), workers=2))


def test_an_interruption_ends_the_processes_and_is_resumed(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crews = []
    made = parallel._Crew.__init__

    def noted(self: parallel._Crew, clip_reader: ClipReader) -> None:
        made(self, clip_reader)
        crews.append(self)

    monkeypatch.setattr(parallel._Crew, "__init__", noted)

    def run(progress: Progress) -> None:
        found = clips.expand([str(films)])
        read_all = Places(2, 1).read_all
        study.run(
            Reader("tiny", threads=1),
            found,
            tmp_path / "out",
            job.Plan(),
            Design(),
            read_all=read_all,
            progress=progress,
        )

    with pytest.raises(KeyboardInterrupt):
        run(Watched(stop=1.0))
    assert [process.returncode is not None for process in crews[0].all] == [True, True]
    assert not list((tmp_path / "out").rglob(".mien-*"))
    assert {path.suffix for path in (tmp_path / "out" / "rows").iterdir()} <= {".part", ".csv", ".json"}
    run(Progress())
    assert sorted(path.name for path in (tmp_path / "out" / "rows").glob("*.csv")) == [
        "a.mp4.csv",
        "b.mp4.csv",
        "c.mp4.csv",
    ]
    assert not list((tmp_path / "out").rglob("*.part"))


def test_places_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert Places.of(100, None, "cpu") == Places(8, 1)
    assert Places.of(3, None, "cpu") == Places(3, 2)
    assert Places.of(1, None, "cpu") == Places(1, 0)
    assert Places.of(100, None, "cuda") == Places(1, 0)
    assert Places.of(100, 12, "cpu") == Places(12, 1)
