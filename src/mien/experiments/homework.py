"""The course homework: a network, three techniques with and without, its errors, its class shares, and predictions.

All trainings are planned before the first one begins, and the plan is kept in ``plan.json``, so a homework that was stopped resumes
where it was. The folder holds::

    sample.parquet  some of the faces, if a sample was asked for
    plan.json       recipe, seeds and epochs, and what they were chosen for
    audit.json      counts of the data, copies and leakage
    runs/           a run folder for each different training
    augmentation.json, early-stopping.json, ensemble.json, imbalance.json
    model.onnx      the ensemble of the runs with every technique
    predictions.csv what it predicts for the test set
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from mien import files, recipes, typed_json
from mien.auditing import brief
from mien.auditing.brief import BriefAudit
from mien.checks import Between, check_fields, checked
from mien.data.faceset import UNLABELLED, FaceSet
from mien.data.reading import DEFAULT, ReadOptions
from mien.errors import ArgumentError, OutputError
from mien.evaluation.evaluation import Evaluation, WithEvaluation
from mien.evaluation.holdout import HOLD_OUT
from mien.evaluation.judge import Judgement, default_split, judge
from mien.experiments import budget, homework_data
from mien.experiments.arms import STUDIES, Arm
from mien.experiments.budget import Timing
from mien.experiments.results import StudyResult
from mien.experiments.studies import Judged, Study, Trainings
from mien.inference import datasets, submission
from mien.inference.classifier import Classifier
from mien.inference.submission import Submission
from mien.progress import SILENT, Once, Progress
from mien.recipes import Recipe
from mien.run import Run
from mien.run_record import AUTO, Hardware
from mien.training import devices, ensemble
from mien.training.task import Task, TrainAll
from mien.words import counted

HELD_OUT = 0.12
"""Share of the training rows that is held out at least where nothing else judges; the course report's own."""

ARMS = {
    "augmentation": ("none", "all"),
    "early-stopping": ("last_epoch", "patience"),
    "ensemble": ("models",),
    "imbalance": ("plain", "class_weights", "balanced_sampling"),
}
"""The arms of each study, beside the recipe as it is."""


PLAIN = Arm("plain")
"""The recipe as it is: with every technique."""


@dataclass(frozen=True)
class Options:
    """What a homework is asked for.

    Attributes:
        recipe: the recipe; None takes the best that fits the minutes.
        minutes: of all work.
        epochs: of each training; 0 takes as many as fit the minutes.
        num_seeds: runs of each arm; 0 takes as many as fit the minutes.
        reading: how the data is read.
        hardware: on what to train.
        sample: a sample of the competition's submission; None takes one beside the test set.
        most_faces: labelled faces; of more, a random sample is taken. 0 takes all.
    """

    recipe: Recipe | None = None
    minutes: Annotated[float, Between(0.1, 100_000)] = 30.0
    epochs: Annotated[int, Between(0, 100_000)] = 0
    num_seeds: Annotated[int, Between(0, 100)] = 0
    reading: ReadOptions = DEFAULT
    hardware: Hardware = AUTO
    sample: Path | None = None
    most_faces: Annotated[int, Between(0, 1_000_000_000)] = 0

    def __post_init__(self) -> None:
        check_fields(self, ArgumentError)
        if self.num_seeds == 1:
            raise ArgumentError("An ensemble takes two seeds or more: raise --seeds.")


@dataclass(frozen=True)
class Asked:
    """What a plan was made for; the same again resumes it.

    Attributes:
        data, test: content hashes; of no test set, empty.
        recipe: the recipe; None where it was to be chosen.
        minutes, epochs, num_seeds: as in ``Options``.
    """

    data: str
    test: str
    recipe: Recipe | None
    minutes: float
    epochs: int
    num_seeds: int


@dataclass(frozen=True)
class Plan:
    """The content of ``plan.json``.

    Attributes:
        asked: what it was made for.
        recipe: the recipe of all trainings, with its epochs.
        num_seeds: runs of each arm.
        timings: of the recipes that were timed; none where nothing was to be chosen.
    """

    asked: Asked
    recipe: Recipe
    num_seeds: int
    timings: tuple[Timing, ...]


