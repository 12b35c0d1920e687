"""How fast model files read faces: one thread, one face and batches; start-up and peak memory of ``mien predict``.

python -m benchmarks.inference_speed [MODEL...]     # default: base tiny
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.circumstances import circumstances
from PIL import Image

from mien import Classifier, tables

BATCHES = (1, 64)


def measure(models: list[str], rounds: int = 40) -> list[dict[str, Any]]:
    """Milliseconds per face from ``uint8`` crops to probabilities, the models and batch sizes in turns."""
    classifiers = {model: Classifier.load(model, threads=1) for model in models}
    rng = np.random.default_rng(0)
    times: dict[tuple[str, int], list[float]] = {(model, batch): [] for model in models for batch in BATCHES}
    faces = {
        (model, batch): rng.integers(0, 256, (batch, *classifiers[model].spec.size), dtype=np.uint8)
        for model, batch in times
    }
    for turn in range(rounds + 1):
        for (model, batch), seconds in times.items():
            for _ in range(max(1, 20 // batch)):
                started = time.perf_counter()
                classifiers[model].probabilities(faces[model, batch])
                if turn:  # the first round warms up
                    seconds.append((time.perf_counter() - started) / batch)
    return [
        {
            "model": Path(model).stem if "/" in model else model,
            **{f"ms_batch_{batch}": 1e3 * statistics.median(times[model, batch]) for batch in BATCHES},
            "n": {batch: len(times[model, batch]) for batch in BATCHES},
        }
        for model in models
    ]


PREDICT = """
import re, sys, time
from pathlib import Path
from mien.cli import main
try:
    main(["predict", "--crops", "--json", "--model", sys.argv[1], sys.argv[2]])
finally:
    # ru_maxrss would count what the process that started this one had; Linux tells this one's own peak.
    peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
    print(time.process_time(), int(peak) / 1024, file=sys.stderr)
"""


def measure_start(model: str, rounds: int = 7) -> dict[str, Any]:
    """``mien predict --crops`` on one picture, from process start to exit: processor seconds, seconds, peak MiB."""
    cpu: list[float] = []
    wall: list[float] = []
    peak: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        face = Path(folder) / "face.png"
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)).save(face)
        for _ in range(rounds):
            started = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", PREDICT, model, str(face)], capture_output=True, text=True, check=True
            )
            wall.append(time.perf_counter() - started)
            seconds, memory = map(float, done.stderr.split()[-2:])
            cpu.append(seconds)
            peak.append(memory)
    return {
        "model": Path(model).stem if "/" in model else model,
        "cpu_seconds": statistics.median(cpu),
        "seconds": statistics.median(wall),
        "peak_mib": max(peak),
        "n": rounds,
    }


def table(results: list[dict[str, Any]]) -> str:
    """The models side by side."""
    rows = [[r["model"], *(f"{r[f'ms_batch_{batch}']:.3f}" for batch in BATCHES)] for r in results]
    return tables.render(["model", *(f"ms per face, batch {batch}" for batch in BATCHES)], rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("models", nargs="*", default=["base", "tiny"])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results = measure(arguments.models)
    start = measure_start(arguments.models[-1])
    if arguments.json:
        print(json.dumps({"models": results, "start": start}))
        return
    print(", ".join(f"{key} {value}" for key, value in circumstances().items()))
    print(table(results))
    print(
        f"mien predict: {start['cpu_seconds']:.2f} s of processor time, peak {start['peak_mib']:.0f} MiB, n = {start['n']}"
    )


if __name__ == "__main__":
    main()
