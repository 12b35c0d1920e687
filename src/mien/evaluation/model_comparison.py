"""Models compared on the same rows: paired differences with intervals, McNemar's exact test, and the rows that only one predicts correctly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

import mien
from mien import emotions, typed_json
from mien.checks import no_such
from mien.data import identity
from mien.data.faceset import FaceSet
from mien.data.source import ReadingRecord
from mien.display import Paged
from mien.errors import ArgumentError, DataError
from mien.evaluation import answers, comparison, holdout, metrics, prediction_files, resampling, significance
from mien.evaluation.answers import Answers
from mien.evaluation.holdout import HOLD_OUT
from mien.evaluation.judge import default_split, labelled_rows, num_unlabelled
from mien.evaluation.metrics import Score
from mien.inference.classifier import Classifier
from mien.progress import SILENT, Progress
from mien.run import Run

if TYPE_CHECKING:
    from mien.display import Axes

LOG_LOSS = "log_loss"


@dataclass(frozen=True)
class ModelScores:
    """The scores of one of the compared models.

    Attributes:
        name, kind, sha256: as in ``Answers``.
        scores: by the names in ``metrics.SCORES``, with 95% intervals; ``log_loss`` too where it has probabilities.
        learned: judged faces that it was trained on, pixel for pixel; None where that isn't known.
    """

    name: str
    kind: Literal["model", "predictions"]
    sha256: str
    scores: Mapping[str, Score]
    learned: int | None


@dataclass(frozen=True)
class ChangedRow:
    """A row that only one model of a pair predicts correctly.

    Attributes:
        row: its place among the compared rows.
        name, label: of the row.
        first, other: what the two models answer.
    """

    row: int
    name: str
    label: str
    first: str
    other: str

    @property
    def is_gained(self) -> bool:
        """Whether the other model is right, not the first."""
        return self.other == self.label


@dataclass(frozen=True)
class Pair:
    """A model compared with the first.

    Attributes:
        first, other: the names of the two.
        differences: other minus first, of each score, with 95% intervals; ``log_loss`` where both have probabilities.
        both_right, only_first, only_other, both_wrong: how many rows.
        p_value: of McNemar's exact test.
        p_holm: the same, corrected for the number of pairs (Holm).
        confusion: ``(K, K)`` counts, other minus first: true class by row, answer by column.
        changed: the rows that only one of the two predicts correctly.
    """

    first: str
    other: str
    differences: Mapping[str, Score]
    both_right: int
    only_first: int
    only_other: int
    both_wrong: int
    p_value: float
    p_holm: float
    confusion: tuple[tuple[int, ...], ...]
    changed: tuple[ChangedRow, ...]


@dataclass(frozen=True)
class ComparisonRecord:
    """What was compared on what.

    Attributes:
        mien: version.
        data, data_hash, read: the data, and how it was read.
        split: its rows that were judged.
        rows_hash: of these.
        n: how many.
        persons: how many persons they show, which are drawn as a whole for the intervals; None where rows are drawn.
        flip: whether models average each face with its mirror image.
        classes: of the confusion matrices.
        unlabelled: rows of the split without a label, which were left out.
    """

    mien: str
    data: str
    data_hash: str
    read: ReadingRecord
    split: str
    rows_hash: str
    n: int
    persons: int | None
    flip: bool
    classes: tuple[str, ...]
    unlabelled: int


@dataclass(frozen=True, eq=False)
class ModelComparison(Paged, kind="comparison"):
    """The result of ``compare``; ``to_frame`` has a row for each model.

    Attributes:
        record: what was compared on what.
        models: in the order given; the others are compared with the first.
        pairs: each of the others with the first.
        faces: the compared rows.
        labels: ``(N,)`` their labels, as places in ``record.classes``.
        predicted: ``(N,)`` the answers of each model, as places in ``record.classes``.
        confidence: ``(N,)`` the largest probability of each; None for a model without probabilities.
    """

    record: ComparisonRecord
    models: tuple[ModelScores, ...]
    pairs: tuple[Pair, ...]
    faces: FaceSet
    labels: NDArray[np.int64]
    predicted: Mapping[str, NDArray[np.int64]]
    confidence: Mapping[str, NDArray[np.float32] | None]

    def to_dict(self) -> dict[str, Any]:
        """Everything but the rows, fit for JSON."""
        return {
            **typed_json.to_json(self.record),
            "models": typed_json.to_json(self.models),
            "pairs": typed_json.to_json(self.pairs),
        }

    def pair(self, other: str | None = None) -> Pair:
        """The comparison of a model with the first.

        Args:
            other: name of the model; None takes the second.

        Raises:
            ArgumentError: there is no such model, or it is the first.
        """
        found = {pair.other: pair for pair in self.pairs}
        if other is not None and other not in found:
            raise ArgumentError(no_such(f"model compared with {self.models[0].name}", other, found))
        return self.pairs[0] if other is None else found[other]

    def plot_differences(self, ax: Axes | None = None, *, other: str | None = None) -> Axes:
        """Draw the differences of a model's scores from those of the first, with their intervals.

        Args:
            ax: where to draw; None makes a new figure outside pyplot.
            other: name of the model; None takes the second.
        """
        return self._plot("differences", ax, other=other)

    def plot_confusion(self, ax: Axes | None = None, *, other: str | None = None) -> Axes:
        """Draw the confusion matrix of a model minus that of the first; arguments as for ``plot_differences``."""
        return self._plot("confusion", ax, other=other)


def compare(
    models: Sequence[str],
    faceset: FaceSet,
    split: str | None = None,
    *,
    flip: bool = False,
    progress: Progress = SILENT,
) -> ModelComparison:
    """Compare models on the same rows.

    Args:
        models: two or more: names of pretrained models, model files, run folders, or tables of predictions (see
            ``prediction_files.read``). The others are compared with the first.
        faceset: the data.
        split: the split to judge on; ``"hold_out"`` takes the rows that all models trained on this data held out. None takes labelled
            test rows, else those held-out rows, else all.
        flip: average each face with its mirror image; of no effect on tables of predictions.
        progress: receives messages and counts of the work.

    Raises:
        ArgumentError: there are fewer than two models.
        DataError: a model is given twice, the rows can't be determined, or predictions or classes don't fit them.
        ModelFileError, RunError: a model can't be loaded.
    """
    if len(models) < 2:
        raise ArgumentError("A comparison takes two models or more: name them before the data.")
    if twice := [name for index, name in enumerate(models) if _place(name) in map(_place, models[:index])]:
        raise DataError(f"'{twice[0]}' is given twice: compare different models.")
    classifiers = {
        name: Classifier.load(_place(name)) for name in models if not prediction_files.is_prediction_file(name)
    }
    split, rows = _rows(list(classifiers.values()), faceset, split)
    read: dict[str, Answers] = {}
    for name in sorted(models, key=lambda name: name in classifiers):  # tables first, which may be refused
        progress.line(f"{len(read) + 1}/{len(models)}: {name}")
        read[name] = answers.read(name, classifiers.get(name), faceset, rows, split, flip=flip)
    found = [read[name] for name in models]
    for index, one in enumerate(found):
        if same := [other.name for other in found[:index] if other.sha256 == one.sha256]:
            raise DataError(f"'{one.name}' and '{same[0]}' are the same file: compare different models.")
    return _compared(found, faceset, rows, split, flip)


def _place(name: str) -> str:
    """The file of a model: that of a run folder, or the one named; a pretrained model's name stays."""
    path = Path(name)
    if path.is_dir():
        path = Run.open(path).model_file
    return str(path.resolve()) if path.exists() else name


