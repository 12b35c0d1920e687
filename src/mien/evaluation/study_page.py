"""A study's result in words for the terminal, and as one HTML file that opens offline."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import mien
from mien import files, tables
from mien.checks import checked
from mien.data.reading import ReadOptions
from mien.evaluation import metrics, report, study_plots, svg
from mien.evaluation.pictures import markup
from mien.evaluation.texts import Texts
from mien.words import minutes, points

SHOWN = ("accuracy", "macro_f1", "balanced_accuracy", "worst_recall")
DIFFERENCES = ("accuracy", "balanced_accuracy")
"""Scores in the table, and those whose differences are drawn."""


def as_text(result: Mapping[str, Any], lang: str = "en") -> str:
    """The question, the answer and the arms as a table."""
    t = Texts(lang)
    heads = [t("study.arm"), *(t(f"study.score.{score}") for score in SHOWN), t("study.against"), t("study.minutes")]
    rows = [
        [
            arm_name(arm["name"], t),
            *(_with_deviation(arm, score) for score in SHOWN),
            _difference(arm, "accuracy"),
            _minutes(arm),
        ]
        for arm in result["arms"]
    ]
    return "\n\n".join(
        [t(f"study.question.{result['study']}"), _subtitle(result, t), tables.render(heads, rows), _answer(result, t)]
    )


@checked
def write(path: str | os.PathLike[str], result: Mapping[str, Any], *, lang: str = "en") -> None:
    """Write the page of a study, whole or not at all.

    Args:
        path: the HTML file.
        result: what ``studies.run`` gives.
        lang: a key of ``texts.LANGUAGES``.

    Raises:
        OutputError: there is no such language, or the file can't be written.
        MissingExtraError: jinja2 or matplotlib isn't installed.
    """
    files.write_text(path, render(result, lang=lang))


def render(result: Mapping[str, Any], *, lang: str = "en") -> str:
    """The page as a string; see ``write``."""
    t, arms = Texts(lang), result["arms"]
    page = report.page_template("study").render(
        t=t,
        version=mien.__version__,
        title=t(f"study.question.{result['study']}"),
        subtitle=_subtitle(result, t),
        summary=_answer(result, t),
        notes=_notes(result, t),
        heads=[t(f"study.score.{score}") for score in SHOWN],
        rows=[
            (arm_name(arm["name"], t), [_with_deviation(arm, score) for score in SHOWN], _minutes(arm), ", ".join(map(str, arm["epochs"])))
            for arm in arms
        ],
        differences=[(arm_name(arm["name"], t), *(_difference(arm, score) for score in DIFFERENCES)) for arm in arms[1:]],
        scores_lead=t(f"study.{_scores_lead(result)}"),
        figures=_figures(arms, t),
        curves=_curves(arms, t),
        settings=[(arm_name(name, t), settings) for name, settings in result["arm_settings"].items()],
        set_up=_set_up(result, t),
        commands=[command(result, lang)],
    )  # fmt: skip
    return str(page) + "\n"


def command(result: Mapping[str, Any], lang: str) -> str:
    """The command that makes the study again; of paths only the last part."""
    settings = [part for setting in result["settings"] for part in ("--set", setting)]
    reading = ReadOptions.from_dict(result.get("read", {}).get("options") or {}).arguments()
    words = ["mien", "study", result["study"], result["data"], *reading, "--recipe", result["recipe"], *settings]
    return shlex.join([*words, "--seeds", str(len(result["seeds"])), "--split", result["split"], "--lang", lang])


def arm_name(name: str, t: Texts) -> str:
    """An arm's name in this language; its numbers stay."""
    number = r"\d+(?:\.\d+)?"
    found = t.tables["study"]["arms"].get(re.sub(number, "#", name))
    if found is None:
        return name
    for value in re.findall(number, name):
        found = found.replace("#", value, 1)
    return str(found)


def _subtitle(result: Mapping[str, Any], t: Texts) -> str:
    split = result["split"]
    named = t(f"splits.{split}") if split in t.tables["splits"] else split
    return t("study.subtitle", recipe=result["recipe"], seeds=len(result["seeds"]), n=f"{result['n']:,}", split=named)


