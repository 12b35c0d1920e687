"""A cross-validation in words and tables for the terminal, and as one HTML page that opens offline."""

from __future__ import annotations

from collections.abc import Sequence

import mien
from mien import tables
from mien.evaluation import metrics
from mien.evaluation.metrics import Score
from mien.experiments.crossval import Crossvalidated
from mien.experiments.results import CrossvalResult, FoldResult
from mien.reporting import data_notes, svg
from mien.reporting.pages import confusion, explore, sections
from mien.reporting.pages.frame import commands, page_template, writer
from mien.reporting.pages.parts import Figure, ScoreCard, TableRow
from mien.reporting.pictures import markup
from mien.reporting.plots import scores as plots
from mien.reporting.plots.intervals import IntervalPlot
from mien.reporting.texts import Texts, cells

SHARES = ("accuracy", "macro_f1", "balanced_accuracy", "worst_recall")
"""The scores that are shares, in order."""

MOST_FOLDS = 20
"""Most folds that the terminal and the figure show: of more, the worst."""

FEW_PERSONS = 10
"""Below so many persons the page warns of its intervals."""


def as_text(found: Crossvalidated, lang: str = "en") -> str:
    """The scores on all rows together, the folds, and what to know of them."""
    t, result = Texts(lang), found.result
    scores = [[row.name, *row.cells] for row in score_rows(result, t)]
    folds = [[row.name, *row.cells] for row in fold_rows(shown_folds(result), result, t)]
    return "\n\n".join(
        [
            subtitle(result, t),
            tables.render(t.heads("crossval.score_heads"), scores),
            tables.render(fold_heads(result, t), folds),
            *_hidden(result, t),
            "\n".join([summary(found, t), *warnings(result, t), *notes_of(result, t)]),
        ]
    )


def render(found: Crossvalidated, *, command: Sequence[str] = (), lang: str = "en", faces: bool = True) -> str:
    """The page as a string.

    Args:
        found: what ``crossval.run`` gives.
        command: the words of the command line that makes it again.
        lang: a key of ``texts.LANGUAGES``.
        faces: whether the page has faces.

    Raises:
        OutputError: there is no such language.
        MissingExtraError: jinja2 or matplotlib isn't installed.
    """
    t, result = Texts(lang), found.result
    return page_template("crossval").render(
        t=t,
        version=mien.__version__,
        title=t("crossval.title", model=result.model or result.recipe, data=result.data),
        subtitle=subtitle(result, t),
        scores=_cards(found, t),
        summary=summary(found, t),
        warnings_and_notes=(warnings(result, t), notes_of(result, t)),
        provenance=_set_up(result, t),
        figure=_figure(result, t),
        fold_heads=fold_heads(result, t),
        folds=fold_rows(result.folds, result, t),
        confusion=confusion.confusion(found.evaluation, found.faces.images, t),
        explorer=explore.explorer(found.evaluation, found.faces, t) if faces else None,
        shows_faces=faces,
        commands=commands(command),
    )


write = writer(render)


def subtitle(result: CrossvalResult, t: Texts) -> str:
    """What was cross-validated, in how many folds."""
    what = t(f"crossval.method.{result.method}", model=result.model, recipe=result.recipe)
    by = t(f"crossval.by.{result.by}")
    return t("crossval.subtitle", what=what, folds=len(result.folds), by=by, n=result.n, data=result.data)


def _cards(found: Crossvalidated, t: Texts) -> list[ScoreCard]:
    """The figures of the head; their intervals draw whole persons where these are known."""
    scores = found.result.scores
    shown = []
    for card, key in zip(
        sections.scores(found.evaluation, t),
        ("accuracy", "macro_f1", "balanced_accuracy", "log_loss", "calibration_error"),
        strict=True,
    ):
        text = "scores.log_loss_interval" if key == "log_loss" else "scores.interval"
        interval = t(text, low=scores[key].low, high=scores[key].high)
        shown.append(ScoreCard(card.name, card.value, interval, card.meaning))
    return shown


def score_rows(result: CrossvalResult, t: Texts) -> list[TableRow]:
    """The scores on all rows together, with their intervals."""

    def row(key: str, score: Score) -> TableRow:
        kind = "nats" if key == "log_loss" else "share"
        cell = t(f"compare.cell.{kind}", value=score.value, low=score.low, high=score.high)
        name = t(f"scores.{key}" if key == "calibration_error" else f"compare.score.{key}")
        return TableRow(name, (cell,))

    return [row(key, score) for key, score in result.scores.items()]