def _rows(classifiers: Sequence[Classifier], faceset: FaceSet, split: str | None) -> tuple[str, FaceSet]:
    """The rows to compare on, and what they are called."""
    divisions = {one.name: found for one in classifiers if (found := holdout.divided_or_none(one, faceset))}
    split = split or default_split(faceset, has_hold_out=bool(divisions))
    if split != HOLD_OUT or not divisions:
        return split, labelled_rows(faceset, split)
    first, *others = (valid for _, valid in divisions.values())
    for other in others:
        first = first.select(identity.are_in(first.images, other.images))
    if not len(first):
        raise DataError(f"No row was held out by all of {', '.join(divisions)}: name a split of the data instead.")
    return split, first


@dataclass(frozen=True, eq=False)
class _Rows:
    """The compared rows and the answers for them, all with places in one list of classes."""

    faces: FaceSet
    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    clusters: NDArray[np.int64] | None
    answers: Mapping[str, NDArray[np.int64]]
    losses: Mapping[str, NDArray[np.float64] | None]

    @classmethod
    def of(cls, found: Sequence[Answers], faces: FaceSet) -> _Rows:
        """Put answers and labels into the classes that any of them has."""
        classes = emotions.in_order({*faces.classes, *(name for one in found for name in one.classes)})
        labels = np.array([classes.index(name) for name in faces.classes], np.int64)[faces.labels]
        return cls(
            faces,
            classes,
            labels,
            resampling.person_clusters(faces.subjects),
            {one.name: one.among(classes) for one in found},
            {one.name: one.losses(labels, classes) for one in found},
        )

    def right(self, name: str) -> NDArray[np.bool_]:
        """``(N,)`` which rows a model predicts correctly."""
        right: NDArray[np.bool_] = self.answers[name] == self.labels
        return right

    def matrix(self, name: str) -> NDArray[np.int64]:
        """``(K, K)`` the confusion matrix of a model."""
        num = len(self.classes)
        matrix: NDArray[np.int64] = metrics.confusions((self.labels * num + self.answers[name])[None], num)[0]
        return matrix


