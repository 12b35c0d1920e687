"""The result of a study, as text for the terminal and as one HTML file that opens offline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import mien
from mien import tables
from mien.evaluation import metrics
from mien.experiments.arms import Arm
from mien.experiments.results import ArmAnswers, ArmResult, StudyResult
from mien.reporting import svg
from mien.reporting.pages import explore
from mien.reporting.pages.explore import Explorer
from mien.reporting.pages.frame import commands, page_template, writer
from mien.reporting.pages.parts import Figure
from mien.reporting.pictures import markup
from mien.reporting.plots import study
from mien.reporting.plots.scores import wrapped
from mien.reporting.texts import Texts, cells

SHOWN = ("accuracy", "macro_f1", "balanced_accuracy", "worst_recall")
DIFFERENCES = ("accuracy", "balanced_accuracy")
"""Scores in the table, and those whose differences are drawn."""


def as_text(result: StudyResult, lang: str = "en") -> str:
    """The question, the answer and the arms as a table."""
    t = Texts(lang)
    table = tables.render(heads(t), cells_of_arms(result, t))
    return "\n\n".join([t(f"study.question.{result.study}"), subtitle(result, t), table, answer(result, t)])


def heads(t: Texts) -> list[str]:
    """The heads of the table of arms."""
    return [t("study.arm"), *(t(f"study.score.{score}") for score in SHOWN), t("study.against"), t("study.minutes")]


def cells_of_arms(result: StudyResult, t: Texts) -> list[list[str]]:
    """A row for each arm: its scores, its difference from the first, and its minutes."""
    return [
        [
            arm_name(arm.arm, t),
            *(_with_deviation(arm, score) for score in SHOWN),
            _difference(arm, "accuracy"),
            _minutes(arm),
        ]
        for arm in result.arms
    ]


def render(result: StudyResult, *, command: Sequence[str] = (), lang: str = "en", faces: bool = True) -> str:
    """The page as a string.

    Args:
        result: the result of ``studies.run``.
        command: arguments of the command line that reproduces the page.
        lang: a key of ``texts.LANGUAGES``.
        faces: whether the page has the evaluated faces, if they are known: results that were read from a file have none.

    Raises:
        OutputError: there is no such language.
        MissingExtraError: jinja2 or matplotlib isn't installed.
    """
    t = Texts(lang)
    result = result if faces else replace(result, answers=None)
    return page_template("study").render(
        t=t,
        version=mien.__version__,
        title=_title(result, t),
        question=t(f"study.question.{result.study}"),
        subtitle=subtitle(result, t),
        notes=_notes(result, t),
        study=section(result, t),
        set_up=_set_up(result, t),
        commands=commands(command),
        explorer=_explorer(result.answers, result, t) if result.answers else None,
        shows_faces=result.answers is not None,
    )


write = writer(render)


@dataclass(frozen=True)
class ArmRow:
    """An arm as shown: its name, its scores, minutes per run, epochs, and differences from the first arm.

    ``faces`` and ``changed`` are the queries of its predictions, and of those that differ from the first arm's; ``""`` without faces.
    """

    name: str
    scores: tuple[str, ...]
    minutes: str
    epochs: str
    differences: tuple[str, ...]
    faces: str = ""
    changed: str = ""


@dataclass(frozen=True)
class StudySection:
    """The answer, what scores and differences are, the arms and their settings, the differences and the curves as figures."""

    answer: str
    lead: str
    heads: tuple[str, ...]
    rows: tuple[ArmRow, ...]
    settings: tuple[tuple[str, tuple[str, ...]], ...]
    figures: tuple[Figure, ...]
    curves: str


def section(result: StudyResult, t: Texts) -> StudySection:
    """A study, ready for a page; ids within its figures are those of this study alone."""
    arms = result.arms
    return StudySection(
        answer=answer(result, t),
        lead=t(f"study.{_scores_lead(result)}"),
        heads=tuple(t(f"study.score.{score}") for score in SHOWN),
        rows=rows(result, t),
        settings=tuple((arm_name(one.arm, t), one.arm.settings) for one in arms if one.runs),
        figures=tuple(_figures(result, t)),
        curves=_curves(result, t),
    )


def rows(result: StudyResult, t: Texts) -> tuple[ArmRow, ...]:
    """The arms as shown."""
    return tuple(_row(number, arm, result, t) for number, arm in enumerate(result.arms))


def _row(number: int, arm: ArmResult, result: StudyResult, t: Texts) -> ArmRow:
    has_faces = result.answers is not None
    return ArmRow(
        name=arm_name(arm.arm, t),
        scores=tuple(_with_deviation(arm, score) for score in SHOWN),
        minutes=_minutes(arm),
        epochs="–".join(map(str, sorted({min(arm.epochs), max(arm.epochs)}))) if arm.epochs else "",
        differences=tuple(_difference(arm, score) for score in DIFFERENCES),
        faces=explore.select(by=number) if has_faces else "",
        changed=explore.select(by=number, than=0, side="changed") if has_faces else "",
    )


def _explorer(answers: ArmAnswers, result: StudyResult, t: Texts) -> Explorer:
    """The faces of the study, read by each arm with its first seed."""
    readings = [
        explore.Reading(arm_name(one.arm, t), answers.predicted[one.arm], answers.confidence.get(one.arm))
        for one in result.arms
    ]
    return explore.of_readings(answers.faces, answers.labels, answers.classes, readings, t)


def arm_name(arm: Arm, t: Texts) -> str:
    """The name of an arm."""
    return t(f"study.arms.{arm.key}", value=arm.value)


def _title(result: StudyResult, t: Texts) -> str:
    """What is studied, with which recipe and data."""
    name = t(f"study.name.{result.study}")
    return t("study.title", name=name, recipe=result.common.recipe, data=result.common.data)


def subtitle(result: StudyResult, t: Texts) -> str:
    """Recipe, seeds, rows and split."""
    split = result.split
    named = t(f"splits.{split}") if split in t.tables["splits"] else split
    return t("study.subtitle", recipe=result.common.recipe, seeds=len(result.seeds), n=result.n, split=named)


def answer(result: StudyResult, t: Texts) -> str:
    """The arms that differ significantly from the first."""
    first, *others = result.arms
    sentences = [t("study.guessing", majority=result.majority, n=result.n)] if _is_guessing(result) else []
    for score in DIFFERENCES:
        names = {"score": t(f"study.score.{score}"), "first": arm_name(first.arm, t)}
        best = max(result.arms, key=lambda arm: arm.compared.mean[score])
        sentences.append(
            t(
                "study.best" if best is not first else "study.first",
                **names,
                best=arm_name(best.arm, t),
                mean=best.compared.mean[score],
                own=first.compared.mean[score],
            )
        )
        up = [arm_name(arm.arm, t) for arm in others if _family(arm, score)[0] > 0]
        down = [arm_name(arm.arm, t) for arm in others if _family(arm, score)[1] < 0]
        if up:
            sentences.append(t("study.up", names=t("study.list").join(up), **names))
        if down:
            sentences.append(t("study.down", names=t("study.list").join(down), **names))
        if not up and not down:
            sentences.append(t("study.neither", **names))
    if result.study == "labels" and first.majority is not None:
        majorities = {one.arm: sum(one.majority) / len(one.majority) for one in result.arms if one.majority}
        top = max(majorities, key=lambda arm: majorities[arm])
        sentences.append(
            t(
                "study.majority",
                best=arm_name(top, t),
                mean=majorities[top],
                first=arm_name(first.arm, t),
                own=majorities[first.arm],
            )
        )
    return t.joined(sentences)


def _is_guessing(result: StudyResult) -> bool:
    """Whether no arm is significantly better than always predicting the most frequent class."""
    n = result.n
    best = max(arm.compared.mean["accuracy"] for arm in result.arms)
    return metrics.wilson(best * n, n)[0] <= result.majority


def _family(arm: ArmResult, score: str) -> Sequence[float]:
    """The simultaneous interval for all arms."""
    assert arm.compared.family is not None
    return arm.compared.family[score]


def _notes(result: StudyResult, t: Texts) -> list[str]:
    keys = ["budget", {1: "interval_one", 2: "interval_two"}.get(len(result.seeds), "interval"), "many"]
    if len(result.seeds) == 2:
        keys.insert(1, "interval")
    if result.study in ("ensemble", "imbalance", "early-stopping"):
        keys.append(result.study)
    return [t(f"study.note.{key}") for key in keys]


def _scores_lead(result: StudyResult) -> str:
    """What scores and differences are of, which depends on how many runs an arm has."""
    if result.study == "ensemble":
        return "scores_lead_choices"
    return "scores_lead" if len(result.seeds) > 1 else "scores_lead_one"


def _figures(result: StudyResult, t: Texts) -> list[Figure]:
    """The differences in each score."""
    arms = result.arms
    if len(arms) < 2:
        return []
    names = [wrapped(arm_name(arm.arm, t)) for arm in arms[1:]]
    shown = []
    for score in DIFFERENCES:
        plot, title = study.DifferencePlot(arms, score), t(f"study.score.{score}")
        drawn = svg.from_plot(
            lambda ax, plot=plot: plot.plot(ax, names=names, words=t.tables["study_plots"]),  # type: ignore[misc] # a default binds the loop's value
            svg.NARROW,
            100 + sum(10 + 15 * (1 + name.count("\n")) for name in names),
            prefix=f"{result.study}-{score}",
            points=_points(result, plot, score, t),
            label=t("study.figure_label", score=title),
        )
        shown.append(Figure(markup(drawn), t("study.figure", score=title, first=arm_name(arms[0].arm, t))))
    return shown


def _points(result: StudyResult, plot: study.DifferencePlot, score: str, t: Texts) -> list[svg.Point]:
    """The difference of each arm, with that of each seed."""
    points = []
    for place, arm in enumerate(result.arms[1:]):
        values = {
            "name": arm_name(arm.arm, t),
            "score": t(f"study.score.{score}"),
            "difference": _difference(arm, score),
            "n": result.n,
        }
        seeds = t("page.list").join(cells.true_minus(cells.signed(value)) for value in plot.seeds[place])
        text = t("points.arm", seeds=seeds, **values) if len(plot.seeds[place]) > 1 else t("points.arm_alone", **values)
        points.append(svg.Point(plot.values[place, 0], place, text))
    return points


def _curves(result: StudyResult, t: Texts) -> str:
    plot = study.ArmCurvesPlot(result.arms)
    names = {arm: arm_name(arm, t) for arm in plot.curves}
    drawn = svg.wide(
        lambda ax: plot.plot(ax, names=names, words=t.tables["study_plots"]),
        240 + 7 * len(names),
        prefix=f"{result.study}-curves",
        points=[
            svg.Point(epoch, accuracy, t("points.curve", name=names[arm], epoch=epoch, accuracy=accuracy))
            for arm, curve in plot.curves.items()
            for epoch, accuracy in enumerate(curve, 1)
        ],
        label=t("study.curves_label"),
    )
    return markup(drawn)


def _set_up(result: StudyResult, t: Texts) -> list[tuple[str, str]]:
    """The common settings of all arms."""
    rows = {
        "recipe": " ".join([result.common.recipe, *result.common.settings]),
        "seeds": ", ".join(map(str, result.seeds)),
        "data": f"{result.common.data}, {result.common.data_hash[:12]}",
        "rows": t("study.rows", train=result.common.train_rows, n=result.n),
        "device": f"{result.common.machine}, {result.common.setup.precision}, {result.common.setup.threads}",
        "versions": f"mien {result.mien}, torch {result.common.setup.torch}",
    }
    return [(t(f"study.set_up.{key}"), value) for key, value in rows.items()]


def _with_deviation(arm: ArmResult, score: str) -> str:
    mean = cells.points(arm.compared.mean[score])
    return f"{mean} ± {cells.points(arm.compared.sd[score])}" if arm.compared.sd else mean


def _difference(arm: ArmResult, score: str) -> str:
    if arm.compared.difference is None:
        return cells.DASH
    middle, low, high = (cells.true_minus(cells.points(x, signed=True)) for x in arm.compared.difference[score])
    return f"{middle} ({low} … {high})"


def _minutes(arm: ArmResult) -> str:
    """Of one run, or of one answer that takes several, on average."""
    return cells.minutes(sum(arm.minutes) / len(arm.minutes)) if arm.minutes else cells.DASH
