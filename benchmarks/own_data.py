"""A model for somebody's own faces: how accurate each method is on new people, by the number of people that it learned from.

    python -m benchmarks.own_data CKPLUS48 [--drop contempt] [--methods base,adapt-base] [--json FILE]

DATA has persons. For 10, 20 and 40 people, each method learns from all their faces and is judged on the faces of everybody else, five
times with other people; for all people, five folds by person give each face one judgement. People and folds depend on the seed alone,
so methods are compared on the same faces. A class that the drawn people don't show counts as wrong.

With ``--json``, each trial is stored when it is done, and the same command goes on with those that are missing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.circumstances import circumstances
from numpy.typing import NDArray

import mien
from mien import api, files, tables
from mien.data import store
from mien.data.faceset import FaceSet
from mien.data.reading import ReadOptions
from mien.evaluation import metrics
from mien.inference import pretrained
from mien.inference.classifier import Classifier

PEOPLE = (10, 20, 40)
"""Numbers of people to learn from, beside all."""

NUM_DRAWS = 5
"""Draws of people for each number, and folds for all."""

ALL = 0
"""The number that stands for all people, in folds."""

Method = Callable[[FaceSet, Path, int], Classifier]
"""Learns from faces, may write into a folder, has a seed; gives the model."""


def as_it_is(name: str) -> Method:
    """A pretrained model, which learns nothing."""
    return lambda faces, folder, seed: mien.load(name)


def adapt(name: str) -> Method:
    """``mien adapt`` from a pretrained model."""
    return lambda faces, folder, seed: mien.load(mien.adapt(name, faces, folder / "mine.onnx", seed=seed).path)


def train(recipe: str | None = None, init: str | None = None) -> Method:
    """``mien train``: a recipe from random weights, or the recipe ``finetune`` from a pretrained model."""

    def method(faces: FaceSet, folder: Path, seed: int) -> Classifier:
        data = folder / "faces.parquet"
        store.write_parquet(faces, data)
        settings = [f"seed={seed}", f"split_seed={seed}"]
        chosen = api.recipe_for(recipe, settings, init=init)
        return mien.load(mien.train(data, chosen, folder / "run").model_file)

    return method


METHODS: dict[str, Method] = {
    **{name: as_it_is(name) for name in pretrained.names()},
    **{f"adapt-{name}": adapt(name) for name in pretrained.names()},
    **{f"finetune-{name}": train(init=name) for name in pretrained.names()},
    **{f"scratch-{name}": train(name) for name in ("base", "tiny")},
}
"""By name; add further methods here."""


@dataclass(frozen=True)
class Trial:
    """People to learn from, and the rest.

    Attributes:
        people: how many; ``ALL`` for a fold of all.
        draw: number of the draw or the fold.
        learned: ``(N,)`` rows to learn from.
    """

    people: int
    draw: int
    learned: NDArray[np.bool_]


@dataclass(frozen=True)
class Outcome:
    """A method in a trial.

    Attributes:
        method, people, draw: which.
        num_learned, num_judged: faces.
        num_classes: classes that the learned faces have.
        num_right: correct predictions.
        calibration_error: expected calibration error over 15 bins.
        seconds: of learning.
    """

    method: str
    people: int
    draw: int
    num_learned: int
    num_judged: int
    num_classes: int
    num_right: int
    calibration_error: float
    seconds: float


def trials(faces: FaceSet, seed: int = 0) -> Iterator[Trial]:
    """All trials, those of few people first."""
    assert faces.subjects is not None
    people = np.unique(faces.subjects)
    for num in PEOPLE:
        for draw in range(NUM_DRAWS):
            chosen = np.random.default_rng([seed, draw]).choice(people, num, replace=False)
            yield Trial(num, draw, np.isin(faces.subjects, chosen))
    folds = np.array_split(np.random.default_rng(seed).permutation(people), NUM_DRAWS)
    for draw, fold in enumerate(folds):
        yield Trial(ALL, draw, ~np.isin(faces.subjects, fold))


def run(method: str, trial: Trial, faces: FaceSet) -> Outcome:
    """Learn and judge."""
    learned, judged = faces.select(trial.learned), faces.select(~trial.learned)
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        classifier = METHODS[method](learned, Path(folder), trial.draw)
        seconds = time.perf_counter() - begun
        own = classifier.probabilities(judged.images)
    classes = tuple(dict.fromkeys((*faces.classes, *classifier.classes)))
    probabilities = np.zeros((len(judged), len(classes)), np.float32)
    probabilities[:, [classes.index(name) for name in classifier.classes]] = own
    return Outcome(
        method,
        trial.people,
        trial.draw,
        len(learned),
        len(judged),
        int((learned.counts() > 0).sum()),
        int((probabilities.argmax(1) == judged.labels).sum()),
        metrics.expected_calibration_error(judged.labels, probabilities),
        round(seconds, 2),
    )


def table(outcomes: list[Outcome]) -> str:
    """Each method's mean accuracy and its range over the draws, by the number of people; for all, the share of all faces."""
    rows = []
    for method in dict.fromkeys(each.method for each in outcomes):
        cells = [method]
        for people in (*PEOPLE, ALL):
            own = [each for each in outcomes if (each.method, each.people) == (method, people)]
            shares = [each.num_right / each.num_judged for each in own]
            if not own:
                cells.append("")
            elif people == ALL:
                right, judged = sum(each.num_right for each in own), sum(each.num_judged for each in own)
                cells.append(f"{right / judged:.1%}" + ("" if len(own) == NUM_DRAWS else f" ({len(own)} folds)"))
            else:
                cells.append(f"{np.mean(shares):.1%} ({min(shares):.1%} to {max(shares):.1%})")
        rows.append(cells)
    learned = [
        f"{np.mean([each.num_learned for each in outcomes if each.people == people] or [0]):.0f} faces"
        for people in (*PEOPLE, ALL)
    ]
    heads = ["", *(f"{num} people" for num in PEOPLE), "all, by folds"]
    return tables.render(heads, [["learned from", *learned], *rows])


