"""Models compared on the same faces: words and tables for the terminal, and one HTML page that opens offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import mien
from mien import palette, tables
from mien.evaluation import metrics
from mien.evaluation.metrics import Score
from mien.evaluation.model_comparison import LOG_LOSS, ChangedRow, ModelComparison, ModelScores, Pair
from mien.reporting import data_notes, svg
from mien.reporting.pages import explore, sections
from mien.reporting.pages.explore import Explorer
from mien.reporting.pages.frame import commands, page_template, writer
from mien.reporting.pages.parts import HeatCell, HeatRow, HeatTable, TableRow, Tile
from mien.reporting.pictures import face_url, markup
from mien.reporting.plots import scores as plots
from mien.reporting.plots.intervals import ConfusionDifferencePlot, IntervalPlot
from mien.reporting.texts import Texts, cells
from mien.reporting.verdict import run_name

SHOWN = (*metrics.SCORES, LOG_LOSS)
"""The scores of the tables, in order."""

MOST_FACES = 12
"""Most faces of a pair that are shown on either side."""

FEW_PERSONS = 10
"""Below so many persons the page warns of its intervals."""

ALPHA = 0.05
"""P-values below it count as more than chance."""


@dataclass(frozen=True)
class Strip:
    """The faces that one model of a pair alone predicts correctly: some of them, and the query of all with its link."""

    title: str
    note: str
    faces: tuple[Tile, ...]
    every: str
    link: str


@dataclass(frozen=True)
class PairSection:
    """A model compared with the first."""

    anchor: str
    title: str
    summary: str
    sides: str
    rows: tuple[TableRow, ...]
    differences: str
    confusion: HeatTable | None
    picture: str
    confusion_lead: str
    strips: tuple[Strip, ...]


def as_text(result: ModelComparison, lang: str = "en") -> str:
    """The comparison in words and tables."""
    t = Texts(lang)
    names = short_names(result)
    parts = [
        subtitle(result, t),
        tables.render(
            [t("compare.score_head"), *names.values()],
            [[row.name, *row.cells] for row in score_rows(result, t)],
        ),
    ]
    for pair in result.pairs:
        heads = [t("compare.score_head"), t("compare.difference", unit=t("compare.points"))]
        rows = [[row.name, *row.cells] for row in difference_rows(pair, t)]
        parts += [summary(result, pair, names, t), _sides(pair, names, t), tables.render(heads, rows)]
    return "\n\n".join([*parts, "\n".join([*warnings(result, names, t), *_notes(result, names, t)])])


def render(result: ModelComparison, *, command: Sequence[str] = (), lang: str = "en", faces: bool = True) -> str:
    """The page as a string.

    Args:
        result: what ``model_comparison.compare`` gives.
        command: the words of the command line that makes it again.
        lang: a key of ``texts.LANGUAGES``.
        faces: whether the page has faces.

    Raises:
        OutputError: there is no such language.
        MissingExtraError: jinja2 or matplotlib isn't installed.
    """
    t, names = Texts(lang), short_names(result)
    return page_template("compare").render(
        t=t,
        version=mien.__version__,
        title=t("compare.title", names=t.some(list(names.values())), data=Path(result.record.data).name),
        subtitle=subtitle(result, t),
        warnings=warnings(result, names, t),
        notes=_notes(result, names, t),
        models=list(names.values()),
        scores=score_rows(result, t),
        compared=[_pair_section(number, result, pair, names, t) for number, pair in enumerate(result.pairs, 1)],
        set_up=_set_up(result, names, t),
        commands=commands(command),
        explorer=_explorer(result, names, t) if faces else None,
        shows_faces=faces,
    )


write = writer(render)


def _explorer(result: ModelComparison, names: Mapping[str, str], t: Texts) -> Explorer:
    """The compared faces, read by each model."""
    readings = [
        explore.Reading(names[one.name], result.predicted[one.name], result.confidence[one.name])
        for one in result.models
    ]
    return explore.of_readings(result.faces, result.labels, result.record.classes, readings, t)


def short_names(result: ModelComparison) -> dict[str, str]:
    """What each model is called on the page: its run, or the last part of its path, or more where these are alike."""
    last = {one.name: run_name(Path(one.name)) or Path(one.name).name for one in result.models}
    several = {short for short in last.values() if list(last.values()).count(short) > 1}
    return {name: sections.model_name(name) if short in several else short for name, short in last.items()}


def subtitle(result: ModelComparison, t: Texts) -> str:
    """How many models were compared on which faces."""
    record = result.record
    data = Path(record.data).name
    return t("compare.subtitle", models=len(result.models), n=record.n, data=data, split=_split(record.split, t))


def _split(split: str, t: Texts) -> str:
    return t(f"splits.{split}") if split in t.tables["splits"] else split


def score_rows(result: ModelComparison, t: Texts) -> tuple[TableRow, ...]:
    """A row for each score, a cell for each model."""

    def cell(one: ModelScores, key: str) -> str:
        score = one.scores.get(key)
        return t("page.skip") if score is None else _cell("nats" if key == LOG_LOSS else "share", score, t)

    return tuple(TableRow(t(f"compare.score.{key}"), tuple(cell(one, key) for one in result.models)) for key in SHOWN)


def _cell(kind: str, score: Score, t: Texts) -> str:
    """A figure with its interval."""
    return t(f"compare.cell.{kind}", value=score.value, low=score.low, high=score.high)


def difference_rows(pair: Pair, t: Texts) -> tuple[TableRow, ...]:
    """The differences of a model's scores from those of the first."""
    rows = []
    for key in SHOWN:
        if (score := pair.differences.get(key)) is None:
            continue
        name = t(f"compare.score.{key}")
        if key == LOG_LOSS:
            rows.append(TableRow(f"{name} ({t('compare.nats')})", (_cell("nats_difference", score, t),)))
        else:
            rows.append(TableRow(name, (_cell("points", score, t),)))
    return tuple(rows)


