"""Studies (ablations): the same training with and without a technique, over several seeds, evaluated on the same rows.

An arm is a recipe with some settings changed; the first arm is the reference. All arms of a study have the same data, hold-out,
epochs and seeds. The study's folder has one run folder for each different training, so that an arm shared by two studies is
trained once, and a stopped study resumes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

import mien
from mien import files, recipes, typed_json
from mien.checks import Between, checked
from mien.data.faceset import FaceSet
from mien.data.reading import DEFAULT, ReadOptions
from mien.errors import RecipeError
from mien.evaluation import comparison, decisions, voters
from mien.evaluation.holdout import HOLD_OUT, held_out
from mien.evaluation.judge import Judgement, default_split, judge, labelled_rows
from mien.experiments.results import Arm, ArmResult, Common, StudyResult
from mien.inference import datasets
from mien.inference.classifier import Classifier
from mien.progress import SILENT, Progress
from mien.recipes import Recipe
from mien.run import Run
from mien.run_record import AUTO, Hardware
from mien.training import job
from mien.training.task import Task

TrainAll = Callable[[Sequence[Task]], list[Run]]
"""Runs tasks of different folders, in any order or in parallel, and returns their runs in the order of the tasks."""

FAMILIES = {
    "flip": (("augment.flip",), ()),
    "warp": (("augment.rotation", "augment.scale", "augment.translation", "augment.shear"), ("augment.geometry",)),
    "perspective": (("augment.perspective",), ("augment.geometry",)),
    "blur": (("augment.blur",), ("augment.blur_probability",)),
    "noise": (("augment.noise",), ("augment.noise_probability",)),
    "tone": (("augment.contrast", "augment.brightness"), ()),
    "erase": (("augment.erase",), ("augment.erase_side",)),
}
"""Kinds of augmentation, each with the fields that turn it on and the fields of its probability or size."""

MOST_ENSEMBLES = 20
"""Maximum number of ensembles of one size that are scored."""


def augmentation(recipe: Recipe, has_votes: bool) -> list[Arm]:
    """No augmentation, each kind of the recipe alone, and all together."""
    changes = dict(  # field to text
        setting.split("=") for setting in recipes.augment_changes(recipe.augment, recipes.no_augment())
    )
    alone = [
        Arm(
            f"{name}_alone",
            ("augment=none", *(f"{field}={changes[field]}" for field in (*fields, *aids) if field in changes)),
        )
        for name, (fields, aids) in FAMILIES.items()
        if any(field in changes for field in fields)
    ]
    return [Arm("none", ("augment=none",)), *alone, Arm("all", ())]


def early_stopping(recipe: Recipe, has_votes: bool) -> list[Arm]:
    """The last epoch, the best epoch, and the two rules of early stopping."""
    patience = recipe.patience or max(2, recipe.epochs // 5)
    threshold = recipe.stop_accuracy or 0.66
    never = ("stop_accuracy=0.0", "patience=0")
    return [
        Arm("last_epoch", (*never, "keep=last")),
        Arm("best_epoch", (*never, "keep=best")),
        Arm("patience", ("stop_accuracy=0.0", f"patience={patience}", "keep=best"), patience),
        Arm("threshold", (f"stop_accuracy={threshold!r}", "patience=0", "keep=best"), threshold),
    ]


def labels(recipe: Recipe, has_votes: bool) -> list[Arm]:
    """Hard labels, label smoothing, and, if the data has votes, votes as targets or for an auxiliary head."""
    hard = ("label_smoothing=0.0", "votes=0.0", "auxiliary_head=0.0")
    smoothing = recipe.label_smoothing or 0.1
    arms = [
        Arm("hard_labels", hard),
        Arm("smoothed", (f"label_smoothing={smoothing!r}", *hard[1:]), smoothing),
    ]
    if has_votes:
        head = recipe.auxiliary_head or 0.5
        arms += [
            Arm("votes_only", (hard[0], "votes=1.0", hard[2])),
            Arm("smoothed_votes_head", (f"label_smoothing={smoothing!r}", hard[1], f"auxiliary_head={head!r}")),
        ]
    return arms


def imbalance(recipe: Recipe, has_votes: bool) -> list[Arm]:
    """The plain recipe, and techniques for class imbalance."""
    plain = {"class_weights": 0.0, "focal": 0.0, "balanced_sampling": 0.0}

    def arm(key: str, **changes: float) -> Arm:
        return Arm(key, tuple(f"{field}={value!r}" for field, value in {**plain, **changes}.items()))

    return [
        arm("plain"),
        arm("class_weights", class_weights=1.0),
        arm("focal_loss", focal=2.0),
        arm("balanced_sampling", balanced_sampling=1.0),
    ]


def ensemble(recipe: Recipe, has_votes: bool) -> list[Arm]:
    """One arm; the probabilities of its runs with different seeds are averaged."""
    return [Arm("models", value=1)]


STUDIES: dict[str, Callable[[Recipe, bool], list[Arm]]] = {
    "augmentation": augmentation,
    "early-stopping": early_stopping,
    "ensemble": ensemble,
    "labels": labels,
    "imbalance": imbalance,
}
"""Study name to the function ``(recipe, has_votes) -> arms``."""


def one_by_one(tasks: Sequence[Task], progress: Progress = SILENT) -> list[Run]:
    """Run the tasks one after the other in this process."""
    runs = []
    for number, task in enumerate(tasks, 1):
        progress.line(f"{number}/{len(tasks)}: {task.title}")
        runs.append(task.do(progress))
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
    hardware: Hardware = AUTO,
    train_all: TrainAll = one_by_one,
    progress: Progress = SILENT,
) -> StudyResult:
    """Train the arms of a study that aren't trained yet, evaluate them, and write ``OUT/NAME.json``.

    Args:
        name: a key of ``STUDIES``.
        data: a path that ``datasets.read`` accepts.
        recipe: the common recipe of all arms; its seed is the first seed.
        out: the folder for runs and results, created if missing; several studies may share it.
        reading: how the data is read.
        num_seeds: number of runs of each arm.
        split: split on which the arms are evaluated; None takes the test split, or the hold-out if there is none.
        hardware: device and precision of training.
        train_all: runs the trainings; the default trains one after the other in this process.
        progress: receives notes about the data.

    Returns:
        The content of the file.

    Raises:
        MienError: there is no such study, or data, recipe or folder are not valid.
    """
    if name not in STUDIES:
        raise RecipeError(f"There is no study '{name}': choose {', '.join(STUDIES)}.")
    if name == "ensemble" and num_seeds < 2:
        raise RecipeError("An ensemble needs two or more seeds: increase --seeds.")
    faceset = datasets.read(data, reading)
    for note in faceset.source.told:
        progress.line(f"note: {note}")
    job.divide(faceset, recipe)  # report missing rows now, not after an hour of training
    split = split or default_split(faceset, has_hold_out=True)
    if split != HOLD_OUT:
        labelled_rows(faceset, split)
    arms = STUDIES[name](recipe, faceset.votes is not None)
    place = Path(out).absolute()  # other processes may have another working directory
    tasks: dict[tuple[Arm, int], Task] = {}
    for seed, arm in itertools.product(range(num_seeds), arms):  # all arms of one seed, then of the next
        wanted = dataclasses.replace(recipes.changed(recipe, arm.settings), seed=recipe.seed + seed)
        title, folder = f"{arm}, seed {wanted.seed}", place / "runs" / _folder(faceset, wanted)
        tasks[arm, seed] = Task(title, Path(data).absolute(), wanted, folder, hardware, reading=reading)
    once = {task.folder: task for task in tasks.values()}  # arms may share a training
    trained = dict(zip(once, train_all(list(once.values())), strict=True))
    runs = {arm: [trained[tasks[arm, seed].folder] for seed in range(num_seeds)] for arm in arms}
    judged = {arm: [judge(Classifier.load(one.model_file), faceset, split) for one in own] for arm, own in runs.items()}
    some = judged[arms[0]][0]
    result = StudyResult(
        study=name,
        common=Common.of(recipe, faceset, runs[arms[0]][0]),
        seeds=tuple(range(recipe.seed, recipe.seed + num_seeds)),
        split=some.record.split,
        n=len(some.evaluation),
        majority=float(some.evaluation.support.max() / len(some.evaluation)),
        mien=mien.__version__,
        arms=tuple(_results(name, faceset, runs, judged, place)),
    )
    files.write_json(place / f"{name}.json", typed_json.to_json(result))
    return result


def _results(
    name: str,
    faceset: FaceSet,
    runs: dict[Arm, list[Run]],
    judged: dict[Arm, list[Judgement]],
    place: Path,
) -> list[ArmResult]:
    """The results of the arms, including those that differ only in the decision rule."""
    first = next(iter(runs))
    some = judged[first][0]
    answers = {arm: [judgement.evaluation.predicted for judgement in own] for arm, own in judged.items()}
    if name == "imbalance":
        answers |= _decided(faceset, runs[first], judged[first])
    if name == "ensemble":
        answers |= _averaged(judged[first])
    paired = name != "ensemble"
    compared = comparison.compare(some.evaluation.labels, answers, len(some.evaluation.classes), paired=paired)
    results = [_result(ArmResult(arm, paired, compared[arm]), runs.get(arm, []), place) for arm in answers]
    if name == "ensemble":
        single = float(np.mean(results[0].minutes))
        results[1:] = [replace(one, minutes=(size * single,)) for size, one in enumerate(results[1:], 2)]
    votes = some.faces.votes
    if votes is None:
        return results
    top, has_one = voters.majority(votes)
    if not has_one.any():
        return results
    return [
        replace(one, majority=tuple(float((given == top)[has_one].mean()) for given in answers[one.arm]))
        for one in results
    ]


def _folder(faceset: FaceSet, recipe: Recipe) -> str:
    """Name of a training's run folder, unique for data and recipe."""
    content = json.dumps([faceset.hash, recipe.to_dict()], sort_keys=True)
    return f"{recipe.name}-{hashlib.sha256(content.encode()).hexdigest()[:10]}"


