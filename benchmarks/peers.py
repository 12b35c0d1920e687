"""How well and how fast mien's models and other packages read ready-made crops: accuracy and latency in one run.

    python -m benchmarks.peers DATA [--peers fer,face-api] [--models tiny,base] [--limit N] [--json FILE]

DATA is FER2013 in any layout that ``mien.read`` knows; its PublicTest is read. All contenders (``contenders.py`` says which, and
how they are installed) start from the same ``uint8`` crops, use one thread, and are timed in turns. On a machine that is busy
with other work only the processor time says something; on a quiet one both agree. ``wild.py`` reads worse and other faces.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.circumstances import circumstances
from benchmarks.contenders import CALLS, PEERS, Contender, ContenderError, label, start
from sklearn.metrics import f1_score

import mien
from mien import emotions, files, tables
from mien.data import cache
from mien.data.faceset import FaceSet
from mien.evaluation import metrics
from mien.evaluation.judge import default_split, labelled_rows


def judge(names: list[str], faceset: FaceSet) -> dict[str, Any]:
    """How many faces were read right; an expression that the data doesn't know counts as wrong."""
    index = {name: i for i, name in enumerate(faceset.classes)}
    predicted = np.array([index.get(emotions.canonical(name) or "", -1) for name in names])
    right, n = int((predicted == faceset.labels).sum()), len(faceset)
    macro_f1 = f1_score(faceset.labels, predicted, labels=np.unique(faceset.labels), average="macro", zero_division=0)
    return {"accuracy": right / n, "interval": metrics.wilson(right, n), "macro_f1": float(macro_f1), "n": n}


def measure(names: list[str], faceset: FaceSet, folder: Path, rounds: int) -> list[dict[str, Any]]:
    """Each contender reads all faces, one after the other; then they are timed in turns."""
    results: dict[str, dict[str, Any]] = {name: {"contender": label(name)} for name in names}
    running: dict[str, Contender] = {}
    with tempfile.TemporaryDirectory() as temporary, contextlib.ExitStack() as stack:
        crops = Path(temporary) / "faces.npy"
        np.save(crops, np.ascontiguousarray(faceset.images))
        for turn in range(rounds + 2):  # the first starts them, the second warms up
            for name, result in results.items():
                try:
                    if turn == 0:
                        running[name] = start(name, crops, folder)
                        stack.callback(running[name].close)
                        result |= judge(running[name].answer(), faceset)
                    elif "error" not in result:
                        for batch, kept in running[name].seconds.items():
                            seconds = running[name].answer(f"{batch} {CALLS[batch]}\n")
                            kept += seconds if turn > 1 else []
                except (ContenderError, OSError) as error:
                    result["error"] = str(error)
    for name, result in results.items():
        if "error" not in result:
            for batch, kept in running[name].seconds.items():
                wall, cpu = (1e3 * statistics.median(column) for column in zip(*kept, strict=True))
                result |= {f"ms_{batch}": wall, f"cpu_ms_{batch}": cpu, f"calls_{batch}": len(kept)}
    return list(results.values())


TIMES = [f"{kind}_{batch}" for kind in ("ms", "cpu_ms") for batch in CALLS]
HEADS = [f"{kind}, batch {batch}" for kind in ("ms", "processor ms") for batch in CALLS]


def table(results: list[dict[str, Any]]) -> str:
    """The contenders side by side, times per face."""
    rows = []
    for r in results:
        scores = ["", "", ""]
        if "accuracy" in r:
            scores = [f"{r['accuracy']:.2%}", "{:.1%} to {:.1%}".format(*r["interval"]), f"{r['macro_f1']:.1%}"]
        times = [f"{r[key]:.3f}" if key in r else "" for key in TIMES]
        rows.append([r["contender"], *scores, *times, str(r.get("error") or r["n"])])
    return tables.render(["contender", "accuracy", "95% interval", "macro-F1", *HEADS, "n"], rows)


def ratios(results: list[dict[str, Any]]) -> str:
    """Each of mien's models beside each peer: points of accuracy, and how many times as fast."""
    good = [r for r in results if "error" not in r]
    models, peers = ([r for r in good if r["contender"].startswith("mien ") == ours] for ours in (True, False))
    rows = []
    for ours in models:
        for peer in peers:
            points = f"{100 * (ours['accuracy'] - peer['accuracy']):+.1f}"
            times = [f"{peer[key] / ours[key]:.2f}x" if key in peer else "" for key in TIMES]
            rows.append([ours["contender"], peer["contender"], points, *times])
    return tables.render(["model", "peer", "points of accuracy", *(f"speed by {head}" for head in HEADS)], rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--environments", type=Path, default=(cache.folder() or Path()) / "peers", metavar="FOLDER")
    parser.add_argument("--models", default="tiny,base", help="names of pretrained models or paths of model files")
    parser.add_argument("--limit", type=int, help="read only so many faces")
    parser.add_argument("--rounds", type=int, default=40, help="turns of timing: ten calls of one face, one of 64")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    peers = arguments.peers.split(",") if arguments.peers else []
    if unknown := set(peers) - set(PEERS):
        parser.error(f"no such peer: {', '.join(unknown)}; known are {', '.join(PEERS)}")
    everything = mien.read(arguments.data)
    faceset = labelled_rows(everything, split := default_split(everything))
    faceset = faceset.select(np.arange(len(faceset))[: arguments.limit])
    models = arguments.models.split(",")
    setup = {
        **circumstances(*models),
        "split": split,
        "calls": ", ".join(f"{calls * arguments.rounds} of {batch} faces" for batch, calls in CALLS.items()),
    }
    results = measure([*models, *peers], faceset, arguments.environments, arguments.rounds)
    print("\n".join(f"{key}: {value}" for key, value in setup.items()), end="\n\n")
    print(table(results), ratios(results), sep="\n\n")
    if arguments.json:
        pins = {name: [*PEERS[name].bare, *PEERS[name].needs] for name in peers}
        files.write_json(arguments.json, {**setup, "pins": pins, "results": results})


if __name__ == "__main__":
    main()
