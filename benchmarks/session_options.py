"""What onnxruntime's settings are worth: the pretrained models under each graph optimisation, thread and spinning setting.

    python -m benchmarks.session_options [MODEL...]     # default: base tiny

The settings take turns, so that a busy machine slows all alike. mien's own (``mien.inference.session``) are all optimisations and
threads that don't spin; how many threads is the caller's choice.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np
from benchmarks.circumstances import circumstances
from numpy.typing import NDArray

import mien.inference.session  # turns telemetry off, which must come before onnxruntime
from mien import modelfile, tables

import onnxruntime  # isort: skip

LEVELS = ("DISABLE_ALL", "ENABLE_BASIC", "ENABLE_EXTENDED", "ENABLE_ALL")
SETTINGS = {
    **{f"1 thread, {level.lower()}": (level, 1, False) for level in LEVELS},
    "2 threads, enable_all": ("ENABLE_ALL", 2, False),
    "2 threads that spin, enable_all": ("ENABLE_ALL", 2, True),
}
"""Name to graph optimisation, threads, and whether idle threads spin."""

CALLS = {1: 20, 64: 1}
"""Calls in one turn, by batch size."""


def open_with(path: str, level: str, threads: int, spin: bool) -> Any:
    """A session with these settings."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, f"ORT_{level}")
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spin)))
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def milliseconds(session: Any, faces: NDArray[np.uint8], calls: int) -> list[float]:
    """Per face, of each call."""
    times = []
    for _ in range(calls):
        started = time.perf_counter()
        session.run(None, {modelfile.INPUT: faces})
        times.append(1e3 * (time.perf_counter() - started) / len(faces))
    return times


def measure(name: str, rounds: int) -> list[list[str]]:
    """A row a setting: the median milliseconds per face for each batch size."""
    model = mien.load(name)
    faces = np.random.default_rng(0).integers(0, 256, (max(CALLS), *model.spec.size), dtype=np.uint8)
    sessions = {key: open_with(model.path, *setting) for key, setting in SETTINGS.items()}
    times: dict[tuple[str, int], list[float]] = {(key, batch): [] for key in SETTINGS for batch in CALLS}
    for turn in range(rounds + 1):
        for (key, batch), kept in times.items():
            taken = milliseconds(sessions[key], faces[:batch], CALLS[batch])
            kept += taken if turn else []  # the first round warms up
    return [[name, key, *(f"{statistics.median(times[key, batch]):.3f}" for batch in CALLS)] for key in SETTINGS]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("models", nargs="*", default=["base", "tiny"])
    parser.add_argument("--rounds", type=int, default=40)
    arguments = parser.parse_args()
    rows = [row for name in arguments.models for row in measure(name, arguments.rounds)]
    counts = ", ".join(f"{calls * arguments.rounds} calls of {batch}" for batch, calls in CALLS.items())
    print(", ".join(f"{key} {value}" for key, value in circumstances().items()) + f"; {counts}")
    print(tables.render(["model", "settings", *(f"ms per face, batch {batch}" for batch in CALLS)], rows))


if __name__ == "__main__":
    main()