@dataclass(frozen=True, eq=False)
class Homework(WithEvaluation, kind="homework"):
    """The result of a homework; ``to_frame`` has a row for each run of each study.

    Attributes:
        folder: where it is.
        plan: what was trained.
        audit: of the data.
        run: the first run with every technique.
        single: the model of that run, judged.
        model_file: the ensemble of the runs with every technique.
        judgement: the ensemble, judged on the same rows.
        studies: results by the name of the study.
        submission: what was predicted; None where there is no test set.
        sampled_from: labelled faces of the data of which a sample was used; 0 where all were.
    """

    folder: Path
    plan: Plan
    audit: BriefAudit
    run: Run
    single: Judgement
    model_file: Path
    judgement: Judgement
    studies: Mapping[str, StudyResult]
    submission: Submission | None
    sampled_from: int = 0

    @property
    def page(self) -> Path:
        """Where its page goes."""
        return self.folder / "homework.html"

    @property
    def evaluation(self) -> Evaluation:
        """The scores of the ensemble."""
        return self.judgement.evaluation

    def to_dict(self) -> dict[str, Any]:
        """Where things are, and the main figures, for JSON."""
        scores = self.evaluation.scores
        return {
            "page": str(self.page),
            "model": str(self.model_file),
            "predictions": None if self.submission is None else self.submission.submission,
            "recipe": self.plan.recipe.name,
            "epochs": self.plan.recipe.epochs,
            "seeds": self.plan.num_seeds,
            "split": self.judgement.record.split,
            "n": len(self.evaluation),
            **{name: {"value": score.value, "interval": [score.low, score.high]} for name, score in scores.items()},
            "single_accuracy": self.single.evaluation.accuracy,
            "differences": {
                name: {str(arm.arm): arm.compared.difference for arm in result.arms if arm.compared.difference}
                for name, result in self.studies.items()
            },
            "runs": str(self.folder / "runs"),
        }


@checked
def run(
    data: str | os.PathLike[str],
    test: str | os.PathLike[str] | None,
    out: str | os.PathLike[str],
    options: Options,
    *,
    train_all: TrainAll | None = None,
    progress: Progress = SILENT,
) -> Homework:
    """Do the homework, or go on with one that was stopped.

    Args:
        data: a path that ``datasets.read`` knows.
        test: the test set; None where there is none, or where the data has it.
        out: the folder to make, or to go on with.
        options: what is asked for.
        train_all: runs the trainings; None trains one after the other in this process.
        progress: receives messages and counts of the work.

    Raises:
        MienError: the data, the recipe or the folder don't fit; trainings that were finished are kept.
    """
    faceset = datasets.read(data, options.reading)
    once = Once(progress, without="mien train --resume")  # each training has the same notes on the data
    for note in faceset.source.messages:
        once.line(f"note: {note}")
    folder = Path(out)
    homework_data.check_folder(folder)
    tested = None if test is None else homework_data.as_test(datasets.read(test, options.reading), faceset)
    num_labelled, sampled_from = int((faceset.labels != UNLABELLED).sum()), 0
    if options.most_faces and num_labelled > options.most_faces:
        data, faceset = homework_data.sampled(faceset, folder, options.most_faces, progress)
        options, sampled_from = dataclasses.replace(options, reading=faceset.source.options), num_labelled
    homework_data.check_test(tested, faceset, options.recipe, once)
    plan = _plan(folder, faceset, tested, options, progress)
    audit = _audit(folder, faceset, tested, progress)
    common = Trainings(Path(data), faceset, plan.recipe, folder, plan.num_seeds, options.reading, options.hardware)
    judged = _judged(common, tested)
    tasks = common.tasks(_every_arm(plan.recipe))
    runs = _train(tasks, once) if train_all is None else train_all(tasks)
    trained = dict(zip((task.folder for task in tasks), runs, strict=True))
    progress.line("judging")
    results = {name: Study(name, arms, common, judged).result(trained) for name, arms in arms_of(plan.recipe).items()}
    for name, result in results.items():
        files.write_json(folder / f"{name}.json", typed_json.to_json(result))
    mains = [trained[common.task(PLAIN, seed).folder] for seed in common.seeds]
    model_file = folder / "model.onnx"
    if not model_file.is_file():
        ensemble.build(mains, model_file)
    classifier = Classifier.load(model_file)
    return Homework(
        folder=folder,
        plan=plan,
        audit=audit,
        run=mains[0],
        single=judged.judge(mains[0]),
        model_file=model_file,
        judgement=judge(classifier, judged.faceset, judged.split),
        studies=results,
        submission=_submit(classifier, faceset, tested, folder, options),
        sampled_from=sampled_from,
    )


def _judged(common: Trainings, tested: FaceSet | None) -> Judged:
    """The rows that judge: those of the test set if it has labels, otherwise those of the data."""
    if tested is None or not homework_data.has_labels(tested):
        return Judged.of(common, None)
    return Judged(tested, "test")


def arms_of(recipe: Recipe) -> dict[str, tuple[Arm, ...]]:
    """The arms of each study for a recipe: those in ``ARMS``, and those that leave the recipe as it is."""
    return {
        name: tuple(
            arm
            for arm in STUDIES[name](recipe, False)
            if arm.key in keys or recipes.changed(recipe, arm.settings) == recipe
        )
        for name, keys in ARMS.items()
    }


def _every_arm(recipe: Recipe) -> list[Arm]:
    return [arm for arms in arms_of(recipe).values() for arm in arms]


