"""Scores by group: a table for the terminal, and a section of the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mien import tables
from mien.evaluation.groups import MIN_ROWS, UNKNOWN, GroupedScores, GroupScores
from mien.reporting import svg
from mien.reporting.pictures import markup
from mien.reporting.plots import scores as plots
from mien.reporting.plots.intervals import IntervalPlot
from mien.reporting.texts import Texts

MOST_GROUPS = 20
"""Most groups that a table or a figure has: of more, the worst are shown."""


@dataclass(frozen=True)
class GroupSection:
    """The scores by one column on a page.

    Attributes:
        title: which column.
        text: the largest gap, and what was left out of it.
        heads, rows: of the table.
        figure: the accuracies with their intervals.
    """

    title: str
    text: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    figure: str


def as_text(grouped: Sequence[GroupedScores], t: Texts) -> str:
    """The scores by each column as tables."""
    parts = []
    for one in grouped:
        rows = [list(row) for row in _rows(one, t)]
        parts += [t("groups.by", column=one.column), tables.render(_heads(one, t), rows), *_sentences(one, t)]
    return "\n\n".join([*parts, t("groups.mix")])


def section(grouped: GroupedScores, accuracy: float, t: Texts) -> GroupSection:
    """The section of one column; ``accuracy`` is that on all faces."""
    shown = _shown(grouped)
    names = [plots.shorten(_name(one, t)) for one in shown]
    plot = IntervalPlot(names, [one.accuracy for one in shown], reference=accuracy)
    drawn = svg.wide(
        lambda ax: plot.plot(ax, label=t("groups.accuracy"), ticks=plots.as_percent),
        60 + 22 * len(shown),
        points=_points(shown, t),
        prefix=f"group-{''.join(filter(str.isalnum, grouped.column))}",
        label=t("groups.label", column=grouped.column),
    )
    return GroupSection(
        title=t("groups.by", column=grouped.column),
        text=t.joined(_sentences(grouped, t)),
        heads=tuple(_heads(grouped, t)),
        rows=tuple(_rows(grouped, t)),
        figure=markup(drawn),
    )


def _points(shown: Sequence[GroupScores], t: Texts) -> list[svg.Point]:
    points = []
    for place, one in enumerate(shown):
        score = one.accuracy
        cell = t("groups.cell.interval", value=score.value, low=score.low, high=score.high)
        points.append(svg.Point(score.value, place, t("points.interval", name=_name(one, t), shown=cell, n=one.n)))
    return points


def _shown(grouped: GroupedScores) -> Sequence[GroupScores]:
    return grouped.groups[:MOST_GROUPS]


def _has_persons(grouped: GroupedScores) -> bool:
    return any(one.persons is not None for one in grouped.groups)


def _heads(grouped: GroupedScores, t: Texts) -> list[str]:
    persons = [t("groups.persons")] if _has_persons(grouped) else []
    scores = [t(f"groups.{key}") for key in ("accuracy", "balanced_accuracy", "macro_f1")]
    return [t("groups.group", column=grouped.column), t("groups.n"), *persons, *scores]


def _name(one: GroupScores, t: Texts) -> str:
    """A group's name; rows without a value are unknown in any language."""
    return t("groups.unknown") if one.name == UNKNOWN else one.name


def _rows(grouped: GroupedScores, t: Texts) -> list[tuple[str, ...]]:
    rows = []
    for one in _shown(grouped):
        persons = [t("groups.cell.count", value=one.persons or 0)] if _has_persons(grouped) else []
        ends = {"low": one.accuracy.low, "high": one.accuracy.high}
        rows.append(
            (
                _name(one, t),
                t("groups.cell.count", value=one.n),
                *persons,
                t("groups.cell.interval", value=one.accuracy.value, **ends),
                t("groups.cell.share", value=one.balanced_accuracy),
                t("groups.cell.share", value=one.macro_f1),
            )
        )
    return rows


def _sentences(grouped: GroupedScores, t: Texts) -> list[str]:
    """The largest gap, how large it is by chance, and what it leaves out."""
    gap = grouped.gap
    sentences = [] if gap else [t("groups.no_gap", rows=MIN_ROWS)]
    if gap is not None:
        value, low, high = gap.difference.value, gap.difference.low, gap.difference.high
        over = t(f"groups.over.{gap.over}")
        sentences.append(t("groups.gap", best=gap.best, worst=gap.worst, value=value, low=low, high=high, over=over))
        sentences.append(t("groups.by_chance", chance=gap.by_chance, p=t.p_value(gap.p_value)))
    small = sum(not one.is_compared and one.name != UNKNOWN for one in grouped.groups)
    sentences += [t("groups.small", num=small, rows=MIN_ROWS)] if small else []
    sentences += [t("groups.without", num=grouped.unknown, unknown=t("groups.unknown"))] if grouped.unknown else []
    hidden = len(grouped.groups) - len(_shown(grouped))
    return [*sentences, f"({t('groups.more', num=hidden)})"] if hidden else sentences
