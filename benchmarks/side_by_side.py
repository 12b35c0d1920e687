"""This version against an older one: what a user runs, in turns, as ratios.

    python -m benchmarks.side_by_side [VERSION] [--rounds 5] [--task NAME ...]

VERSION is a tag or commit, by default the one of the last page of ``make bench``. Its code comes from git; the installed
packages are the same for both. A time is processor time, children included, from start to exit; a task that the older
version can't do is marked.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))

import numpy as np
from benchmarks.circumstances import RESULTS, circumstances
from PIL import Image

from mien import tables
from mien.data import store
from mien.synthetic import drawn

ROOT = Path(__file__).parents[1]

TASKS: dict[str, tuple[str, ...]] = {
    "summary": ("summary", "vgg"),
    "one face": ("predict", "--crops", "face.png", "--model", "tiny"),
    "one photo": ("predict", "photo.png"),
    "12 MP photo": ("predict", "large.jpg"),
    "48 MP photo": ("predict", "huge.jpg"),
    "60 photos": ("predict", "photos", "-o", "rows.csv"),
    "video": ("video", "film.mp4", "-o", "film.csv"),
    "folders": ("data", "info", "folders"),
    "Parquet": ("data", "info", "faces.parquet"),
    "audit": ("data", "audit", "faces.parquet", "-o", "audit.html"),
    "evaluate": ("evaluate", "tiny", "faces.parquet"),
    "explain": ("explain", "tiny", "faces.parquet", "-o", "explain.html"),
    "adapt": ("adapt", "tiny", "faces.parquet", "-o", "mine.onnx"),
    "train": ("train", "faces.parquet", "--recipe", "demo", "--set", "epochs=2", "--out", "run"),
}
"""The words of each task's command, which is run in an empty folder with links to ``material``."""


@dataclass(frozen=True)
class Pair:
    """A task in both versions, round by round.

    Attributes:
        task: its name.
        new: seconds in this version.
        old: seconds in the older one; empty if that can't do the task.
    """

    task: str
    new: tuple[float, ...]
    old: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        """New divided by old in each round; empty if the older version can't do the task."""
        return [new / old for new, old in zip(self.new, self.old, strict=False)]


def material(folder: Path) -> None:
    """Write the inputs of all tasks: drawn faces, photos and a film."""
    import scenes

    faces = drawn.draw(560, seed=0)
    store.write_parquet(faces, folder / "faces.parquet")
    store.write_folders(faces, folder / "folders")
    Image.fromarray(np.ascontiguousarray(faces.images[0])).save(folder / "face.png")
    photo = scenes.scene(width=960, height=720, side=200)
    scenes.save(photo, folder / "photo.png")
    for name, width in (("large", 4000), ("huge", 8000)):
        scenes.save(scenes.scene(width=width, height=width * 3 // 4, side=512), folder / f"{name}.jpg", quality=90)
    (folder / "photos").mkdir()
    for number in range(60):
        scenes.save(np.roll(photo, 7 * number, 1), folder / "photos" / f"{number}.jpg")
    scenes.clip(folder / "film.mp4", (np.roll(photo, number % 50, 1) for number in range(100)))


@contextmanager
def checked_out(version: str) -> Iterator[Path]:
    """The source of another version, in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "mien"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", place, version], check=True)
        try:
            yield place / "src"
        finally:
            subprocess.run([*git, "remove", "--force", place], check=True)


def seconds(words: Sequence[str], source: Path, inputs: Path) -> float | None:
    """The processor time of ``mien`` from a source folder, in seconds; None if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        for path in inputs.iterdir():
            (Path(folder) / path.name).symlink_to(path)
        environment = {**os.environ, "PYTHONPATH": str(source), "MIEN_CACHE": str(Path(folder) / "cache")}
        process = subprocess.Popen(
            [sys.executable, "-m", "mien", *words],
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return None if process.returncode else usage.ru_utime + usage.ru_stime


def compare(version: str, tasks: Sequence[str], rounds: int) -> Iterator[Pair]:
    """Run each task in turns: once unmeasured, so that files are in memory and compiled, then so many rounds."""
    with tempfile.TemporaryDirectory() as folder, checked_out(version) as older:
        material(Path(folder))
        for task in tasks:
            words = TASKS[task]
            warm = [seconds(words, source, Path(folder)) for source in (ROOT / "src", older)]
            if warm[0] is None:
                raise SystemExit(f"mien {' '.join(words)} fails in this version.")
            sources = (ROOT / "src", older) if warm[1] else (ROOT / "src",)
            turns = [[seconds(words, source, Path(folder)) for source in sources] for _ in range(rounds)]
            new, *old = (tuple(time for time in times if time) for times in zip(*turns, strict=True))
            yield Pair(task, new, *old or [()])


HEADER = ("task", "s", "s before", "ratio", "range")


def rows(pairs: Sequence[Pair]) -> list[list[str]]:
    """The pairs as rows of a table below ``HEADER``."""
    found = []
    for pair in pairs:
        medians = [f"{statistics.median(times):.2f}" for times in (pair.new, pair.old) if times]
        ratios = pair.ratios
        told = [f"{statistics.median(ratios):.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}"] if ratios else ["", ""]
        found.append([pair.task, *medians, *([] if ratios else ["not possible"]), *told])
    return found


def last_measured(folder: Path = RESULTS) -> str:
    """The commit of the newest results of ``make bench``, which have a page; other benchmarks have none."""
    for page in sorted(folder.glob("*.md"), reverse=True):
        if commit := json.loads(page.with_suffix(".json").read_text(encoding="utf-8")).get("commit"):
            return str(commit).rstrip("+")
    raise SystemExit("No results name a commit: give a version to compare with.")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("version", nargs="?")
    parser.add_argument("--task", action="append", choices=TASKS, help="several times for several; all by default")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    version = arguments.version or last_measured()
    pairs = list(compare(version, arguments.task or list(TASKS), arguments.rounds))
    print(json.dumps(circumstances()))
    print(f"compared with {version}; median of {arguments.rounds} rounds")
    print(tables.render(HEADER, rows(pairs)))


if __name__ == "__main__":
    main()
