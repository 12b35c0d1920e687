"""A search's result in words for the terminal, and as one HTML file that opens offline."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from typing import Any

import mien
from mien import files, tables
from mien.checks import checked
from mien.data.reading import ReadOptions
from mien.evaluation import metrics, report, svg, tuning_plots
from mien.evaluation.pictures import markup
from mien.evaluation.texts import Texts
from mien.words import minutes, percent


def as_text(result: Mapping[str, Any], lang: str = "en") -> str:
    """The trials as a table, and the answer."""
    t = Texts(lang)
    return "\n\n".join([_subtitle(result, t), tables.render(_heads(result, t), _rows(result, t)), _answer(result, t)])


@checked
def write(path: str | os.PathLike[str], result: Mapping[str, Any], *, lang: str = "en") -> None:
    """Write the page of a search, whole or not at all.

    Args:
        path: the HTML file.
        result: what ``tuning.run`` gives.
        lang: a key of ``texts.LANGUAGES``.

    Raises:
        OutputError: there is no such language, or the file can't be written.
        MissingExtraError: jinja2 or matplotlib isn't installed.
    """
    files.write_text(path, render(result, lang=lang))


def render(result: Mapping[str, Any], *, lang: str = "en") -> str:
    """The page as a string; see ``write``."""
    t = Texts(lang)
    best = _best(result)
    page = report.page_template("tune").render(
        t=t,
        version=mien.__version__,
        title=t("tune.title"),
        subtitle=_subtitle(result, t),
        summary=_answer(result, t),
        notes=[t("tune.note.chosen"), *_early(result, t), t("tune.note.schedule")],
        curves=_drawn(tuning_plots.TrialCurvesPlot(result), 680, 320, "curves", t("tune.curves_label"), t),
        figures=[
            _drawn(
                tuning_plots.FieldPlot(result, axis), 330, 230, f"field{number}", t("tune.field_label", field=axis), t
            )
            for number, axis in enumerate(result["space"])
        ],
        heads=_heads(result, t),
        rows=_rows(result, t),
        best=result["trials"].index(best),
        settings=[] if best["number"] == result["as_it_is"] else best["settings"],
        set_up=_set_up(result, t),
        commands=[command(result, lang), "mien train DATA --recipe best.toml"],
    )
    return str(page) + "\n"


def command(result: Mapping[str, Any], lang: str) -> str:
    """The command that makes the search again; of paths only the last part."""
    reading = ReadOptions.from_dict(result.get("read", {}).get("options") or {}).arguments()
    words = ["mien", "tune", result["data"], *reading, "--recipe", result["recipe"]]
    words += [part for setting in result["settings"] for part in ("--set", setting)]
    words += [part for axis in result["space"] for part in ("--space", axis)]
    return shlex.join([*words, "--trials", str(len(result["trials"])), "--seed", str(result["seed"]), "--lang", lang])


def _best(result: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(trial for trial in result["trials"] if trial["number"] == result["best"])


def _subtitle(result: Mapping[str, Any], t: Texts) -> str:
    return t(
        "tune.subtitle",
        recipe=result["recipe"],
        trials=len(result["trials"]),
        epochs=result["epochs"],
        n=f"{result['n']:,}",
    )


def _answer(result: Mapping[str, Any], t: Texts) -> str:
    """Which trial is best, and which ones chance alone might tell from it."""
    best, n = _best(result), result["n"]
    low, high = metrics.wilson(round(best["accuracy"] * n), n)
    near = [
        str(trial["number"])
        for trial in result["trials"]
        if trial["state"] == "finished" and trial is not best and trial["accuracy"] >= low
    ]
    counts = {
        state: sum(trial["state"] == state for trial in result["trials"]) for state in ("finished", "stopped", "failed")
    }
    sentences = [
        t(
            "tune.best",
            number=best["number"],
            accuracy=_percent(best["accuracy"]),
            low=_percent(low),
            high=_percent(high),
        ),
        *_as_it_is(result, t),
        t("tune.near", names=", ".join(near)) if near else t("tune.alone"),
        t("tune.counts", **counts),
    ]
    return t.joined(sentences)


def _early(result: Mapping[str, Any], t: Texts) -> list[str]:
    """After which epochs the worse half of the trials stops; nothing where none does, as in searches of one epoch."""
    halts = result.get("halts", [max(1, result["epochs"] // 4)])
    told = [t("tune.epoch_at", epoch=f"{epoch:,}") for epoch in halts if epoch < result["epochs"]]
    return [t("tune.note.early", epochs=t("tune.and").join(told))] if told else []


def _as_it_is(result: Mapping[str, Any], t: Texts) -> list[str]:
    """What the recipe had without a change, where that was among the trials."""
    own = next((trial for trial in result["trials"] if trial["number"] == result["as_it_is"]), None)
    if own is None:
        return []
    if own["number"] == result["best"]:
        return [t("tune.itself")]
    return [t("tune.as_it_is", number=own["number"], accuracy=_percent(own["accuracy"]), epochs=own["epochs"])]


def _heads(result: Mapping[str, Any], t: Texts) -> list[str]:
    fields = [axis.partition("=")[0] for axis in result["space"]]
    return [t("tune.trial"), t("tune.accuracy"), t("tune.epochs"), t("tune.minutes"), t("tune.state"), *fields]


def _rows(result: Mapping[str, Any], t: Texts) -> list[list[str]]:
    return [
        [
            str(trial["number"]),
            _percent(trial["accuracy"]),
            str(trial["epochs"]),
            minutes(trial["minutes"]),
            t("tune.states.best" if trial["number"] == result["best"] else f"tune.states.{trial['state']}"),
            *(setting.partition("=")[2] for setting in trial["settings"]),
        ]
        for trial in result["trials"]
    ]


def _drawn(plot: Any, width: float, height: float, prefix: str, label: str, t: Texts) -> Any:
    words = t.tables["tune_plots"]
    return markup(svg.from_plot(lambda ax: plot.plot(ax, words=words), width, height, prefix=prefix, label=label))


def _set_up(result: Mapping[str, Any], t: Texts) -> list[tuple[str, str]]:
    rows = {
        "recipe": " ".join([result["recipe"], *result["settings"]]),
        "space": "  ".join(result["space"]),
        "seed": str(result["seed"]),
        "data": f"{result['data']}, {result['data_hash'][:12]}",
        "rows": t("tune.rows", train=f"{result['train_rows']:,}", n=f"{result['n']:,}"),
        "device": f"{result['device_name'] or result['processor']}, {result['precision']}, {result['threads']}",
        "versions": ", ".join(
            f"{name} {version}" for name, version in {**result["versions"], "torch": result["torch"]}.items()
        ),
    }
    return [(t(f"tune.set_up.{key}"), value) for key, value in rows.items()]


def _percent(share: float) -> str:
    return percent(share)
