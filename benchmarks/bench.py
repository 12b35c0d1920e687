"""All speed figures in one run: a table on the screen, a JSON and a page in ``benchmarks/results``, which keeps the last two.

    python -m benchmarks.bench [--out benchmarks/results] [--against VERSION]          # or: make bench

What a user runs is compared with an older version in turns, so that a regression shows as a ratio above 1.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import inference_speed, side_by_side, training_speed
from benchmarks.circumstances import RESULTS

from mien import files


def measure(seconds: float, version: str, rounds: int) -> dict[str, Any]:
    """Everything, one after the other; what is compared with each other runs in turns."""
    return {
        **training_speed.setup("base", "tiny"),
        "against": {
            "commit": version,
            "rounds": rounds,
            "tasks": [vars(pair) for pair in side_by_side.compare(version, list(side_by_side.TASKS), rounds)],
        },
        "training": [training_speed.measure(name, seconds) for name in ("vgg", "base", "tiny")],
        "against_plain": training_speed.against_plain(seconds),
        "inference": inference_speed.measure(["base", "tiny"]),
        "start": inference_speed.measure_start("tiny"),
    }


def page(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    plain, start, against = result["against_plain"], result["start"], result["against"]
    keys = (
        "date",
        "processor",
        "cores",
        "threads",
        "device",
        "precision",
        "torch",
        "onnxruntime",
        "python",
        "mien",
        "commit",
    )
    training = [
        f"| `{r['recipe']}` | {r['images_per_second']:,.0f} | {r['share_of_matmul']:.0%} of {r['matmul_gflops']:,.0f} GFLOP/s "
        f"| {r['input_images_per_second'] / r['images_per_second']:,.0f}x | {r['seconds_per_epoch']:,.0f} | {r['n']} |"
        for r in result["training"]
    ]
    inference = [f"| `{r['model']}` | {r['ms_batch_1']:.3f} | {r['ms_batch_64']:.3f} |" for r in result["inference"]]
    return "\n".join(
        [
            f"# Speed, {result['date']}",
            "",
            f"`make bench` on {', '.join(f'{key} {result[key]}' for key in keys[1:])}.",
            "",
            f"What a user runs, from start to exit, in seconds of processor time: this version and {against['commit']} in turns, with the",
            f"same packages, medians of {against['rounds']} rounds; above 1, this version is slower (`benchmarks/side_by_side.py`).",
            "",
            *_markdown(
                side_by_side.HEADER, side_by_side.rows([side_by_side.Pair(**task) for task in against["tasks"]])
            ),
            "",
            "Training, augmentation included; the share is that of the machine's matrix-product rate, counted as three",
            "times the forward operations per face; the input pipeline is how much faster faces are made ready than",
            "learned from.",
            "",
            "| recipe | faces/s | share of matrix-product rate | input pipeline | s per 25,264 faces | n steps |",
            "|---|---|---|---|---|---|",
            *training,
            "",
            f"The report's network, mien against a plain loop (`benchmarks/plain_loop.py`), in turns: "
            f"{plain['mien_images_per_second']:.1f} against {plain['plain_images_per_second']:.1f} faces/s, "
            f"**{plain['ratio']:.2f}x** (mien in {result['precision']}, the plain loop in fp32; median of {plain['n']}).",
            "",
            "Reading faces, one thread, from `uint8` crops to probabilities, in milliseconds per face:",
            "",
            "| model | batch 1 | batch 64 |",
            "|---|---|---|",
            *inference,
            "",
            f"`mien predict --crops` on one picture, start to exit: {start['cpu_seconds']:.2f} s of processor time, "
            f"{start['seconds']:.2f} s, peak memory {start['peak_mib']:.0f} MiB (n = {start['n']}).",
            "",
        ]
    )


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows)]


def keep_last(folder: Path, machine: str, number: int = 2) -> None:
    """Remove older results of a machine; they stay in the history of the repository."""
    for kind in ("json", "md"):
        for path in sorted(folder.glob(f"????-??-??-{machine}.{kind}"))[:-number]:
            path.unlink()


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--seconds", type=float, default=20, help="training time per recipe and turn")
    parser.add_argument("--against", metavar="VERSION", help="a tag or commit; by default that of the last results")
    parser.add_argument("--rounds", type=int, default=5, help="how often each version runs")
    arguments = parser.parse_args()
    result = measure(arguments.seconds, arguments.against or side_by_side.last_measured(), arguments.rounds)
    arguments.out.mkdir(parents=True, exist_ok=True)
    machine = re.sub(r"[^a-z0-9]+", "-", f"{result['processor']}-{result['cores']}-cores".lower()).strip("-")
    target = arguments.out / f"{result['date']}-{machine}"
    files.write_json(target.with_suffix(".json"), result)
    files.write_text(target.with_suffix(".md"), page(result))
    keep_last(arguments.out, machine)
    print(page(result))


if __name__ == "__main__":
    main()
