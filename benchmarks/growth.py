"""How cost grows with the size of the data: CPU seconds and peak memory as N is doubled, and the exponent of a power law.

    python -m benchmarks.growth [TASK ...] [--doublings 4] [--scale 1] [--json FILE]

Each point is a process of its own: it runs the task once with few rows, so that packages are loaded, makes its data, and runs it on
them; only this is counted. CPU seconds are those of all its threads, and for ``serve`` those of the server. Memory is the peak minus
what was in use before. The exponent b is that of ``seconds = a N^b``, fitted to all points: 1 is linear; fixed costs make it
smaller. ``calls`` counts the calls of functions instead of time, which a test does with few rows.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))

import numpy as np
from benchmarks.circumstances import circumstances

import mien
from mien import cli, images
from mien.data import cache, duplicates, layouts, store
from mien.data.faceset import FaceSet
from mien.progress import SILENT
from mien.synthetic import drawn

MODEL = "tiny"

FRAMES = 80
"""Frames of each face among the near copies, as in a film."""

Work = Callable[[], object]
"""The counted part of a task; what it returns is looked at by no one."""


@dataclass(frozen=True)
class Task:
    """What is measured.

    Attributes:
        prepare: makes N of its things below a folder, and returns the work on them.
        start: the smallest N.
        unit: what N counts.
    """

    prepare: Callable[[int, Path], Work]
    start: int
    unit: str = "faces"


@dataclass(frozen=True)
class Point:
    """The cost of one size: CPU seconds, and peak memory in MB above what was in use before."""

    n: int
    seconds: float
    memory: float


@lru_cache(maxsize=1)
def _drawn() -> FaceSet:
    return drawn.draw(112, seed=3)


def faces(num: int) -> FaceSet:
    """Different faces: mixtures of two drawn ones, with noise."""
    known, random = _drawn(), np.random.default_rng(0)
    first, second = random.integers(0, len(known), (2, num))
    pixels = np.empty((num, *known.size), np.uint8)
    for start in range(0, num, 4096):
        rows = slice(start, start + 4096)
        share = random.uniform(0.3, 0.7, (len(first[rows]), 1, 1)).astype(np.float32)
        mixed = share * known.images[first[rows]] + (1 - share) * known.images[second[rows]]
        pixels[rows] = np.clip(mixed + random.normal(0, 8, mixed.shape), 0, 255)
    made = FaceSet.from_arrays(pixels, known.labels[first], known.classes)
    return replace(made, names=np.array([f"face{row:07d}" for row in range(num)]))


def _read(path: Path, *, cached: bool = False) -> Work:
    os.environ["MIEN_CACHE"] = str(path.parent / "cache")
    if cached:
        layouts.read(path)
    return lambda: layouts.read(path, cache=cached)


def _folders(num: int, folder: Path) -> Work:
    return _read(store.write_folders(faces(num), folder / "faces"))


def _folders_cached(num: int, folder: Path) -> Work:
    return _read(store.write_folders(faces(num), folder / "faces"), cached=True)


def _csv(num: int, folder: Path) -> Work:
    path, made = folder / "fer2013.csv", faces(num)
    with path.open("w", encoding="utf-8") as file:
        file.write("emotion,pixels,Usage\n")
        for label, face in zip(made.labels, made.images, strict=True):
            file.write(f"{label},{' '.join(map(str, face.ravel().tolist()))},Training\n")
    return _read(path)


def _parquet(num: int, folder: Path) -> Work:
    return _read(store.write_parquet(faces(num), folder / "faces.parquet"))


def _cache(num: int, folder: Path) -> Work:
    os.environ["MIEN_CACHE"] = str(folder / "cache")
    made = faces(num)

    def work() -> None:
        cache.save("key", made)
        assert cache.load("key") is not None

    return work


def _one_name(num: int) -> FaceSet:
    """Faces of one name and one class, so that all go to one folder."""
    return replace(faces(num), names=np.full(num, "photo.jpg"), labels=np.zeros(num, np.int64))


def _convert_folders(num: int, folder: Path) -> Work:
    made = _one_name(num)
    return lambda: store.write_folders(made, folder / "out")


def _convert_parquet(num: int, folder: Path) -> Work:
    made = faces(num)
    return lambda: store.write_parquet(made, folder / "out.parquet")


def _copies(num: int, folder: Path) -> Work:
    made = faces(num).images
    return lambda: duplicates.find(made)


def _near_copies(num: int, folder: Path) -> Work:
    different = faces(num // FRAMES + 1).images
    repeated = np.repeat(different, FRAMES, 0)[:num].astype(np.int16)
    noise = np.random.default_rng(1).integers(-3, 4, repeated.shape, np.int16)
    frames = np.clip(repeated + noise, 0, 255).astype(np.uint8)
    return lambda: duplicates.find(frames)


def _audit(num: int, folder: Path) -> Work:
    made = faces(num)
    return lambda: mien.audit(made, progress=SILENT)


def _evaluate(num: int, folder: Path) -> Work:
    made, model = faces(num), mien.load(MODEL)
    return lambda: mien.evaluate(model, made, split="all", progress=SILENT)


def _report(num: int, folder: Path) -> Work:
    from mien.evaluation.judge import judge
    from mien.evaluation.probing import findings
    from mien.reporting.pages import explain

    model = mien.load(MODEL)
    judgement = judge(model, faces(num), "all")
    return lambda: explain.write(folder / "page.html", judgement, findings.find(model, judgement, probes=False))


def _predict(num: int, folder: Path) -> Work:
    for row, face in enumerate(faces(num).images):
        place = folder / "people" / str(row)
        place.mkdir(parents=True)
        (place / "photo.png").write_bytes(images.encode_png(face))
    arguments = ["predict", str(folder / "people"), "--model", MODEL, "--crops"]
    return lambda: _command([*arguments, "-o", str(folder / "rows.csv"), "--annotate", str(folder / "drawn")])


def _command(arguments: list[str]) -> None:
    try:
        cli.main(arguments)
    except SystemExit as stop:
        if stop.code:
            raise RuntimeError(f"mien {' '.join(arguments)} ended with {stop.code}") from None


def _video(num: int, folder: Path) -> Work:
    import scenes

    photo = scenes.background(320, 240)
    scenes.paste(photo, scenes.face(side=100), 80, 60)
    path = scenes.clip(folder / "clip.mp4", (np.roll(photo, frame % 50, 1) for frame in range(num)))
    return lambda: mien.video(path, MODEL, out=folder / "rows.csv", progress=SILENT)


TASKS: Mapping[str, Task] = {
    "folders": Task(_folders, 250),
    "folders, cached": Task(_folders_cached, 250),
    "csv": Task(_csv, 500),
    "parquet": Task(_parquet, 1000),
    "cache": Task(_cache, 4000),
    "convert to folders": Task(_convert_folders, 250),
    "convert to parquet": Task(_convert_parquet, 500),
    "copies": Task(_copies, 2000),
    "near copies": Task(_near_copies, 1000),
    "audit": Task(_audit, 40),
    "evaluate": Task(_evaluate, 500),
    "report": Task(_report, 500),
    "predict": Task(_predict, 40, "photos of one name"),
    "video": Task(_video, 20, "frames"),
}
"""The tasks that run in one process; ``serve`` is measured from outside."""

SERVE = Task(lambda num, folder: lambda: None, 1, "clients, 50 requests each")


def measured(name: str, num: int) -> Point:
    """Run a task with few rows, so that everything is loaded, and then measure it; for a process of its own."""
    with tempfile.TemporaryDirectory(prefix="mien-growth-") as folder:
        TASKS[name].prepare(max(1, TASKS[name].start // 4), Path(folder))()
    with tempfile.TemporaryDirectory(prefix="mien-growth-") as folder:
        work = TASKS[name].prepare(num, Path(folder))
        _memory(reset=True)
        before, started = _memory(), time.process_time()
        work()
        return Point(num, time.process_time() - started, max(0.0, _memory(peak=True) - before))


def served(num: int) -> Point:
    """The server's cost of so many clients at once."""
    from benchmarks import serve_load

    jobs = serve_load.crop_jobs()
    with serve_load.server("--model", "base") as (port, process):
        serve_load.put(port, jobs, clients=1, requests=50)
        _memory(process, reset=True)
        before, started = _memory(process), _seconds(process)
        load = serve_load.put(port, jobs, clients=num, requests=50 * num)
        assert not load.mixed_up
        return Point(num, _seconds(process) - started, max(0.0, _memory(process, peak=True) - before))