def summary(result: ModelComparison, pair: Pair, names: Mapping[str, str], t: Texts) -> str:
    """Which of the two is better, and whether chance would explain it."""
    accuracies = {one.name: one.scores["accuracy"].value for one in result.models}
    difference = pair.differences["accuracy"]
    first = t(
        "compare.better",
        other=names[pair.other],
        first=names[pair.first],
        own=accuracies[pair.other],
        base=accuracies[pair.first],
        value=difference.value,
        low=difference.low,
        high=difference.high,
    )
    if not pair.changed:
        return t.joined([first, t("compare.alike")])
    leaves_out_zero = difference.low > 0 or difference.high < 0
    verdict = "beyond" if pair.p_holm < ALPHA and leaves_out_zero else "chance"
    return t.joined([first, t(f"compare.{verdict}", p=t.p_value(pair.p_holm))])


def _sides(pair: Pair, names: Mapping[str, str], t: Texts) -> str:
    return t(
        "compare.sides",
        other=names[pair.other],
        first=names[pair.first],
        both_right=pair.both_right,
        only_first=pair.only_first,
        only_other=pair.only_other,
        both_wrong=pair.both_wrong,
    )


def warnings(result: ModelComparison, names: Mapping[str, str], t: Texts) -> list[str]:
    """What limits the comparison: faces seen in training, few persons."""
    learned = [t("compare.learned", name=names[one.name], learned=one.learned) for one in result.models if one.learned]
    persons = result.record.persons
    return learned + ([t("compare.few_persons")] if persons is not None and persons < FEW_PERSONS else [])


def _notes(result: ModelComparison, names: Mapping[str, str], t: Texts) -> list[str]:
    record = result.record
    persons = record.persons
    by = "interval_rows" if persons is None else "interval_persons"
    notes = [t(f"compare.{by}", persons=persons), t("compare.mcnemar")]
    if persons is not None:
        notes[-1] = t.joined([notes[-1], t("compare.dependent")])
    if len(result.pairs) > 1:
        notes.append(t("compare.holm", pairs=len(result.pairs)))
    notes += [t("compare.learned_unknown", name=names[one.name]) for one in result.models if one.learned is None]
    notes += [t("compare.flip")] if record.flip else []
    return notes + data_notes.of(record.read, t, record.unlabelled)


def _pair_section(number: int, result: ModelComparison, pair: Pair, names: Mapping[str, str], t: Texts) -> PairSection:
    both = {"other": names[pair.other], "first": names[pair.first]}
    intervals = differences_plot(pair, t)
    label = t("compare.difference", unit=t("compare.points"))
    drawn = svg.wide(
        lambda ax: intervals.plot(ax, label=label),
        60 + 27 * len(intervals.names),
        prefix=f"differences-{number}",
        points=_points(pair, result.record.n, t),
        label=t("compare.differences_label", **both),
    )
    is_large = len(result.record.classes) > plots.MOST_CELLS
    return PairSection(
        anchor=f"pair-{number}",
        title=t("compare.pair_heading", **both),
        summary=summary(result, pair, names, t),
        sides=_sides(pair, names, t),
        rows=difference_rows(pair, t),
        differences=markup(drawn),
        confusion=None if is_large else _confusion(number, result, pair, both, t),
        picture=_picture(number, result, pair, both, t) if is_large else "",
        confusion_lead=t("compare.confusion_lead", **both),
        strips=_strips(number, result, pair, both, t),
    )


