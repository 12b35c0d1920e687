"""Studies (ablations): the same training with and without a technique, over several seeds, evaluated on the same rows.

An arm is a recipe with some settings changed; the first arm is the reference. All arms of a study have the same data, hold-out,
epochs and seeds. The study's folder has one run folder for each different training, so that an arm shared by two studies is
trained once, and a stopped study resumes.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Self

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
from mien.experiments.arms import STUDIES, Arm
from mien.experiments.results import ArmAnswers, ArmResult, Common, StudyResult
from mien.inference import datasets
from mien.inference.classifier import Classifier
from mien.progress import SILENT, Progress
from mien.recipes import Recipe
from mien.run import Run
from mien.run_record import AUTO, Hardware
from mien.training import division
from mien.training.task import Task, TrainAll, folder_name, one_by_one

MOST_ENSEMBLES = 20
"""Maximum number of ensembles of one size that are scored."""


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
    for note in faceset.source.messages:
        progress.line(f"note: {note}")
    common = Trainings(Path(data), faceset, recipe, Path(out), num_seeds, reading, hardware)
    judged = Judged.of(common, split)
    study = Study(name, tuple(STUDIES[name](recipe, faceset.votes is not None)), common, judged)
    once = common.tasks(study.arms)
    result = study.result(dict(zip((task.folder for task in once), train_all(once), strict=True)))
    files.write_json(common.out / f"{name}.json", typed_json.to_json(result))
    return result


@dataclass(frozen=True, eq=False)
class Trainings:
    """The trainings that the arms of one or several studies take.

    Attributes:
        data: the path of the data.
        faceset: the data.
        recipe: what all arms start from; its seed is the first one.
        out: the folder of results, with the run folders below ``runs``.
        num_seeds: runs of each arm.
        reading: how the data is read.
        hardware: on what to train.
    """

    data: Path
    faceset: FaceSet
    recipe: Recipe
    out: Path
    num_seeds: int
    reading: ReadOptions = DEFAULT
    hardware: Hardware = AUTO

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of the runs of each arm."""
        return tuple(range(self.recipe.seed, self.recipe.seed + self.num_seeds))

    def task(self, arm: Arm, seed: int) -> Task:
        """The training of an arm with a seed; two arms may share one."""
        wanted = dataclasses.replace(recipes.changed(self.recipe, arm.settings), seed=seed)
        folder = (
            self.out.absolute() / "runs" / folder_name(self.faceset, wanted)
        )  # other processes may have another working directory
        title = f"{arm}, seed {seed}"
        return Task(title, self.data.absolute(), wanted, folder, self.hardware, reading=self.reading)

    def tasks(self, arms: Sequence[Arm]) -> list[Task]:
        """Each different training of some arms once, seed by seed."""
        every = (self.task(arm, seed) for seed, arm in itertools.product(self.seeds, arms))
        return list({task.folder: task for task in every}.values())


@dataclass(frozen=True, eq=False)
class Judged:
    """The rows on which arms are judged.

    Attributes:
        faceset: the data that has them.
        split: its rows: a split, ``"all"``, or ``"hold_out"`` for those that the trainings held out.
    """

    faceset: FaceSet
    split: str
    _known: dict[Path, Judgement] = field(default_factory=dict, repr=False)  # arms share runs

    def judge(self, run: Run) -> Judgement:
        """Judge the model of a run on these rows."""
        if run.folder not in self._known:
            self._known[run.folder] = judge(Classifier.load(run.model_file), self.faceset, self.split)
        return self._known[run.folder]

    @classmethod
    def of(cls, trainings: Trainings, split: str | None) -> Self:
        """Rows of the data that is trained on; None takes its test split, or the hold-out where there is none.

        Raises:
            DataError: the data can't be divided so, or no row of the split has a label; better missed now than after an hour.
        """
        division.divide(trainings.faceset, trainings.recipe)
        split = split or default_split(trainings.faceset, has_hold_out=True)
        if split != HOLD_OUT:
            labelled_rows(trainings.faceset, split)
        return cls(trainings.faceset, split)


@dataclass(frozen=True, eq=False)
class Study:
    """A study that is planned.

    Attributes:
        name: a key of ``STUDIES``.
        arms: the others are compared with the first.
        trainings: what its arms take.
        judged: where they are judged.
    """

    name: str
    arms: tuple[Arm, ...]
    trainings: Trainings
    judged: Judged

    def result(self, trained: Mapping[Path, Run]) -> StudyResult:
        """Judge the arms and compare them.

        Args:
            trained: the run of each training, by its task's folder.

        Raises:
            MienError: a run is damaged, or the judged rows don't fit.
        """
        common, place = self.trainings, self.trainings.out.absolute()
        runs = {arm: [trained[common.task(arm, seed).folder] for seed in common.seeds] for arm in self.arms}
        judged = {arm: [self.judged.judge(one) for one in own] for arm, own in runs.items()}
        some = judged[self.arms[0]][0]
        answers = _answers(self.name, common.faceset, runs, judged)
        return StudyResult(
            study=self.name,
            common=Common.of(common.recipe, common.faceset, runs[self.arms[0]][0]),
            seeds=common.seeds,
            split=some.record.split,
            n=len(some.evaluation),
            majority=float(some.evaluation.support.max() / len(some.evaluation)),
            mien=mien.__version__,
            arms=tuple(_results(self.name, runs, some, answers, place)),
            answers=ArmAnswers(
                faces=some.faces,
                labels=some.evaluation.labels,
                classes=some.evaluation.classes,
                predicted={arm: own[0] for arm, own in answers.items()},
                confidence={arm: own[0].evaluation.probabilities.max(1) for arm, own in judged.items()},
            ),
        )


Predictions = dict[Arm, list[NDArray[np.int64]]]
"""The predictions of each run of each arm."""


def _answers(
    name: str, faceset: FaceSet, runs: dict[Arm, list[Run]], judged: dict[Arm, list[Judgement]]
) -> Predictions:
    """The predictions of the arms, including those that differ only in the decision rule."""
    first = next(iter(runs))
    answers = {arm: [judgement.evaluation.predicted for judgement in own] for arm, own in judged.items()}
    if name == "imbalance":
        answers |= _decided(faceset, runs[first], judged[first])
    if name == "ensemble":
        answers |= _averaged(judged[first])
    return answers


def _results(
    name: str, runs: dict[Arm, list[Run]], some: Judgement, answers: Predictions, place: Path
) -> list[ArmResult]:
    """The results of the arms; ``some`` is the judgement of one of their runs."""
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


def _decided(faceset: FaceSet, runs: list[Run], judged: list[Judgement]) -> Predictions:
    """Predictions of the plain runs by decision rules other than argmax, fitted on their hold-outs."""
    answers: Predictions = {}
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


def _averaged(judged: list[Judgement]) -> Predictions:
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
