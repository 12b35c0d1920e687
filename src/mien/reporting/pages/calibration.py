"""The section on calibration: words, reliability diagrams and the risk-coverage curve, ready for the templates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.evaluation import metrics
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement
from mien.reporting import narrative, svg
from mien.reporting.pages import explore
from mien.reporting.pages.parts import Figure
from mien.reporting.pictures import markup
from mien.reporting.plots import scores
from mien.reporting.texts import Texts

SAME, SAME_LOSS = 0.002, 0.001
"""Calibration errors, and log-losses in nats, that differ by less are called the same."""


@dataclass(frozen=True)
class CalibrationSection:
    """Words, what the temperature changes (``""`` where that is not known), and figures."""

    text: str
    before: str
    figures: tuple[Figure, ...]


def calibration(judgement: Judgement, before: Evaluation | None, t: Texts) -> CalibrationSection:
    """Calibration of the model as it is and, where it has a temperature, without it.

    Args:
        judgement: the model's judgement.
        before: its evaluation without the temperature, or None.
        t: the texts.
    """
    temperature = judgement.record.temperature
    parts = {"after": judgement.evaluation}
    text = ""
    if before is not None and abs(temperature - 1) >= 0.005:
        parts = {"before": before, **parts}
        text = _temperature(judgement.evaluation, before, temperature, t)
    figures = []
    for key, evaluation in parts.items():
        caption = t(f"before.{key}") if len(parts) > 1 else t("calibration.caption")
        plot = scores.CalibrationPlot(evaluation)
        drawn = svg.from_plot(
            lambda ax, plot=plot: plot.plot(ax, words=t.tables["plots"]),  # type: ignore[misc] # a default binds the loop's value
            svg.NARROW,
            320,
            prefix=f"reliability-{key}",
            points=_bins(plot, t, is_judged=key == "after"),
            label=f"{t('calibration.label')}: {caption}",
        )
        figures.append(Figure(markup(drawn), caption))
    return CalibrationSection(narrative.calibration(judgement, t), text, (*figures, _coverage(judgement.evaluation, t)))


def _bins(plot: scores.CalibrationPlot, t: Texts, *, is_judged: bool) -> list[svg.Point]:
    """What each bin says, and its faces, if these are the predictions of the page."""
    found = []
    for number in plot.shown:
        n, confidence, accuracy = plot.bins[number]
        low, high = number / len(plot.bins), (number + 1) / len(plot.bins)
        last = number + 1 == len(plot.bins)  # a confidence of 1 belongs to the last bin
        faces = explore.select(low=low, high=2 if last else high) if is_judged else ""
        text = t("points.bin", n=int(n), confidence=confidence, accuracy=accuracy)
        found.append(svg.Point(confidence, accuracy, text, faces))
    return found


def _coverage(evaluation: Evaluation, t: Texts) -> Figure:
    plot = scores.CoveragePlot(evaluation)
    drawn = svg.from_plot(
        lambda ax: plot.plot(ax, words=t.tables["plots"]),
        svg.NARROW,
        320,
        prefix="coverage",
        points=_covered(plot, t),
        label=t("calibration.coverage_label"),
    )
    return Figure(markup(drawn), t("calibration.coverage"))


def _covered(plot: scores.CoveragePlot, t: Texts) -> list[svg.Point]:
    """Each twentieth of the faces."""
    num = len(plot.risk)
    rows = sorted({max(0, round(num * part / 20) - 1) for part in range(1, 21)})
    return [
        svg.Point(
            plot.coverage[row],
            plot.risk[row],
            t("points.coverage", n=row + 1, share=plot.coverage[row], risk=plot.risk[row], least=plot.confidence[row]),
        )
        for row in rows
        if row >= min(plot.fewest, num - 1)
    ]


def _temperature(after: Evaluation, before: Evaluation, temperature: float, t: Texts) -> str:
    """What the temperature changes, by calibration error and log-loss."""
    changes = {
        "calibration_error": (after.calibration_error - before.calibration_error) / SAME,
        "log_loss": (after.log_loss - before.log_loss) / SAME_LOSS,
    }
    better = [key for key, change in changes.items() if change <= -1]
    worse = [key for key, change in changes.items() if change >= 1]
    verdict = "mixed" if better and worse else "better" if better else "worse" if worse else "same"
    named = {"better": t(f"scores.{better[0]}"), "worse": t(f"scores.{worse[0]}")} if verdict == "mixed" else {}
    difference = after.log_loss - before.log_loss
    low, high = metrics.mean_interval(_losses(after) - _losses(before)) or (difference, difference)
    text = t(
        "before.text",
        difference=difference,
        low=low,
        high=high,
        temperature=temperature,
        confidence=before.probabilities.max(1).mean(),
        before=before.calibration_error,
        after=after.calibration_error,
        loss_before=before.log_loss,
        loss_after=after.log_loss,
    )
    return t.joined([text, t(f"before.{verdict}", **named)])


def _losses(evaluation: Evaluation) -> NDArray[np.float64]:
    """``(N,)`` each row's cross-entropy, in nats."""
    given = evaluation.probabilities[np.arange(len(evaluation)), evaluation.labels].astype(np.float64)
    losses: NDArray[np.float64] = -np.log(np.maximum(given, np.finfo(np.float64).eps))
    return losses