def draw(outcomes: list[Outcome], path: Path) -> None:
    """Each method's mean accuracy by the number of faces, with the range over the draws; for all people, over the folds."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, ax = pyplot.subplots(figsize=(7, 4), layout="constrained", facecolor="white")
    for number, method in enumerate(dict.fromkeys(each.method for each in outcomes)):
        of_method = [each for each in outcomes if each.method == method]
        places = [[each for each in of_method if each.people == people] for people in (*PEOPLE, ALL)]
        places = [place for place in places if place]
        faces = [np.mean([each.num_learned for each in place]) for place in places]
        shares = [[100 * each.num_right / each.num_judged for each in place] for place in places]
        means = [float(np.mean(share)) for share in shares]
        spread = np.abs([[min(share), max(share)] for share in shares] - np.array(means)[:, None]).T
        ax.errorbar(faces, means, spread, color=f"C{number}", marker="os^Dv<>"[number % 7], capsize=3, linewidth=1.5)
        ax.annotate(method, (faces[-1], means[-1]), xytext=(8, -3), textcoords="offset points", color=f"C{number}")
    ax.set_xscale("log")
    ax.set_xticks([80, 170, 350, 740], ["80", "170", "350", "740"], minor=False)
    ax.set_xticks([], minor=True)
    ax.set(xlabel="labelled faces to learn from", ylabel="accuracy on new people, %", xlim=(70, 1300))
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", alpha=0.3)
    with matplotlib.rc_context({"svg.hashsalt": "mien"}):
        figure.savefig(path, metadata={"Date": None})


def stored(path: Path | None, setup: dict[str, Any]) -> list[Outcome]:
    """The trials that a file has of the same data and models."""
    if path is None or not path.exists():
        return []
    found = json.loads(path.read_text())
    if any(found[key] != setup[key] for key in ("data", "models", "seed")):
        sys.exit(f"'{path}' is of other data, models or another seed: name another file.")
    return [Outcome(**values) for values in found["outcomes"]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--drop", action="append", default=[], metavar="CLASS")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--figure", type=Path, metavar="SVG", help="draw the accuracies by the number of faces")
    arguments = parser.parse_args()
    methods = arguments.methods.split(",")
    if unknown := set(methods) - set(METHODS):
        parser.error(f"no such method: {', '.join(unknown)}; known are {', '.join(METHODS)}")
    faces = mien.read(arguments.data, ReadOptions.of(drop=arguments.drop))
    if faces.subjects is None:
        parser.error("the data must say who is on each picture")
    people = len(np.unique(faces.subjects))
    data = {"hash": faces.hash, "n": len(faces), "people": people, "classes": list(faces.classes)}
    setup = circumstances(*pretrained.names()) | {"seed": arguments.seed, "data": data}
    outcomes = stored(arguments.json, setup)
    done = {(each.method, each.people, each.draw) for each in outcomes}
    for trial in trials(faces, arguments.seed):
        for method in methods:
            if (method, trial.people, trial.draw) in done:
                continue
            outcome = run(method, trial, faces)
            print(outcome, file=sys.stderr)
            outcomes.append(outcome)
            if arguments.json:
                files.write_json(arguments.json, {**setup, "outcomes": [asdict(each) for each in outcomes]})
    if arguments.figure:
        draw([each for each in outcomes if each.method in methods], arguments.figure)
    print("\n".join(f"{key}: {value}" for key, value in setup.items()), table(outcomes), sep="\n\n")


if __name__ == "__main__":
    main()