def _seconds(process: int) -> float:
    """CPU seconds of another process."""
    cells = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    return (int(cells[11]) + int(cells[12])) / os.sysconf("SC_CLK_TCK")


def _memory(process: int | str = "self", *, peak: bool = False, reset: bool = False) -> float:
    """Memory of a process in MB, now or at its peak since the last reset (Linux)."""
    if reset:
        ctypes.CDLL(None).malloc_trim(0)  # what the preparation has freed doesn't serve the task
        Path(f"/proc/{process}/clear_refs").write_text("5", encoding="ascii")
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    wanted = "VmHWM:" if peak else "VmRSS:"
    return next(int(line.split()[1]) for line in lines if line.startswith(wanted)) / 1000


def calls(name: str, num: int, folder: Path) -> int:
    """The number of calls of functions, in Python and in C, in all threads of a task."""
    work, counted = TASKS[name].prepare(num, folder), [0]

    def count(frame: Any, event: str, argument: Any) -> None:
        counted[0] += event in ("call", "c_call")

    threading.setprofile(count)
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return counted[0]


def exponent(points: list[Point]) -> float:
    """The slope of a line through the logarithms."""
    sizes, seconds = np.log([point.n for point in points]), np.log([max(point.seconds, 1e-3) for point in points])
    return float(np.polyfit(sizes, seconds, 1)[0])