def _compared(found: Sequence[Answers], faceset: FaceSet, faces: FaceSet, split: str, flip: bool) -> ModelComparison:
    rows = _Rows.of(found, faces)
    record = ComparisonRecord(
        mien=mien.__version__,
        data=faceset.source.path,
        data_hash=faceset.hash,
        read=faceset.source.reading(),
        split=split,
        rows_hash=faces.hash,
        n=len(faces),
        persons=None if rows.clusters is None else int(rows.clusters.max()) + 1,
        flip=flip,
        classes=rows.classes,
        unlabelled=num_unlabelled(faceset, split),
    )
    scores = tuple(_scores(one, rows) for one in found)
    confidence = {one.name: None if one.probabilities is None else one.probabilities.max(1) for one in found}
    return ModelComparison(record, scores, _pairs(rows), faces, rows.labels, rows.answers, confidence)


def _scores(one: Answers, rows: _Rows) -> ModelScores:
    scores = dict(resampling.scores(rows.labels, rows.answers[one.name], len(rows.classes), clusters=rows.clusters))
    losses, copies = rows.losses[one.name], one.record and one.record.copies_of_train
    if losses is not None:
        scores[LOG_LOSS] = resampling.mean(losses, clusters=rows.clusters)
    return ModelScores(one.name, one.kind, one.sha256, scores, copies.learned if copies else None)


def _pairs(rows: _Rows) -> tuple[Pair, ...]:
    """Each model but the first, compared with the first."""
    first, *others = rows.answers
    runs = {name: [own] for name, own in rows.answers.items()}
    compared = comparison.compare(rows.labels, runs, len(rows.classes), clusters=rows.clusters)
    counts = [_counts(rows.right(first), rows.right(name)) for name in others]
    p_values = [significance.mcnemar(only_first, only_other) for _, only_first, only_other, _ in counts]
    corrected = significance.holm(p_values)
    return tuple(
        Pair(
            first,
            other,
            _differences(rows, first, other, compared[other].difference or {}),
            *counts[index],
            p_values[index],
            corrected[index],
            tuple(map(tuple, (rows.matrix(other) - rows.matrix(first)).tolist())),
            _changed(rows, first, other),
        )
        for index, other in enumerate(others)
    )


def _differences(rows: _Rows, first: str, other: str, compared: Mapping[str, tuple[float, ...]]) -> Mapping[str, Score]:
    differences = {key: Score(*ends) for key, ends in compared.items()}
    own, base = rows.losses[other], rows.losses[first]
    if own is not None and base is not None:
        differences[LOG_LOSS] = resampling.mean(own - base, clusters=rows.clusters)
    return differences


def _counts(first: NDArray[np.bool_], other: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """How many rows both, only the first, only the other, and neither predicts correctly."""
    parts = (first & other, first & ~other, ~first & other, ~first & ~other)
    both, only_first, only_other, neither = (int(part.sum()) for part in parts)
    return both, only_first, only_other, neither


def _changed(rows: _Rows, first: str, other: str) -> tuple[ChangedRow, ...]:
    """The rows that only one of two models predicts correctly."""
    return tuple(
        ChangedRow(
            int(row),
            str(rows.faces.names[row]),
            *(rows.classes[code[row]] for code in (rows.labels, rows.answers[first], rows.answers[other])),
        )
        for row in np.flatnonzero(rows.right(first) != rows.right(other))
    )