def _confusion(number: int, result: ModelComparison, pair: Pair, both: Mapping[str, str], t: Texts) -> HeatTable:
    """The difference of the two confusion matrices: in the first colour where more is right or less is wrong."""
    names, counts = t.names(result.record.classes), np.array(pair.confusion)
    most = max(1, int(np.abs(counts).max(initial=0)))
    rows = []
    for row, name in enumerate(names):
        shown = []
        for column, count in enumerate(counts[row].tolist()):
            gain = count if row == column else -count
            title = (
                t("compare.confusion_cell", true=name, predicted=names[column], count=count, **both) if count else ""
            )
            text = cells.true_minus(cells.signed(count, 0)) if count else "0"
            faces = explore.select(true=row, predicted=column, by=number, than=0)
            is_own = row == column
            shown.append(HeatCell(text, shade=gain / most, title=title, is_marked=is_own, faces=faces if count else ""))
        rows.append(
            HeatRow(
                name, tuple(shown), palette.on_page(palette.colour(result.record.classes[row], result.record.classes))
            )
        )
    label = t("compare.confusion_label", **both)
    return HeatTable(label, t("confusion.corner"), tuple(names), tuple(rows), "")


def _picture(number: int, result: ModelComparison, pair: Pair, both: Mapping[str, str], t: Texts) -> str:
    """The same of many classes, as a picture."""
    plot = ConfusionDifferencePlot(result.record.classes, pair.confusion)
    drawn = svg.from_plot(
        lambda ax: plot.plot(ax, names=t.names(plot.classes), words=t.tables["plots"]),
        2 * svg.NARROW,
        2 * svg.NARROW,
        prefix=f"confusion-{number}",
        label=t("compare.confusion_label", **both),
    )
    return markup(drawn)


def _points(pair: Pair, n: int, t: Texts) -> list[svg.Point]:
    shares = {key: score for key, score in pair.differences.items() if key != LOG_LOSS}
    return [
        svg.Point(
            score.value,
            place,
            t("points.interval", name=t(f"compare.score.{key}"), shown=_cell("points", score, t), n=n),
        )
        for place, (key, score) in enumerate(shares.items())
    ]


def differences_plot(pair: Pair, t: Texts) -> IntervalPlot:
    """The differences of all scores that are shares."""
    shares = {key: score for key, score in pair.differences.items() if key != LOG_LOSS}
    return IntervalPlot([t(f"compare.score.{key}") for key in shares], list(shares.values()), reference=0.0)


def _strips(number: int, result: ModelComparison, pair: Pair, both: Mapping[str, str], t: Texts) -> tuple[Strip, ...]:
    """The faces that only one of them predicts correctly, as many as are shown, spread over all of them."""
    strips = []
    for key, rows in (
        ("gained", [row for row in pair.changed if row.is_gained]),
        ("lost", [row for row in pair.changed if not row.is_gained]),
    ):
        shown = rows[:: max(1, -(-len(rows) // MOST_FACES))]
        if shown:
            note = t("compare.shown", shown=len(shown), total=len(rows), **both)
            tiles = tuple(_tile(result, row, t) for row in shown)
            every = explore.select(by=number, than=0, side=key)
            link = t("explore.show_all", total=len(rows))
            strips.append(Strip(t(f"compare.{key}_heading", **both), note, tiles, every, link))
    return tuple(strips)


def _tile(result: ModelComparison, row: ChangedRow, t: Texts) -> Tile:
    label, first, other = t.names((row.label, row.first, row.other))
    return Tile(
        face_url(result.faces.images[row.row]),
        t("compare.alt", label=label, first=first, other=other),
        label,
        t("compare.face", first=first, other=other),
    )


def _set_up(result: ModelComparison, names: Mapping[str, str], t: Texts) -> list[tuple[str, str]]:
    record = result.record
    rows = [(names[one.name], one.sha256) for one in result.models]
    rows += [(t("notes.data"), Path(record.data).name), (t("notes.data_hash"), record.data_hash)]
    rows += [(t(f"notes.{key}"), value) for key, value in sections.coding(record.read.coding, t).items()]
    rows.append((t("notes.split"), t("compare.rows", n=record.n, split=_split(record.split, t))))
    if record.persons is not None:
        rows.append((t("compare.persons"), str(record.persons)))
    return [*rows, (t("notes.rows_hash"), record.rows_hash), (t("notes.versions"), f"mien {record.mien}")]
