"""How fast photos are scored on Ray with one and two workers, beside one process; and that a worker's memory stays flat.

    python -m benchmarks.scaling [--num 500] [--json FILE]

The photos are those of ``photo_speed``: drawn faces in soft 1280x720 backgrounds, as JPEG. The rate of a run counts from its first
part to its last, so that starting Ray and loading the models, told apart, don't count; one process is measured from start to exit.
A worker decodes in threads of its own and would take all cores, so each run gets as many cores as it has workers, Ray included. On
a machine with other work to do, the efficiency says nothing of the code.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ray
from benchmarks import photo_speed
from benchmarks.circumstances import circumstances

from mien import files, tables
from mien.inference.options import PhotoOptions
from mien.scale import cluster, plan, scoring

TURNS = 3
"""So often one and two workers take turns; the median counts."""

PART = 25
"""Photos of a part here; with few photos, parts of the usual size would leave a worker waiting at the end."""


def scored(sources: Path, out: Path, workers: int) -> dict[str, float]:
    """Score a folder; gives photos a second, seconds until the first part, and the peak memory of a worker in MiB."""
    started = time.perf_counter()
    ends, photos, peaks = [], [], [0.0]
    for part in scoring.score([str(sources)], str(out), PhotoOptions("base"), workers=workers):
        ends.append(time.perf_counter())
        photos.append(part.photos)
        peaks += peak_mib()
    # The first part of each worker falls into the start.
    rate = sum(photos[workers:]) / (ends[-1] - ends[workers - 1])
    return {
        "photos": sum(photos),
        "photos_per_second": rate,
        "start_seconds": ends[0] - started,
        "peak_mib": max(peaks),
    }


def apart(sources: Path, out: Path, workers: int) -> dict[str, float]:
    """``scored`` by a cluster of its own on as many cores as it has workers."""
    cores = sorted(os.sched_getaffinity(0))[:workers]
    command = [sys.executable, "-m", "benchmarks.scaling", "--scored", str(sources), str(out), str(workers)]
    said = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: os.sched_setaffinity(0, cores)
    ).stdout
    result: dict[str, float] = json.loads(said.splitlines()[-1])
    return result


def peak_mib() -> Iterator[float]:
    """The peak memory so far of each process that scores for this one."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    parents = {int(pid): (int(parent), " ".join(name)) for pid, parent, *name in map(str.split, listed.splitlines())}
    for pid, (parent, name) in parents.items():
        while parent in parents and parent != os.getpid():
            parent = parents[parent][0]
        status = Path(f"/proc/{pid}/status")
        if parent == os.getpid() and "Scorer" in name and status.exists():
            peak = re.search(r"VmHWM:\s*(\d+)", status.read_text())
            yield int(peak[1]) / 1024 if peak else 0.0


def measure(num: int) -> dict[str, Any]:
    """One process, then one and two workers, then two with four times the photos."""
    with tempfile.TemporaryDirectory() as name:
        photos, fourfold = Path(name, "photos"), Path(name, "fourfold")
        photos.mkdir()
        photo_speed.make_photos(photos, num)
        for number in range(4):
            (fourfold / str(number)).mkdir(parents=True)
            for photo in photos.iterdir():
                (fourfold / str(number) / photo.name).hardlink_to(photo)
        command = Path(sys.executable).with_name("mien")
        here = photo_speed.run(command, "predict", photos, "-o", Path(name, "rows.parquet"))
        runs = {}
        turns = [
            [apart(photos, Path(name, f"out-{turn}-{workers}"), workers) for workers in (1, 2)] for turn in range(TURNS)
        ]
        for workers, several in zip((1, 2), zip(*turns, strict=True), strict=True):
            runs[str(workers)] = {key: statistics.median(run[key] for run in several) for key in several[0]}
        runs["2, four times the photos"] = apart(fourfold, Path(name, "out-4"), 2)
    return {
        **circumstances("base"),
        "ray": ray.__version__,
        "one_process": here | {"photos": num, "photos_per_second": num / here["seconds"]},
        "workers": runs,
    }


def table(result: dict[str, Any]) -> str:
    """The result in words."""
    here, one = result["one_process"], result["workers"]["1"]["photos_per_second"]
    rows = [["mien predict, all cores", f"{here['photos_per_second']:.1f}", "", "", f"{here['peak_mib']:.0f}", ""]]
    for name, run in result["workers"].items():
        gain = run["photos_per_second"] / one
        rows.append(
            [
                name,
                f"{run['photos_per_second']:.1f}",
                f"{gain:.2f}",
                f"{gain / int(name[0]):.0%}",
                f"{run['peak_mib']:.0f}",
                f"{run['start_seconds']:.1f}",
            ]
        )
    return tables.render(["workers", "photos/s", "speed-up", "efficiency", "peak MiB of one", "start in s"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num", type=int, default=500)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--scored", nargs=3, metavar=("FOLDER", "OUT", "WORKERS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.scored:
        folder, out, workers = arguments.scored
        plan.PHOTOS = PART
        with cluster.connected(num_cpus=int(workers)):
            print(json.dumps(scored(Path(folder), Path(out), int(workers))))
        return
    result = measure(arguments.num)
    print(table(result))
    print(json.dumps(result, indent=2))
    if arguments.json:
        files.write_json(arguments.json, result)


if __name__ == "__main__":
    main()
