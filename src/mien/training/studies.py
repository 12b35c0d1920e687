"""Studies: which trick helps? The same training with it and without it, over several seeds, judged on the same rows.

An arm is a recipe with some settings changed; the first is what the others are compared with. All arms of a study have the
same data, hold-out, epochs and seeds. A study's folder holds one run folder for each different training, so an arm that two
studies share is trained once, and a study that was stopped goes on where it was.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

import mien
from mien import files
from mien.checks import Between, checked
from mien.data.faceset import FaceSet
from mien.data.reading import DEFAULT, ReadOptions
from mien.errors import RecipeError
from mien.evaluation import comparison, decisions, voters
from mien.evaluation.holdout import HOLD_OUT, held_out
from mien.evaluation.judge import Judgement, default_split, judge, labelled_rows
from mien.inference import datasets
from mien.inference.classifier import Classifier
from mien.training import job, recipes
from mien.training.devices import Precision
from mien.training.loop import Say, Track
from mien.training.recipes import Recipe
from mien.training.run import Run
from mien.training.task import Task

TrainAll = Callable[[Sequence[Task]], list[Run]]
"""Does tasks of different folders, in any order or side by side, and gives their runs in the tasks' order."""

FAMILIES = {
    "flip": (("augment.flip",), ()),
    "warp": (("augment.rotation", "augment.scale", "augment.translation", "augment.shear"), ("augment.geometry",)),
    "perspective": (("augment.perspective",), ("augment.geometry",)),
    "blur": (("augment.blur",), ("augment.blur_probability",)),
    "noise": (("augment.noise",), ("augment.noise_probability",)),
    "tone": (("augment.contrast", "augment.brightness"), ()),
    "erase": (("augment.erase",), ("augment.erase_side",)),
}
"""Kinds of augmentation, each with the fields that turn it on and those that only say how often or how large."""

MOST_ENSEMBLES = 20
"""Of the ensembles of one size, so many are scored at most."""


@dataclass(frozen=True)
class Arm:
    """A way to train.

    Attributes:
        name: what it is called in tables.
        settings: what it changes in the recipe.
    """

    name: str
    settings: tuple[str, ...]


def augmentation(recipe: Recipe, has_votes: bool) -> list[Arm]:
    """No augmentation, each family that the recipe has alone, and all."""
    changes = dict(
        setting.split("=") for setting in recipes.augment_changes(recipe.augment, recipes.no_augment())
    )  # field to text
    alone = [
        Arm(
            f"{name} alone",
            ("augment=none", *(f"{field}={changes[field]}" for field in (*fields, *aids) if field in changes)),
        )
        for name, (fields, aids) in FAMILIES.items()
        if any(field in changes for field in fields)
    ]
    return [Arm("none", ("augment=none",)), *alone, Arm("all", ())]