def grown(name: str, task: Task, doublings: int, scale: float) -> list[Point]:
    """The points of one task, each measured in a process of its own."""
    points = []
    for step in range(doublings + 1):
        num = max(1, round(task.start * scale)) * 2**step
        command = [sys.executable, "-m", "benchmarks.growth", name, "--one", str(num)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{name} at {num:,} failed:\n{done.stderr[-2000:]}")
        points.append(Point(**json.loads(done.stdout.splitlines()[-1])))
    return points


def main() -> None:
    """Measure the named tasks, by default all, and print a line for each."""
    known = {**TASKS, "serve": SERVE}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"{', '.join(known)}; by default all")
    parser.add_argument("--doublings", type=int, default=4)
    parser.add_argument("--scale", type=float, default=1.0, help="factor of all sizes")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.tasks if name not in known]:
        parser.error(f"there is no task '{unknown[0]}': choose from {', '.join(known)}")
    if arguments.one:
        (name,) = arguments.tasks
        print(json.dumps(asdict(served(arguments.one) if name == "serve" else measured(name, arguments.one))))
        return
    results: dict[str, Any] = {"circumstances": circumstances(MODEL), "tasks": {}}
    for name in arguments.tasks or known:
        points = grown(name, known[name], arguments.doublings, arguments.scale)
        results["tasks"][name] = {"exponent": round(exponent(points), 2), "points": [asdict(point) for point in points]}
        cells = [f"{point.n:,}: {point.seconds:.2f} s, {point.memory:,.0f} MB" for point in points]
        print(f"{name} ({known[name].unit}): N^{exponent(points):.2f}; {'; '.join(cells)}", flush=True)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
