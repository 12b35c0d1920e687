"""The section on confusions: matrices, a row per class, and the most frequent errors as faces, ready for the template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien import palette
from mien.evaluation.evaluation import ClassScores, Confusion, Evaluation
from mien.evaluation.metrics import Score
from mien.reporting import narrative, svg
from mien.reporting.pages import explore
from mien.reporting.pages.parts import Figure, HeatCell, HeatRow, HeatTable
from mien.reporting.pictures import face_url, markup
from mien.reporting.plots.scores import MOST_CELLS, ConfusionPlot
from mien.reporting.texts import Texts, cells

NUM_PAIRS, NUM_WRONG, NUM_RIGHT = 4, 6, 3
"""Kinds of error shown with faces; errors of each; correctly predicted faces of either class beside them."""


@dataclass(frozen=True)
class Bar:
    """A share as shown, its length from 0 to 1, and its interval; ``""`` where there is none."""

    text: str
    length: str
    interval: str


@dataclass(frozen=True)
class ClassRow:
    """A class: name, colour, number of faces, bars for precision, recall and F1, and the query of its faces."""

    name: str
    colour: str
    support: str
    bars: tuple[Bar, ...]
    faces: str


@dataclass(frozen=True)
class StripFace:
    """A face with its description and the confidence of its prediction."""

    address: str
    alt: str
    confidence: str


@dataclass(frozen=True)
class Strip:
    """Faces in a row below a title; those of errors take more room."""

    title: str
    faces: tuple[StripFace, ...]
    is_wide: bool = False


@dataclass(frozen=True)
class ErrorKind:
    """One kind of error: title, how frequent it is, and faces."""

    title: str
    count: str
    strips: tuple[Strip, ...]


@dataclass(frozen=True)
class ConfusionSection:
    """Paragraphs, the matrix as a table or, of many classes, as figures, a row per class, and the most frequent errors."""

    text: tuple[str, ...]
    matrix: HeatTable | None
    figures: tuple[Figure, ...]
    classes: tuple[ClassRow, ...]
    pairs: tuple[ErrorKind, ...]


def confusion(evaluation: Evaluation, images: NDArray[np.uint8], t: Texts) -> ConfusionSection:
    """The confusions of an evaluation, whose faces are ``images`` ``(N, H, W)``."""
    num_errors = len(evaluation) - int(np.trace(evaluation.confusion))
    colours, is_large = palette.colours(evaluation.classes), len(evaluation.classes) > MOST_CELLS
    return ConfusionSection(
        text=tuple(narrative.confusion(evaluation, t)),
        matrix=None if is_large else _table(evaluation, colours, t),
        figures=(_picture(evaluation, t),) if is_large else (),
        classes=tuple(_class_row(evaluation, scores, colours[scores.name], t) for scores in evaluation.by_class),
        pairs=tuple(_pair(evaluation, images, pair, num_errors, t) for pair in evaluation.top_confusions(NUM_PAIRS)),
    )


def _picture(evaluation: Evaluation, t: Texts) -> Figure:
    """The matrix of many classes in shares of the rows."""
    plot, names = ConfusionPlot(evaluation), t.names(evaluation.classes)
    drawn = svg.from_plot(
        lambda ax: plot.plot(ax, values="shares", names=names, words=t.tables["plots"]),
        2 * svg.NARROW,
        2 * svg.NARROW,
        prefix="matrix",
        label=t("confusion.shares_label"),
    )
    return Figure(markup(drawn), t("confusion.shares"))


def _table(evaluation: Evaluation, colours: dict[str, str], t: Texts) -> HeatTable:
    """The matrix with counts and, below them, shares of the row, which also set the shade."""
    names = t.names(evaluation.classes)
    rows = []
    for row, (name, colour) in enumerate(zip(names, colours.values(), strict=True)):
        shown = tuple(_cell(evaluation, names, row, column, t) for column in range(len(names)))
        rows.append(HeatRow(name, shown, palette.on_page(colour)))
    return HeatTable(t("confusion.label"), t("confusion.corner"), tuple(names), tuple(rows), t("confusion.matrix"))


def _cell(evaluation: Evaluation, names: Sequence[str], row: int, column: int, t: Texts) -> HeatCell:
    count, n = int(evaluation.confusion[row, column]), int(evaluation.support[row])
    if not count:
        return HeatCell("0")
    share = count / n
    return HeatCell(
        text=cells.count(count),
        minor=cells.percent(share, 0),
        shade=share,
        title=t("confusion.cell", true=names[row], predicted=names[column], count=count, n=n, share=share),
        is_marked=row == column,
        faces=explore.select(true=row, predicted=column),
    )


def _class_row(evaluation: Evaluation, scores: ClassScores, colour: str, t: Texts) -> ClassRow:
    faces = explore.select(true=list(evaluation.classes).index(scores.name))
    bars = tuple(_bar(score, t) for score in (scores.precision, scores.recall, scores.f1))
    return ClassRow(t.named(scores.name), palette.on_page(colour), cells.count(scores.support), bars, faces)


def _bar(score: Score | None, t: Texts) -> Bar:
    if score is None:
        return Bar(t("page.skip"), "0", "")
    return Bar(cells.percent(score.value), cells.decimal(score.value, 3), cells.whole_interval(*score.interval))


def _pair(evaluation: Evaluation, images: NDArray[np.uint8], pair: Confusion, num_errors: int, t: Texts) -> ErrorKind:
    """One kind of error as strips of faces: errors, then correctly predicted faces of both classes."""
    true, predicted = t.named(pair.true), t.named(pair.predicted)
    wrong = t("confusion.wrong", true=true, predicted=predicted)
    strips = [Strip(wrong, _faces(evaluation, images, pair.rows[:NUM_WRONG], t), is_wide=True)]
    for name in (pair.true, pair.predicted):
        rows = _right_rows(evaluation, name)[:NUM_RIGHT]
        strips.append(Strip(t("confusion.right", name=t.named(name)), _faces(evaluation, images, rows, t)))
    return ErrorKind(
        title=t("confusion.pair_title", true=true, predicted=predicted),
        count=t("confusion.pair_count", count=pair.count, share=pair.share, errors=pair.count / num_errors),
        strips=tuple(strips),
    )


def _right_rows(evaluation: Evaluation, name: str) -> NDArray[np.int64]:
    """The correctly predicted rows of a class, the most confident first."""
    code = evaluation.classes.index(name)
    rows = np.flatnonzero((evaluation.labels == code) & (evaluation.predicted == code))
    ordered: NDArray[np.int64] = rows[np.argsort(-evaluation.probabilities[rows, code], kind="stable")]
    return ordered


def _faces(
    evaluation: Evaluation, images: NDArray[np.uint8], rows: NDArray[np.int64], t: Texts
) -> tuple[StripFace, ...]:
    faces = []
    for row in rows:
        true, predicted = (
            t.named(evaluation.classes[code]) for code in (evaluation.labels[row], evaluation.predicted[row])
        )
        confidence = float(evaluation.probabilities[row].max())
        alt = t("confusion.alt", true=true, predicted=predicted, confidence=confidence)
        faces.append(StripFace(face_url(images[row]), alt, cells.percent(confidence, 0)))
    return tuple(faces)
