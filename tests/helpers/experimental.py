"""Results of experiments, made up: a study of three arms, and a search of five trials."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

import records
from mien.data.faceset import FaceSet
from mien.data.source import ReadingRecord
from mien.evaluation.comparison import Comparison
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.metrics import SCORES, Score
from mien.experiments.arms import Arm
from mien.experiments.crossval import Crossvalidated
from mien.experiments.results import (
    ArmAnswers,
    ArmResult,
    CrossvalResult,
    FoldResult,
    StudyResult,
    SweepResult,
    TrialResult,
)

SPACE = ("learning_rate=0.01..0.3:log", "batch_size=32..128", "network=tiny|base")


def study(accuracy: float = 0.55, *, seeds: int = 3, family: tuple[float, float] = (-0.01, 0.05)) -> StudyResult:
    """A study of three arms, each 2 points better than the first, with the interval of all at once that is given."""

    def arm(key: str, is_first: bool = False) -> ArmResult:
        mean = dict.fromkeys(SCORES, accuracy if is_first else accuracy + 0.02)
        compared = Comparison(
            scores=(mean,) * seeds,
            mean=mean,
            sd=dict.fromkeys(SCORES, 0.001) if seeds > 1 else None,
            difference=None if is_first else dict.fromkeys(SCORES, (0.02, 0.005, 0.035)),
            family=None if is_first else dict.fromkeys(SCORES, family),
        )
        epochs, minutes = (3,) * seeds, (1.0,) * seeds
        return ArmResult(Arm(key), True, compared, epochs=epochs, minutes=minutes, curve=(0.4, 0.5, 0.55))

    return StudyResult(
        study="augmentation",
        common=records.common(),
        seeds=tuple(range(seeds)),
        split="test",
        n=1000,
        majority=0.25,
        mien="0",
        arms=(arm("none", is_first=True), arm("flip_alone"), arm("all")),
    )


def with_answers(result: StudyResult) -> StudyResult:
    """The same with forty faces of two classes; each arm has five errors fewer than the one before it, from fifteen on."""
    labels = np.arange(40) % 2
    faces = FaceSet.from_arrays(np.full((40, 8, 8), 90, np.uint8), labels, ("happy", "sad"))
    predicted = {
        one.arm: np.where(np.arange(40) < 15 - 5 * number, 1 - labels, labels) for number, one in enumerate(result.arms)
    }
    confidence = {one.arm: np.linspace(0.5, 1, 40, dtype=np.float32) for one in result.arms}
    return replace(result, answers=ArmAnswers(faces, labels, faces.classes, predicted, confidence))


def trial(
    number: int,
    state: Literal["finished", "stopped", "failed"],
    curve: tuple[float, ...],
    learning_rate: float,
    batch_size: int,
    network: str,
) -> TrialResult:
    values: dict[str, float | str] = {"learning_rate": learning_rate, "batch_size": batch_size, "network": network}
    return TrialResult(
        number=number,
        run=f"runs/{number}",
        values=values,
        settings=tuple(f"{field}={value}" for field, value in values.items()),
        state=state,
        reason="",
        accuracy=max(curve, default=0.0),
        minutes=1.5,
        curve=curve,
    )


def sweep() -> SweepResult:
    """Five trials of three fields: the third is best, the second was stopped, the fourth failed."""
    return SweepResult(
        common=records.common("tiny", settings=("epochs=4",)),
        space=SPACE,
        epochs=4,
        halts=(1, 2),
        seed=7,
        n=100,
        versions={"mien": "0", "ray": "1"},
        trials=(
            trial(1, "finished", (0.2, 0.3, 0.5, 0.6), 0.1, 128, "tiny"),
            trial(2, "stopped", (0.1,), 0.011, 32, "base"),
            trial(3, "finished", (0.3, 0.4, 0.6, 0.65), 0.05, 64, "base"),
            trial(4, "failed", (), 0.29, 64, "base"),
            trial(5, "finished", (0.3, 0.3, 0.4, 0.45), 0.02, 64, "base"),
        ),
        best=3,
        as_it_is=1,
    )


def crossvalidated(num_folds: int = 3, persons: int | None = 12, accuracy: float = 0.7) -> Crossvalidated:
    """A cross-validation of sixty blank faces of three classes."""
    labels = np.arange(60) % 3
    answers = np.where(np.arange(60) < 60 * accuracy, labels, (labels + 1) % 3)
    faces = FaceSet.from_arrays(np.zeros((60, 8, 8), np.uint8), labels, ("angry", "happy", "sad"))
    evaluation = Evaluation.from_predictions(labels, np.eye(3)[answers] * 0.7 + 0.1, faces.classes)
    score = Score(accuracy, accuracy - 0.1, accuracy + 0.1)
    folds = tuple(
        FoldResult(number, 60 // num_folds, persons, 40, number / 100, 0.5, 0.5, 0.9, f"runs/{number}/model.onnx")
        for number in range(1, num_folds + 1)
    )
    keys = ("accuracy", "macro_f1", "balanced_accuracy", "worst_recall", "log_loss", "calibration_error")
    result = CrossvalResult(
        method="init",
        model="base",
        model_hash="ab" * 32,
        recipe="finetune",
        settings=("epochs=3",),
        data="clinic",
        data_hash="cd" * 32,
        read=ReadingRecord(),
        seed=0,
        by="pictures" if persons is None else "persons",
        persons=persons,
        n=60,
        unlabelled=4,
        majority=1 / 3,
        classes=evaluation.classes,
        confusion=tuple(map(tuple, evaluation.confusion.tolist())),
        scores=dict.fromkeys(keys, score),
        folds=folds,
        mien="0",
        predictions="predictions.csv",
    )
    return Crossvalidated(result, evaluation, faces)
