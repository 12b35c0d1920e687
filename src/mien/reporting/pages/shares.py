"""The section on class shares and decision rules, ready for the template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mien import palette
from mien.evaluation.evaluation import Evaluation
from mien.reporting import narrative, svg
from mien.reporting.pages.parts import Figure, TableRow
from mien.reporting.pictures import markup
from mien.reporting.plots import scores as plots
from mien.reporting.texts import Texts, cells

DECISION_SCORES = ("accuracy", "balanced_accuracy", "macro_f1")
"""Scores of a decision rule, in the order of the table."""


@dataclass(frozen=True)
class DecisionRow:
    """A decision rule and its scores, each with its interval."""

    name: str
    scores: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SharesSection:
    """Class names and training counts, paragraphs, figures, a row per class, and a row per decision rule."""

    names: str
    counts: str
    text: tuple[str, ...]
    figures: tuple[Figure, ...]
    rows: tuple[TableRow, ...]
    decisions: tuple[DecisionRow, ...]


def shares(plain: Evaluation, corrected: Evaluation, train_counts: Sequence[int], t: Texts) -> SharesSection:
    """What class shares do to argmax.

    Args:
        plain: the model judged by argmax.
        corrected: the same rows judged by argmax of ``probability / training share``.
        train_counts: ``(K,)`` training rows of each class.
        t: the texts.
    """
    names = t.names(plain.classes)
    return SharesSection(
        names=t("shares.list", names=t("page.list").join(names)),
        counts=str(list(train_counts)),
        text=tuple(narrative.shares(plain, corrected, train_counts, t)),
        figures=_figures(plain, corrected, train_counts, t),
        rows=_rows(plain, corrected, train_counts, t),
        decisions=(
            DecisionRow(t("shares.plain"), _scores(plain, t)),
            DecisionRow(t("shares.corrected"), _scores(corrected, t)),
        ),
    )


def _figures(plain: Evaluation, corrected: Evaluation, train_counts: Sequence[int], t: Texts) -> tuple[Figure, Figure]:
    names, words = t.names(plain.classes), t.tables["plots"]
    bars, recalls = plots.ClassSharePlot(plain, train_counts), plots.RecallPlot(plain, corrected, train_counts)
    share = svg.from_plot(
        lambda ax: bars.plot(ax, names=names, words=words),
        svg.NARROW,
        280,
        prefix="shares",
        points=_share_points(plain, bars, train_counts, t),
        label=t("shares.share_label"),
    )
    recall = svg.from_plot(
        lambda ax: recalls.plot(ax, names=names, words=words),
        svg.NARROW,
        280,
        prefix="recalls",
        points=_recall_points(recalls, plain, t),
        label=t("shares.recall_label"),
    )
    return Figure(markup(share), t("shares.share_caption")), Figure(markup(recall), t("shares.recall_caption"))


def _share_points(
    plain: Evaluation, bars: plots.ClassSharePlot, train_counts: Sequence[int], t: Texts
) -> list[svg.Point]:
    predicted = plain.confusion.sum(0)
    return [
        svg.Point(
            bars.train[place],
            place,
            t(
                "points.shares",
                name=name,
                train=bars.train[place],
                num_train=train_counts[place],
                true=bars.true[place],
                n=plain.support[place],
                predicted=bars.predicted[place],
                num_predicted=predicted[place],
            ),
        )
        for place, name in enumerate(t.names(plain.classes))
    ]


def _recall_points(recalls: plots.RecallPlot, plain: Evaluation, t: Texts) -> list[svg.Point]:
    found = []
    for place, code in enumerate(recalls.order):
        values = {"plain": recalls.plain[code], "corrected": recalls.corrected[code]}
        text = t("points.recall", name=t.named(plain.classes[code]), n=plain.support[code], **values)
        found += [svg.Point(value, place, text) for value in dict.fromkeys(values.values())]
    return found


def _rows(plain: Evaluation, corrected: Evaluation, train_counts: Sequence[int], t: Texts) -> tuple[TableRow, ...]:
    bars = plots.ClassSharePlot(plain, train_counts)
    rows = []
    for index, name in enumerate(plain.classes):
        parts = [cells.percent(values[index]) for values in (bars.train, bars.true, bars.predicted)]
        recall = [
            cells.percent(judged.recall[index]) if plain.support[index] else t("page.skip")
            for judged in (plain, corrected)
        ]
        shown = (cells.count(train_counts[index]), *parts, *recall)
        rows.append(TableRow(t.named(name), shown, palette.on_page(palette.colour(name, plain.classes))))
    return tuple(rows)


def _scores(judged: Evaluation, t: Texts) -> tuple[tuple[str, str], ...]:
    scores = [judged.scores[key] for key in DECISION_SCORES]
    return tuple((cells.percent(score.value), t("shares.ends", low=score.low, high=score.high)) for score in scores)