def early_stopping(recipe: Recipe, has_votes: bool) -> list[Arm]:
    """To the last epoch, the best epoch of all, and the two rules that stop early."""
    patience = recipe.patience or max(2, recipe.epochs // 5)
    threshold = recipe.stop_accuracy or 0.66
    never = ("stop_accuracy=0.0", "patience=0")
    return [
        Arm("none: the last epoch", (*never, "keep=last")),
        Arm("none: the best epoch", (*never, "keep=best")),
        Arm(f"patience {patience}", ("stop_accuracy=0.0", f"patience={patience}", "keep=best")),
        Arm(f"threshold {threshold:g}", (f"stop_accuracy={threshold!r}", "patience=0", "keep=best")),
    ]


def labels(recipe: Recipe, has_votes: bool) -> list[Arm]:
    """Hard labels, smoothed ones, and the votes of people as targets or for a second head, where the data has them."""
    hard = ("label_smoothing=0.0", "votes=0.0", "votes_head=0.0")
    smoothing = recipe.label_smoothing or 0.1
    arms = [
        Arm("hard labels", hard),
        Arm(f"smoothed by {smoothing:g}", (f"label_smoothing={smoothing!r}", *hard[1:])),
    ]
    if has_votes:
        head = recipe.votes_head or 0.5
        arms += [
            Arm("votes only", (hard[0], "votes=1.0", hard[2])),
            Arm("smoothed, second head", (f"label_smoothing={smoothing!r}", hard[1], f"votes_head={head!r}")),
        ]
    return arms


def imbalance(recipe: Recipe, has_votes: bool) -> list[Arm]:
    """As it comes, and with what training can do about unequal classes."""
    plain = {"class_weights": 0.0, "focal": 0.0, "balanced_sampling": 0.0}

    def arm(name: str, **changes: float) -> Arm:
        return Arm(name, tuple(f"{key}={value!r}" for key, value in {**plain, **changes}.items()))

    return [
        arm("plain"),
        arm("class weights", class_weights=1.0),
        arm("focal loss", focal=2.0),
        arm("balanced sampling", balanced_sampling=1.0),
    ]


def ensemble(recipe: Recipe, has_votes: bool) -> list[Arm]:
    """One arm, whose runs of different seeds are averaged."""
    return [Arm("1 model", ())]


STUDIES: dict[str, Callable[[Recipe, bool], list[Arm]]] = {
    "augmentation": augmentation,
    "early-stopping": early_stopping,
    "ensemble": ensemble,
    "labels": labels,
    "imbalance": imbalance,
}
"""Study name to the function that gives its arms for a recipe and for data with or without votes."""


def one_by_one(tasks: Sequence[Task], say: Say = lambda _: None, track: Track = lambda steps, _: steps) -> list[Run]:
    """Do the tasks in this process, one after the other."""
    runs = []
    for number, task in enumerate(tasks, 1):
        say(f"{number}/{len(tasks)}: {task.title}")
        runs.append(task.do(say=say, track=track))
    return runs


@checked
def run(
    name: str,
    data: str | os.PathLike[str],
    recipe: Recipe,
    out: str | os.PathLike[str],
    *,
    reading: ReadOptions = DEFAULT,
    num_seeds: Annotated[int, Between(1, 1000)] = 3,
    split: str | None = None,
    device: str = "auto",
    precision: Precision = "auto",
    train_all: TrainAll = one_by_one,
    say: Say = lambda _: None,
) -> dict[str, Any]:
    """Train the arms of a study that aren't trained yet, judge them, and write ``OUT/NAME.json``.

    Args:
        name: a key of ``STUDIES``.
        data: a path that ``datasets.read`` knows.
        recipe: what all arms start from; its seed is the first one.
        out: the folder of runs and results, made if missing; several studies may share it.
        reading: how the data is read.
        num_seeds: runs of each arm.
        split: where the arms are judged; None takes the data's test split, or the hold-out where there is none.
        device, precision: as for ``job.start``.
        train_all: how the trainings are done; ``one_by_one``, or another way to the same runs.
        say: takes a line for each thing that was assumed or left out in reading the data.

    Returns:
        What was written: the set-up, and for each arm its settings, runs, scores, differences, minutes and hold-out curve.

    Raises:
        MienError: there is no such study, or data, recipe or folder don't fit.
    """
    if name not in STUDIES:
        raise RecipeError(f"There is no study '{name}': choose {', '.join(STUDIES)}.")
    if name == "ensemble" and num_seeds < 2:
        raise RecipeError("An ensemble takes two seeds or more: raise --seeds.")
    faceset = datasets.read(data, reading)
    for note in faceset.source.told:
        say(f"note: {note}")
    job.divide(faceset, recipe)  # better missed now than after an hour of training, as are the rows to judge on
    split = split or default_split(faceset, has_hold_out=True)
    if split != HOLD_OUT:
        labelled_rows(faceset, split)
    arms = STUDIES[name](recipe, faceset.votes is not None)
    place = Path(out).absolute()  # other processes may start elsewhere
    tasks: dict[tuple[str, int], Task] = {}
    for seed, arm in itertools.product(range(num_seeds), arms):  # whole rounds, seed by seed
        wanted = dataclasses.replace(recipes.changed(recipe, arm.settings), seed=recipe.seed + seed)
        title, folder = f"{arm.name}, seed {wanted.seed}", place / "runs" / _folder(faceset, wanted)
        tasks[arm.name, seed] = Task(title, Path(data).absolute(), wanted, folder, device, precision, reading=reading)
    once = {task.folder: task for task in tasks.values()}  # arms may share a training
    trained = dict(zip(once, train_all(list(once.values())), strict=True))
    runs = {arm.name: [trained[tasks[arm.name, seed].folder] for seed in range(num_seeds)] for arm in arms}
    judged = {arm: [judge(Classifier.load(one.model_file), faceset, split) for one in own] for arm, own in runs.items()}
    some = judged[arms[0].name][0]
    answers = {arm: [judgement.evaluation.predicted for judgement in own] for arm, own in judged.items()}
    if name == "imbalance":
        answers |= _decided(faceset, runs[arms[0].name], judged[arms[0].name])
    if name == "ensemble":
        answers |= _averaged(judged[arms[0].name])
    paired = name != "ensemble"
    compared = comparison.compare(some.evaluation.labels, answers, len(some.evaluation.classes), paired=paired)
    told = [_told(arm, compared[arm], paired, runs.get(arm, []), place) for arm in answers]
    for size, averaged in enumerate(told[1:] if name == "ensemble" else [], 2):
        averaged["minutes"] = [size * float(np.mean(told[0]["minutes"]))]
    votes = some.faces.votes
    if votes is not None:
        top, has_one = voters.majority(votes)
        for judged_arm in told if has_one.any() else []:
            hits = [(given == top)[has_one] for given in answers[judged_arm["name"]]]
            judged_arm["majority"] = [float(hit.mean()) for hit in hits]
    result = _set_up(name, recipe, arms, runs[arms[0].name][0], some, num_seeds) | {"arms": told}
    files.write_json(place / f"{name}.json", result)
    return result


def _folder(faceset: FaceSet, recipe: Recipe) -> str:
    """The name of a training's run folder; those of different trainings differ."""
    told = json.dumps([faceset.hash, recipes.to_dict(recipe)], sort_keys=True)
    return f"{recipe.name}-{hashlib.sha256(told.encode()).hexdigest()[:10]}"


def _decided(faceset: FaceSet, runs: list[Run], judged: list[Judgement]) -> dict[str, list[NDArray[np.int64]]]:
    """What the plain runs answer by other rules than argmax, chosen on their hold-outs."""
    answers: dict[str, list[NDArray[np.int64]]] = {}
    for one, judgement in zip(runs, judged, strict=True):
        classifier = Classifier.load(one.model_file)
        train, valid = held_out(classifier, faceset)
        shares = decisions.class_shares(train.labels, len(train.classes))
        evaluation = judgement.evaluation
        if judgement.record["is_hold_out"]:  # the very rows: each half is answered as the other half has chosen
            halves = _halves(evaluation.labels)
            chosen = [(evaluation.labels[half], evaluation.probabilities[half]) for half in halves]
            parts = [(chosen[0], halves[1]), (chosen[1], halves[0])]
        else:
            every = np.arange(len(evaluation))
            parts = [((valid.labels, classifier.probabilities(valid.images)), every)]
        own: dict[str, NDArray[np.int64]] = {}
        for chosen_on, rows in parts:
            probabilities = evaluation.probabilities[rows]
            results = decisions.compare(chosen_on, (evaluation.labels[rows], probabilities), shares)
            for decision, _ in results[1:]:  # the first is argmax
                name = f"plain, {decision.name.partition(' (')[0]}"
                own.setdefault(name, evaluation.predicted.copy())[rows] = decision(probabilities)
        for name, answered in own.items():
            answers.setdefault(name, []).append(answered)
    return answers


def _halves(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two halves of the rows with the same share of each class."""
    by_class = np.argsort(labels, kind="stable")
    return by_class[::2], by_class[1::2]


def _averaged(judged: list[Judgement]) -> dict[str, list[NDArray[np.int64]]]:
    """What the mean of two and more runs answers, for every choice of runs."""
    probabilities = [judgement.evaluation.probabilities for judgement in judged]
    return {
        f"{size} models": [
            np.mean(chosen, 0).argmax(1)
            for chosen in itertools.islice(itertools.combinations(probabilities, size), MOST_ENSEMBLES)
        ]
        for size in range(2, len(judged) + 1)
    }


def _told(arm: str, compared: dict[str, Any], paired: bool, runs: list[Run], place: Path) -> dict[str, Any]:
    """An arm's record; one that only answers otherwise has no runs of its own."""
    histories = [one.history for one in runs]
    shortest = min((len(history) for history in histories), default=0)
    return {
        "name": arm,
        "paired": paired,
        **compared,
        "runs": [str(one.folder.relative_to(place)) for one in runs],
        "epochs": [len(history) for history in histories],
        "minutes": [sum(row["seconds"] for row in history) / 60 for history in histories],
        "curve": [float(np.mean([h[epoch]["valid_accuracy"] for h in histories])) for epoch in range(shortest)],
    }


def _set_up(
    name: str, recipe: Recipe, arms: list[Arm], first: Run, judgement: Judgement, num_seeds: int
) -> dict[str, Any]:
    """What all arms have in common, and what is needed to repeat them."""
    record = first.record
    return {
        "study": name,
        "recipe": recipe.name,
        "settings": recipes.changes(recipe),
        "seeds": list(range(recipe.seed, recipe.seed + num_seeds)),
        "data": Path(record["data"]["path"]).name,
        "data_hash": record["data"]["hash"],
        "read": {
            key: record["data"].get(key) for key in ("layout", "options", "coding", "num_dropped", "changes", "leaks")
        },
        "train_rows": record["data"]["train"]["rows"],
        "split": judgement.record["split"],
        "n": len(judgement.evaluation),
        "majority": float(judgement.evaluation.support.max() / len(judgement.evaluation)),  # of always naming one class
        **{key: record[key] for key in ("device", "device_name", "processor", "precision", "threads", "torch")},
        "mien": mien.__version__,
        "arm_settings": {arm.name: list(arm.settings) for arm in arms},
    }