def _answer(result: Mapping[str, Any], t: Texts) -> str:
    """Which arms differ from the first by more than chance."""
    first, *others = result["arms"]
    sentences = (
        [t("study.guessing", majority=f"{100 * result['majority']:.1f}", n=f"{result['n']:,}")]
        if _is_guessing(result)
        else []
    )
    for score in DIFFERENCES:
        told = {"score": t(f"study.score.{score}"), "first": arm_name(first["name"], t)}
        best = max(result["arms"], key=lambda arm: arm["mean"][score])
        sentences.append(
            t("study.best" if best is not first else "study.first", **told, best=arm_name(best["name"], t), mean=f"{100 * best['mean'][score]:.1f}",
              own=f"{100 * first['mean'][score]:.1f}")
        )  # fmt: skip
        up = [arm_name(arm["name"], t) for arm in others if _family(arm, score)[0] > 0]
        down = [arm_name(arm["name"], t) for arm in others if _family(arm, score)[1] < 0]
        if up:
            sentences.append(t("study.up", names=t("study.list").join(up), **told))
        if down:
            sentences.append(t("study.down", names=t("study.list").join(down), **told))
        if not up and not down:
            sentences.append(t("study.neither", **told))
    if result["study"] == "labels" and "majority" in first:
        means = {arm["name"]: 100 * sum(arm["majority"]) / len(arm["majority"]) for arm in result["arms"]}
        best = max(means, key=lambda name: means[name])
        sentences.append(
            t("study.majority", best=arm_name(best, t), mean=f"{means[best]:.1f}", first=arm_name(first["name"], t),
              own=f"{means[first['name']]:.1f}")
        )  # fmt: skip
    return t.joined(sentences)


def _is_guessing(result: Mapping[str, Any]) -> bool:
    """Whether no arm is right more often than always naming the most frequent class, by more than the rows' chance."""
    n = result["n"]
    best = max(arm["mean"]["accuracy"] for arm in result["arms"])
    return "majority" in result and metrics.wilson(round(best * n), n)[0] <= result["majority"]


def _family(arm: Mapping[str, Any], score: str) -> Sequence[float]:
    """The interval that holds for all arms at once; results of earlier versions have the arm's own only."""
    family = arm.get("family")
    return list(family[score] if family else arm["difference"][score][1:])


def _notes(result: Mapping[str, Any], t: Texts) -> list[str]:
    keys = ["budget", {1: "interval_one", 2: "interval_two"}.get(len(result["seeds"]), "interval"), "many"]
    if len(result["seeds"]) == 2:
        keys.insert(1, "interval")
    if result["study"] in ("ensemble", "imbalance", "early-stopping"):
        keys.append(result["study"])
    return [t(f"study.note.{key}") for key in keys]


def _scores_lead(result: Mapping[str, Any]) -> str:
    """What scores and differences are of, which depends on how many runs an arm has."""
    if result["study"] == "ensemble":
        return "scores_lead_choices"
    return "scores_lead" if len(result["seeds"]) > 1 else "scores_lead_one"


def _figures(arms: Sequence[Mapping[str, Any]], t: Texts) -> list[tuple[str, Any]]:
    """For each score, what it is called and the differences drawn."""
    if len(arms) < 2:
        return []
    names = [arm_name(arm["name"], t) for arm in arms[1:]]
    shown = []
    for score in DIFFERENCES:
        plot, title = study_plots.DifferencePlot(arms, score), t(f"study.score.{score}")
        drawn = svg.from_plot(
            lambda ax, plot=plot: plot.plot(ax, names=names, words=t.tables["study_plots"]),  # type: ignore[misc] # a default binds the loop's value
            680, 64 + 27 * len(names), prefix=f"difference-{score}", label=t("study.figure_label", score=title),
        )  # fmt: skip
        shown.append((t("study.figure", score=title, first=arm_name(arms[0]["name"], t)), markup(drawn)))
    return shown


def _curves(arms: Sequence[Mapping[str, Any]], t: Texts) -> Any:
    plot = study_plots.ArmCurvesPlot(arms)
    names = {name: arm_name(name, t) for name in plot.curves}
    drawn = svg.from_plot(
        lambda ax: plot.plot(ax, names=names, words=t.tables["study_plots"]),
        680,
        max(280, 60 + 18 * len(names)),
        prefix="curves",
        label=t("study.curves_label"),
    )
    return markup(drawn)


def _set_up(result: Mapping[str, Any], t: Texts) -> list[tuple[str, str]]:
    """What all arms have in common."""
    rows = {
        "recipe": " ".join([result["recipe"], *result["settings"]]),
        "seeds": ", ".join(map(str, result["seeds"])),
        "data": f"{result['data']}, {result['data_hash'][:12]}",
        "rows": t("study.rows", train=f"{result['train_rows']:,}", n=f"{result['n']:,}"),
        "device": f"{result['device_name'] or result['processor']}, {result['precision']}, {result['threads']}",
        "versions": f"mien {result['mien']}, torch {result['torch']}",
    }
    return [(t(f"study.set_up.{key}"), value) for key, value in rows.items()]


def _with_deviation(arm: Mapping[str, Any], score: str) -> str:
    mean = f"{100 * arm['mean'][score]:.1f}"
    return f"{mean} ± {100 * arm['sd'][score]:.1f}" if arm["sd"] else mean


def _difference(arm: Mapping[str, Any], score: str) -> str:
    if arm["difference"] is None:
        return "–"
    middle, low, high = (points(value, signed=True).replace("-", "−") for value in arm["difference"][score])
    return f"{middle} ({low} … {high})"


def _minutes(arm: Mapping[str, Any]) -> str:
    """Of one run, or of one answer that takes several, on average."""
    return minutes(sum(arm["minutes"]) / len(arm["minutes"])) if arm["minutes"] else "–"