def _decided(faceset: FaceSet, runs: list[Run], judged: list[Judgement]) -> dict[Arm, list[NDArray[np.int64]]]:
    """Predictions of the plain runs by decision rules other than argmax, fitted on their hold-outs."""
    answers: dict[Arm, list[NDArray[np.int64]]] = {}
    for one, judgement in zip(runs, judged, strict=True):
        classifier = Classifier.load(one.model_file)
        train, valid = held_out(classifier, faceset)
        shares = decisions.class_shares(train.labels, len(train.classes))
        evaluation = judgement.evaluation
        if judgement.record.is_hold_out:  # the same rows: the rules for each half are fitted on the other half
            halves = _halves(evaluation.labels)
            chosen = [(evaluation.labels[half], evaluation.probabilities[half]) for half in halves]
            parts = [(chosen[0], halves[1]), (chosen[1], halves[0])]
        else:
            every = np.arange(len(evaluation))
            parts = [((valid.labels, classifier.probabilities(valid.images)), every)]
        own: dict[Arm, NDArray[np.int64]] = {}
        for chosen_on, rows in parts:
            probabilities = evaluation.probabilities[rows]
            results = decisions.compare(chosen_on, (evaluation.labels[rows], probabilities), shares)
            for decision, _ in results[1:]:  # the first is argmax
                tau = decision.tau if decision.key == "logit_adjustment" else None  # other rules fit it for each run
                arm = Arm(f"plain_{decision.key}", value=tau)
                own.setdefault(arm, evaluation.predicted.copy())[rows] = decision(probabilities)
        for arm, answered in own.items():
            answers.setdefault(arm, []).append(answered)
    return answers


def _halves(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two halves of the rows with equal class shares."""
    by_class = np.argsort(labels, kind="stable")
    return by_class[::2], by_class[1::2]


def _averaged(judged: list[Judgement]) -> dict[Arm, list[NDArray[np.int64]]]:
    """Predictions of the mean of two or more runs, for every choice of runs."""
    probabilities = [judgement.evaluation.probabilities for judgement in judged]
    return {
        Arm("models", value=size): [
            np.mean(chosen, 0).argmax(1)
            for chosen in itertools.islice(itertools.combinations(probabilities, size), MOST_ENSEMBLES)
        ]
        for size in range(2, len(judged) + 1)
    }


def _result(result: ArmResult, runs: list[Run], place: Path) -> ArmResult:
    """The result with folders, epochs, minutes and curve of its runs."""
    histories = [one.history for one in runs]
    shortest = min((len(history) for history in histories), default=0)
    return replace(
        result,
        runs=tuple(str(one.folder.relative_to(place)) for one in runs),
        epochs=tuple(len(history) for history in histories),
        minutes=tuple(sum(row.seconds for row in history) / 60 for history in histories),
        curve=tuple(float(np.mean([h[epoch].valid_accuracy for h in histories])) for epoch in range(shortest)),
    )
