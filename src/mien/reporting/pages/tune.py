"""The result of a search, as text for the terminal and as one HTML file that opens offline."""

from __future__ import annotations

from collections.abc import Sequence

import mien
from mien import tables
from mien.evaluation import metrics
from mien.experiments.results import SweepResult
from mien.recipes import search_space
from mien.recipes.search_space import Axis
from mien.reporting import svg
from mien.reporting.pages.frame import commands, page_template, writer
from mien.reporting.pages.parts import TableRow
from mien.reporting.pictures import markup
from mien.reporting.plots import tuning
from mien.reporting.texts import Texts, cells


def as_text(result: SweepResult, lang: str = "en") -> str:
    """The trials as a table, and the answer."""
    t = Texts(lang)
    return "\n\n".join([subtitle(result, t), tables.render(heads(result, t), rows(result, t)), answer(result, t)])


def render(result: SweepResult, *, command: Sequence[str] = (), lang: str = "en") -> str:
    """The page as a string.

    Args:
        result: the result of ``tuning.run``.
        command: arguments of the command line that reproduces the page.
        lang: a key of ``texts.LANGUAGES``.

    Raises:
        OutputError: there is no such language.
        MissingExtraError: jinja2 or matplotlib isn't installed.
    """
    t = Texts(lang)
    best = result.best_trial
    return page_template("tune").render(
        t=t,
        version=mien.__version__,
        title=t("tune.title", recipe=result.common.recipe, data=result.common.data),
        subtitle=subtitle(result, t),
        summary=answer(result, t),
        notes=[t("tune.note.chosen"), *_early(result, t), t("tune.note.schedule")],
        curves=_curves(result, t),
        figures=[_field(result, number, axis, t) for number, axis in enumerate(search_space.axes(result.space))],
        heads=heads(result, t),
        rows=[TableRow(number, tuple(shown)) for number, *shown in rows(result, t)],
        settings=[] if best.number == result.as_it_is else best.settings,
        set_up=_set_up(result, t),
        commands=[*commands(command), "mien train DATA --recipe best.toml"],
    )


write = writer(render)


def subtitle(result: SweepResult, t: Texts) -> str:
    """Recipe, trials, epochs and rows."""
    return t(
        "tune.subtitle",
        recipe=result.common.recipe,
        trials=len(result.trials),
        epochs=result.epochs,
        n=result.n,
    )


def answer(result: SweepResult, t: Texts) -> str:
    """The best trial, and the trials inside its interval."""
    best, n = result.best_trial, result.n
    low, high = metrics.wilson(best.accuracy * n, n)
    near = [
        str(trial.number)
        for trial in result.trials
        if trial.state == "finished" and trial is not best and trial.accuracy >= low
    ]
    counts = {
        state: sum(trial.state == state for trial in result.trials) for state in ("finished", "stopped", "failed")
    }
    sentences = [
        t(
            "tune.best",
            number=best.number,
            accuracy=best.accuracy,
            low=low,
            high=high,
        ),
        *_as_it_is(result, t),
        t("tune.near", names=", ".join(near)) if near else t("tune.alone"),
        t("tune.counts", **counts),
    ]
    return t.joined(sentences)


def _early(result: SweepResult, t: Texts) -> list[str]:
    """The epochs after which the worse half of the trials is stopped; empty if none is, as in searches of one epoch."""
    shown = [t("tune.epoch_at", epoch=epoch) for epoch in result.halts if epoch < result.epochs]
    return [t("tune.note.early", epochs=t("tune.and").join(shown))] if shown else []


def _as_it_is(result: SweepResult, t: Texts) -> list[str]:
    """The accuracy of the unchanged recipe, if it was among the trials."""
    own = next((trial for trial in result.trials if trial.number == result.as_it_is), None)
    if own is None:
        return []
    if own.number == result.best:
        return [t("tune.itself")]
    return [t("tune.as_it_is", number=own.number, accuracy=own.accuracy, epochs=own.epochs)]


def heads(result: SweepResult, t: Texts) -> list[str]:
    """The heads of the table of trials."""
    fields = [axis.field for axis in search_space.axes(result.space)]
    return [t("tune.trial"), t("tune.accuracy"), t("tune.epochs"), t("tune.minutes"), t("tune.state"), *fields]


def rows(result: SweepResult, t: Texts) -> list[list[str]]:
    """A row for each trial."""
    return [
        [
            str(trial.number),
            cells.percent(trial.accuracy),
            str(trial.epochs),
            cells.minutes(trial.minutes),
            t("tune.states.best" if trial.number == result.best else f"tune.states.{trial.state}"),
            *map(_value, trial.values.values()),
        ]
        for trial in result.trials
    ]


def _curves(result: SweepResult, t: Texts) -> str:
    """The accuracy of all trials over the epochs."""
    plot = tuning.TrialCurvesPlot(result)
    points = [
        svg.Point(
            epoch,
            accuracy,
            t("points.trial", number=trial.number, epoch=epoch, accuracy=accuracy, n=result.n),
        )
        for trial in plot.trials
        for epoch, accuracy in enumerate(trial.curve, 1)
    ]
    drawn = svg.wide(
        lambda ax: plot.plot(ax, words=t.tables["tune_plots"]),
        300,
        prefix="curves",
        label=t("tune.curves_label"),
        points=points,
    )
    return markup(drawn)


def _field(result: SweepResult, number: int, axis: Axis, t: Texts) -> str:
    """The accuracy of the trials over one field."""
    plot = tuning.FieldPlot(result, axis)
    points = [
        svg.Point(
            point.place,
            point.trial.accuracy,
            t(
                "points.field",
                number=point.trial.number,
                field=axis.field,
                value=_value(point.trial.values[axis.field]),
                accuracy=point.trial.accuracy,
                n=result.n,
            ),
        )
        for point in plot.points
    ]
    drawn = svg.from_plot(
        lambda ax: plot.plot(ax, words=t.tables["tune_plots"]),
        svg.NARROW,
        230,
        prefix=f"field{number}",
        label=t("tune.field_label", field=axis.field),
        points=points,
    )
    return markup(drawn)


def _value(value: float | str) -> str:
    return cells.compact(value) if isinstance(value, float) else str(value)


def _set_up(result: SweepResult, t: Texts) -> list[tuple[str, str]]:
    rows = {
        "recipe": " ".join([result.common.recipe, *result.common.settings]),
        "space": "  ".join(result.space),
        "seed": str(result.seed),
        "data": f"{result.common.data}, {result.common.data_hash[:12]}",
        "rows": t("tune.rows", train=result.common.train_rows, n=result.n),
        "device": f"{result.common.machine}, {result.common.setup.precision}, {result.common.setup.threads}",
        "versions": ", ".join(
            f"{name} {version}" for name, version in {**result.versions, "torch": result.common.setup.torch}.items()
        ),
    }
    return [(t(f"tune.set_up.{key}"), value) for key, value in rows.items()]