def _plan(folder: Path, faceset: FaceSet, tested: FaceSet | None, options: Options, progress: Progress) -> Plan:
    """The plan that the folder holds, or a new one.

    Raises:
        OutputError: the folder holds something else, or the plan of another homework.
        RecipeError: the minutes don't suffice.
    """
    asked = Asked(
        data=faceset.hash,
        test="" if tested is None else tested.hash,
        recipe=options.recipe,
        minutes=options.minutes,
        epochs=options.epochs,
        num_seeds=options.num_seeds,
    )
    place = folder / homework_data.PLAN
    if place.is_file():
        try:
            known = typed_json.parse(place.read_text(encoding="utf-8"), Plan)
        except (ValueError, OSError) as error:
            raise OutputError(
                f"'{place}' is damaged ({error}): remove it, or name another folder with --out."
            ) from None
        if known.asked != asked:
            raise OutputError(
                f"'{folder}' holds a homework of other data or settings: name another folder with --out, or remove it."
            )
        return known
    judges_itself = tested is None or not homework_data.has_labels(tested)
    plan = _new_plan(asked, faceset, judges_itself, options, progress)
    folder.mkdir(parents=True, exist_ok=True)
    files.write_json(place, typed_json.to_json(plan))
    return plan


def _new_plan(asked: Asked, faceset: FaceSet, judges_itself: bool, options: Options, progress: Progress) -> Plan:
    device = devices.pick(options.hardware.device).type
    candidates = (options.recipe,) if options.recipe else budget.candidates(device)
    if judges_itself and _judges_hold_out(faceset):
        candidates = tuple(dataclasses.replace(one, hold_out=max(HELD_OUT, one.hold_out)) for one in candidates)
    seeds = (options.num_seeds,) if options.num_seeds else budget.SEEDS
    timings: list[Timing] = []

    def timed(recipe: Recipe) -> Timing:
        timings.append(budget.timing(recipe, faceset, options.hardware, progress))
        return timings[-1]

    def num_arms(recipe: Recipe) -> int:
        common = Trainings(Path(), faceset, recipe, Path(), 1)
        return len(common.tasks(_every_arm(recipe)))

    if options.epochs and options.recipe:
        return Plan(asked, dataclasses.replace(candidates[0], epochs=options.epochs), seeds[0], ())
    if options.epochs:
        candidates = tuple(dataclasses.replace(one, epochs=options.epochs) for one in candidates)
    found = budget.fit(candidates, num_arms, options.minutes, timed, seeds)
    trainings, epochs = num_arms(found.recipe) * found.num_seeds, found.recipe.epochs
    progress.line(
        f"{counted(trainings, 'training')} of the recipe {found.recipe.name}, {counted(epochs, 'epoch')} each: "
        f"about {found.timing.minutes(trainings, epochs):.0f} minutes"
    )
    return Plan(asked, found.recipe, found.num_seeds, tuple(timings))


def _judges_hold_out(faceset: FaceSet) -> bool:
    return default_split(faceset, has_hold_out=True) == HOLD_OUT


def _audit(folder: Path, faceset: FaceSet, tested: FaceSet | None, progress: Progress) -> BriefAudit:
    """The audit that the folder holds, or a new one: looking for near copies takes a minute for 30,000 faces."""
    place = folder / "audit.json"
    if place.is_file():
        with contextlib.suppress(ValueError):  # damaged: it is counted again
            return typed_json.parse(place.read_text(encoding="utf-8"), BriefAudit)
    progress.line("looking for copies")
    audit = brief.audit(faceset, tested)
    files.write_json(place, typed_json.to_json(audit))
    return audit


def _train(tasks: Sequence[Task], progress: Progress) -> list[Run]:
    """Do the trainings one after the other, and say how long the others take; finished ones are kept."""
    missing = [task for task in tasks if not task.done]
    runs, started, num_trained = [], time.monotonic(), 0
    for number, task in enumerate(tasks, 1):
        if not task.done:
            each = (time.monotonic() - started) / 60 / max(1, num_trained)
            minutes = max(1, round(each * (len(missing) - num_trained)))
            left = f", about {counted(minutes, 'minute')} left" if num_trained else ""
            progress.line(f"training {number} of {len(tasks)}: {task.title}{left}")
            num_trained += 1
        runs.append(task.do(progress))
    return runs


def _submit(
    classifier: Classifier, faceset: FaceSet, tested: FaceSet | None, folder: Path, options: Options
) -> Submission | None:
    """Predict the test set, or the rows of the data's own split ``test`` that have no label."""
    if tested is None and ("test" not in faceset.split_names or homework_data.has_labels(faceset.split("test"))):
        return None
    rows = faceset if tested is None else tested
    return submission.write(classifier, rows, folder / "predictions.csv", sample=options.sample)
