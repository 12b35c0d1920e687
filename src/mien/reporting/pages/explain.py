"""Analysis of a model's errors: one HTML page that opens offline, and a summary for the terminal. It needs no run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

import mien
from mien import files, tables
from mien.checks import checked
from mien.evaluation.judge import Judgement
from mien.evaluation.probing.findings import Findings
from mien.reporting import narrative
from mien.reporting.pages import probes, report, sections
from mien.reporting.texts import Texts, percent, points


@checked
def write(
    path: str | os.PathLike[str],
    judgement: Judgement,
    findings: Findings,
    *,
    command: Sequence[str] = (),
    lang: str = "en",
) -> None:
    """Write the page; the write is atomic.

    Args:
        path: the HTML file.
        judgement: the evaluation of a model.
        findings: the analyses of its errors.
        command: arguments of the command line that reproduces the page.
        lang: a key of ``texts.LANGUAGES``.

    Raises:
        OutputError: there is no such language, or the file can't be written.
        MissingExtraError: jinja2 or matplotlib isn't installed.
    """
    files.write_text(path, render(judgement, findings, command=command, lang=lang))


def render(judgement: Judgement, findings: Findings, *, command: Sequence[str] = (), lang: str = "en") -> str:
    """The page as a string; see ``write``."""
    t, template = Texts(lang), report.page_template("explain")
    evaluation, told = judgement.evaluation, judgement.record
    low, high = map(percent, evaluation.accuracy_interval)
    num_right = int(np.trace(evaluation.confusion))
    n, split = f"{len(evaluation):,}", narrative.split_name(judgement, t)
    page = template.render(
        t=t,
        version=mien.__version__,
        title=t("explain.title"),
        subtitle=t("explain.subtitle", model=sections.model_name(told.model), n=n, split=split),
        scores=sections.scores(evaluation, t),
        summary=t("explain.head", right=num_right, n=n, accuracy=evaluation.accuracy, low=low, high=high),
        warnings_and_notes=(narrative.warnings_of(judgement, t), narrative.reading_notes(judgement, t)),
        provenance=sections.judged(judgement, t),
        calibration=probes.calibration(judgement, findings.before, t),
        commands=report.commands(command),
        **probes.sections(judgement, findings, t),
    )
    return str(page) + "\n"


def as_text(judgement: Judgement, findings: Findings) -> str:
    """The findings as text and tables for the terminal."""
    evaluation, record = judgement.evaluation, judgement.record
    head = f"{record.model} on {record.data}, split {record.split}, n = {len(evaluation):,}{', flip' if record.flip else ''}"
    parts = [f"{head}: accuracy {percent(evaluation.accuracy, 2)} ({_ends(evaluation.accuracy_interval)})"]
    figures = findings.to_dict(judgement)
    before, after = figures["calibration"]["before"], figures["calibration"]["after"]
    parts.append(
        f"calibration error {percent(before['calibration_error'], 2)} ({_ends(before['calibration_error_interval'])}) before the "
        f"temperature of {record.temperature:.3f}, {percent(after['calibration_error'], 2)} "
        f"({_ends(after['calibration_error_interval'])}) after; log-loss {before['log_loss']:.4f}, {after['log_loss']:.4f}"
    )
    if findings.saliency:
        parts.append(
            tables.render(["class", "faces", "largest gain", "share below the middle"], _saliency(figures["saliency"]))
        )
    if findings.curves:
        heads = ["corruption", "points lost", "lowest accuracy", "at", "unit", "mostly predicted", "largest loss"]
        parts.append(tables.render(heads, [_curve(curve, evaluation.classes) for curve in findings.curves]))
    if findings.agreement:
        parts.append(_voters(figures["voters"]))
    return "\n\n".join(parts)


def _saliency(rows: list[dict[str, Any]]) -> list[list[str]]:
    return [
        [row["class"], str(row["n"]), f"{row['largest_gain']:.3f}", _share(row["share_below_middle"])] for row in rows
    ]


def _curve(curve: Any, classes: tuple[str, ...]) -> list[str]:
    severity, accuracy = curve.worst
    hurt = (
        f"{classes[curve.hurt_most]} ({points(curve.class_drops[curve.hurt_most])})"
        if curve.class_drops[curve.hurt_most] > 0
        else "–"
    )
    favourite, share = curve.favourite
    said = f"{classes[favourite]} ({percent(share, 0)})"
    return [
        curve.corruption.name,
        points(curve.drop),
        percent(accuracy),
        f"{severity:g}",
        curve.corruption.unit,
        said,
        hurt,
    ]


def _voters(agreement: dict[str, Any]) -> str:
    spearman = agreement["entropy_spearman"]
    correlation = "undefined"
    if spearman:
        low, high = spearman["interval"]
        correlation = f"{spearman['value']:.3f} ({low:.3f} to {high:.3f})"
    shares = {key: _interval(agreement[key]) for key in agreement if key.endswith(("_majority", "_labels"))}
    return (
        f"annotators: n = {agreement['n']:,}, {agreement['num_tied']:,} tied; accuracy against the majority "
        f"{shares['accuracy_against_majority']}, against labels {shares['accuracy_against_labels']}, "
        f"labels against the majority {shares['labels_against_majority']}; Spearman's correlation of entropies {correlation}; "
        f"mean Jensen-Shannon distance {agreement['js_distance']:.3f}"
    )


def _interval(share: dict[str, Any]) -> str:
    """A share with its interval."""
    value = share["value"]
    return _share(value) if value is None else f"{percent(value)} ({_ends(share['interval'])})"


def _ends(interval: Sequence[float]) -> str:
    return f"{percent(interval[0])} to {percent(interval[1])}"


def _share(value: float | None) -> str:
    return "-" if value is None else percent(value)