def shown_folds(result: CrossvalResult) -> Sequence[FoldResult]:
    """The folds, or of many the worst."""
    if len(result.folds) <= MOST_FOLDS:
        return result.folds
    return sorted(result.folds, key=lambda fold: (fold.accuracy, fold.number))[:MOST_FOLDS]


def _hidden(result: CrossvalResult, t: Texts) -> list[str]:
    num = len(result.folds) - len(shown_folds(result))
    return [t("crossval.hidden", num=num)] if num else []


def fold_heads(result: CrossvalResult, t: Texts) -> list[str]:
    """The heads of the table of folds."""
    return t.heads("crossval.fold_heads" if result.persons is None else "crossval.fold_heads_persons")


def fold_rows(folds: Sequence[FoldResult], result: CrossvalResult, t: Texts) -> list[TableRow]:
    """The rows of the table of folds."""
    return [
        TableRow(
            str(fold.number),
            (
                cells.count(fold.n),
                *([] if result.persons is None else [cells.count(fold.persons or 0)]),
                *(cells.percent(share) for share in (fold.accuracy, fold.macro_f1, fold.balanced_accuracy)),
                cells.decimal(fold.log_loss, 3),
            ),
        )
        for fold in folds
    ]


def summary(found: Crossvalidated, t: Texts) -> str:
    """The accuracy of all rows, and of the worst and the best fold."""
    result = found.result
    accuracy = result.scores["accuracy"]
    worst, best = (pick(fold.accuracy for fold in result.folds) for pick in (min, max))
    return t(
        "crossval.summary",
        accuracy=accuracy.value,
        low=accuracy.low,
        high=accuracy.high,
        n=result.n,
        majority=result.majority,
        worst=worst,
        best=best,
    )


def warnings(result: CrossvalResult, t: Texts) -> list[str]:
    """What limits the scores."""
    applies = {
        "guessing": result.scores["accuracy"].low <= result.majority,
        "no_persons": result.persons is None,
        "few_persons": result.persons is not None and result.persons < FEW_PERSONS,
    }
    return [t(f"crossval.{key}") for key, holds in applies.items() if holds]


def notes_of(result: CrossvalResult, t: Texts) -> list[str]:
    """How the intervals and the data are to be read."""
    notes = [t(f"crossval.note.{result.by}", persons=result.persons), t("crossval.note.copies")]
    notes.append(t("crossval.note.seeds"))
    return [*notes, *data_notes.of(result.read, t, result.unlabelled)]


def _set_up(result: CrossvalResult, t: Texts) -> list[tuple[str, str]]:
    """What was cross-validated, and how."""
    rows = [
        (t("crossval.set_up.method"), t(f"crossval.method.{result.method}", model=result.model, recipe=result.recipe)),
        (t("crossval.set_up.recipe"), " ".join([result.recipe, *result.settings])),
        (t("notes.model_hash"), result.model_hash),
        (t("notes.data"), result.data),
        (t("notes.data_hash"), result.data_hash),
        *((t(f"notes.{key}"), value) for key, value in sections.coding(result.read.coding, t).items()),
        (t("crossval.set_up.folds"), t("crossval.set_up.folds_value", num=len(result.folds), seed=result.seed)),
        (t("crossval.set_up.predictions"), result.predictions),
        (t("notes.versions"), f"mien {result.mien}"),
    ]
    return [(name, value) for name, value in rows if value]


def _figure(result: CrossvalResult, t: Texts) -> Figure:
    """The accuracy of each fold; the interval is that of its faces alone."""
    plot = folds_plot(result, t)
    drawn = svg.wide(
        lambda ax: plot.plot(ax, label=t("scores.accuracy"), ticks=plots.as_percent),
        60 + 24 * len(plot.names),
        prefix="folds",
        points=[_point(place, fold, t) for place, fold in enumerate(shown_folds(result))],
        label=t("crossval.figure_label"),
    )
    return Figure(markup(drawn), t("crossval.figure"))


def _point(place: int, fold: FoldResult, t: Texts) -> svg.Point:
    score = _interval(fold)
    cell = t("compare.cell.share", value=score.value, low=score.low, high=score.high)
    name = t("crossval.fold", number=fold.number)
    return svg.Point(score.value, place, t("points.interval", name=name, shown=cell, n=fold.n))


def folds_plot(result: CrossvalResult, t: Texts) -> IntervalPlot:
    """The accuracy of each fold and of all rows together; of many folds, the worst."""
    shown = shown_folds(result)
    names = [t("crossval.fold", number=fold.number) for fold in shown]
    return IntervalPlot(names, [_interval(fold) for fold in shown], reference=result.scores["accuracy"].value)


def _interval(fold: FoldResult) -> Score:
    return Score(fold.accuracy, *metrics.wilson(fold.accuracy * fold.n, fold.n))
