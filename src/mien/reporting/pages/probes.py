"""The sections on calibration, saliency, robustness and annotators, with plots and texts for the templates."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien import emotions
from mien.evaluation import metrics
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement
from mien.evaluation.probing import saliency
from mien.evaluation.probing.findings import Findings
from mien.evaluation.probing.robustness import Curve
from mien.evaluation.probing.saliency import Looks
from mien.evaluation.voters import Agreement
from mien.reporting import narrative, svg
from mien.reporting.pictures import face_url, heat_url, markup
from mien.reporting.plots import probing, scores
from mien.reporting.texts import Texts, percent
from mien.words import points as plain_points

SAME, SAME_LOSS = 0.002, 0.001
"""Smaller differences of calibration errors, or of log-losses in nats, count as equal."""


def calibration(judgement: Judgement, before: Evaluation | None, t: Texts) -> dict[str, Any]:
    """Calibration: words and reliability diagrams, of the model as it is and, where it has a temperature, without it."""
    temperature = judgement.record.temperature
    parts = {"after": judgement.evaluation}
    text = ""
    if before is not None and abs(temperature - 1) >= 0.005:
        parts = {"before": before, **parts}
        text = _temperature(judgement.evaluation, before, temperature, t)
    figures = []
    for key, evaluation in parts.items():
        plot, caption = (
            scores.CalibrationPlot(evaluation),
            t(f"before.{key}") if len(parts) > 1 else t("calibration.caption"),
        )
        drawn = svg.from_plot(
            lambda ax, plot=plot: plot.plot(ax, words=t.tables["plots"]),  # type: ignore[misc] # a default binds the loop's value
            320,
            320,
            prefix=f"reliability-{key}",
            label=f"{t('calibration.label')}: {caption}",
        )
        figures.append((markup(drawn), caption))
    coverage = scores.CoveragePlot(judgement.evaluation)
    drawn = svg.from_plot(
        lambda ax: coverage.plot(ax, words=t.tables["plots"]),
        320,
        320,
        prefix="coverage",
        label=t("calibration.coverage_label"),
    )
    figures.append((markup(drawn), t("calibration.coverage")))
    return {"text": narrative.calibration(judgement, t), "before": text, "figures": figures}


def _temperature(after: Evaluation, before: Evaluation, temperature: float, t: Texts) -> str:
    changes = {
        "calibration_error": (after.calibration_error - before.calibration_error) / SAME,
        "log_loss": (after.log_loss - before.log_loss) / SAME_LOSS,
    }
    better = [key for key, change in changes.items() if change <= -1]
    worse = [key for key, change in changes.items() if change >= 1]
    verdict = "mixed" if better and worse else "better" if better else "worse" if worse else "same"
    named = {"better": t(f"scores.{better[0]}"), "worse": t(f"scores.{worse[0]}")} if verdict == "mixed" else {}
    change = metrics.mean_interval(_losses(after) - _losses(before)) or (after.log_loss - before.log_loss,) * 2
    told = t(
        "before.text",
        difference=_signed(after.log_loss - before.log_loss),
        low=_signed(change[0]),
        high=_signed(change[1]),
        temperature=f"{temperature:.2f}",
        confidence=percent(before.probabilities.max(1).mean()),
        before=points(before.calibration_error),
        after=points(after.calibration_error),
        loss_before=f"{before.log_loss:.3f}",
        loss_after=f"{after.log_loss:.3f}",
    )
    return t.joined([told, t(f"before.{verdict}", **named)])


def _losses(evaluation: Evaluation) -> NDArray[np.float64]:
    """``(N,)`` each row's cross-entropy, in nats."""
    given = evaluation.probabilities[np.arange(len(evaluation)), evaluation.labels].astype(np.float64)
    losses: NDArray[np.float64] = -np.log(np.maximum(given, np.finfo(np.float64).eps))
    return losses


def _signed(value: float) -> str:
    return f"{round(value, 3) + 0.0:+.3f}".replace("-", "−")


def sections(judgement: Judgement, findings: Findings | None, t: Texts) -> dict[str, Any]:
    """The sections by name; None where what they tell was not found out."""
    if findings is None:
        return {"looks": None, "robust": None, "voters": None}
    return {
        "looks": looks(judgement, findings.saliency, t) if findings.saliency else None,
        "robust": robust(judgement.evaluation, findings.curves, t) if findings.curves else None,
        "voters": voters(findings.agreement, t) if findings.agreement else None,
    }


def looks(judgement: Judgement, found: Looks, t: Texts) -> dict[str, Any]:
    """Saliency: a mean map per class, by RISE and, if available, by Grad-CAM, and single faces."""
    rows = saliency.as_rows(found, judgement.evaluation)
    means = [_mean(judgement, found, found.maps, row, t) for row in rows]
    gradients = []
    if found.gradients is not None:
        peaks = found.gradients.max((1, 2), keepdims=True)
        alike = found.gradients / np.maximum(peaks, np.finfo(np.float32).tiny)  # their scale differs from face to face
        gradients = [{**_mean(judgement, found, alike, row, t), "note": t("looks.tile", n=row["n"])} for row in rows]
    return {
        "lead": t("looks.lead", masks=saliency.NUM_MASKS),
        "text": _heights(rows, t) if rows else t("looks.none"),
        "means": means,
        "gradients": gradients,
        "singles": _singles(judgement, found, t),
    }


def _mean(
    judgement: Judgement, found: Looks, maps: NDArray[np.float32], row: dict[str, Any], t: Texts
) -> dict[str, str]:
    """The tile of one class: the mean of its maps over the mean of its faces."""
    evaluation, name = judgement.evaluation, row["class"]
    places = found.of_class(evaluation.labels, evaluation.classes.index(name))
    face = judgement.faces.images[found.rows[places]].mean(0).round().astype(np.uint8)
    below = row["share_below_middle"]
    note = (
        t("looks.gain_flat", n=row["n"])
        if below is None
        else t("looks.gain", n=row["n"], gain=points(row["largest_gain"]), below=below)
    )
    return {
        "address": heat_url(face, maps[places].mean(0)),
        "alt": t("looks.label", name=t.named(name)),
        "title": t.named(name),
        "note": note,
    }


def _heights(rows: list[dict[str, Any]], t: Texts) -> str:
    """The classes with the highest and the lowest saliency in the face; empty with fewer than two classes."""
    known = sorted((row["share_below_middle"], row["class"]) for row in rows if row["share_below_middle"] is not None)
    if len(known) < 2 or known[0][0] == known[-1][0]:
        return ""
    (high_share, high), (low_share, low) = known[0], known[-1]
    return t(
        "looks.below",
        lowest=t.named(high),
        lowest_share=high_share,
        highest=t.named(low),
        highest_share=low_share,
        even=1 - saliency.MIDDLE,
    )


def _singles(judgement: Judgement, found: Looks, t: Texts) -> list[dict[str, str]]:
    """One correctly predicted face of each class, of medium confidence, and the most confident error of each."""
    evaluation = judgement.evaluation
    chosen = []
    for code in range(len(evaluation.classes)):
        right = found.of_class(evaluation.labels, code)
        wrong = np.flatnonzero(~found.is_right & (evaluation.labels[found.rows] == code))
        chosen += [*right[len(right) // 2 : len(right) // 2 + 1], *wrong[:1]]
    shown = []
    for place in chosen:
        row = found.rows[place]
        names = {
            "true": t.named(evaluation.classes[evaluation.labels[row]]),
            "predicted": t.named(evaluation.classes[evaluation.predicted[row]]),
        }
        shown.append(
            {
                "face": face_url(judgement.faces.images[row]),
                "face_alt": t("looks.face_alt", **names),
                "address": heat_url(judgement.faces.images[row], found.maps[place]),
                "alt": t("looks.single_alt", **names),
                "title": t("looks.single", **names, confidence=float(evaluation.probabilities[row].max())),
                "kind": "" if found.is_right[place] else "wrong",
            }
        )
    return shown


def robust(evaluation: Evaluation, curves: tuple[Curve, ...], t: Texts) -> dict[str, Any]:
    """Robustness: one small plot per corruption, and a table of the losses."""
    first = curves[0]
    support = first.support[first.support > 0]
    drops = {curve.corruption.name: curve.drop for curve in curves}
    low, high = first.intervals[first.clean]
    text = [
        t(
            "robust.lead",
            n=support.sum(),
            each=support.max(),
            num=len(curves),
            clean=first.accuracy[first.clean],
            low=low,
            high=high,
            accuracy=evaluation.accuracy,
            balanced=evaluation.balanced_accuracy,
        ),
        _most_and_least(drops, t),
    ]
    if {"eyes", "mouth"} <= drops.keys():
        text.append(t("robust.parts", eyes=points(drops["eyes"]), mouth=points(drops["mouth"])))
    return {
        "text": t.joined(text),
        "figures": [_curve(curve, evaluation, t) for curve in curves],
        "classes": [
            (t.named(name), emotions.colour(name))
            for name, n in zip(evaluation.classes, first.support, strict=True)
            if n
        ],
        "rows": [_row(curve, evaluation, t) for curve in sorted(curves, key=lambda curve: -curve.drop)],
        "small": t(
            "robust.small",
            num=t.between(f"{support.min():,}", f"{support.max():,}"),
            within=t.between(_within(support.max()), _within(support.min())),
        ),
    }


def _most_and_least(drops: dict[str, float], t: Texts) -> str:
    """The corruptions with the largest and the smallest loss."""
    most, least = max(drops, key=drops.__getitem__), min(drops, key=drops.__getitem__)
    if drops[most] <= 0:
        return t("robust.worst_none")
    told = {"name": t(f"robust.name.{most}"), "drop": points(drops[most])}
    if len(drops) == 1:
        return t("robust.worst_one", **told)
    return t("robust.worst", **told, least=t(f"robust.name.{least}"), least_drop=points(drops[least]))


def _within(num: int) -> str:
    """To within how many points a recall about a half is known from so many faces: half the width of its 95% interval."""
    low, high = metrics.wilson(int(num) // 2, int(num))
    return f"{50 * (high - low):.0f}"


def _curve(curve: Curve, evaluation: Evaluation, t: Texts) -> tuple[Any, str, str]:
    name = curve.corruption.name
    plot, shown = probing.RobustnessPlot(curve, evaluation.classes), t(f"robust.name.{name}")
    drawn = svg.from_plot(
        lambda ax: plot.plot(ax), 230, 160, prefix=f"robust-{name}", label=t("robust.label", name=shown)
    )
    return markup(drawn), shown, t(f"robust.unit.{name}")


def _row(curve: Curve, evaluation: Evaluation, t: Texts) -> list[str]:
    """Name, lowest accuracy, where it is, what is read most often there, mean loss, and the class that loses most with its loss."""
    severity, accuracy = curve.worst
    hurt, (favourite, share) = curve.hurt_most, curve.favourite
    return [
        t(f"robust.name.{curve.corruption.name}"),
        percent(accuracy),
        probing.number(severity),
        t("robust.favourite_value", name=t.named(evaluation.classes[favourite]), share=share),
        points(curve.drop),
        t("robust.hurt_value", name=t.named(evaluation.classes[hurt]), drop=points(curve.class_drops[hurt]))
        if curve.class_drops[hurt] > 0
        else t("page.skip"),
    ]


def voters(agreement: Agreement, t: Texts) -> dict[str, Any]:
    """Agreement with human annotators: words, and confidence and accuracy over the annotators' agreement."""
    distance = t(
        "voters.distance",
        distance=f"{agreement.distance:.2f}",
        label_distance=f"{agreement.label_distance:.2f}",
        cross=f"{agreement.cross_entropy:.2f}",
        own=f"{agreement.vote_entropy:.2f}",
    )
    plot = probing.AgreementPlot(agreement)
    drawn = svg.from_plot(
        lambda ax: plot.plot(ax, words=t.tables["probe_plots"]), 600, 270, prefix="voters", label=t("voters.picture")
    )
    text = [*_majorities(agreement, t), t.joined([_entropies(agreement, t), distance])]
    return {"text": text, "figure": (markup(drawn), t("voters.caption"))}


def _majorities(agreement: Agreement, t: Texts) -> list[str]:
    """Agreement of the model with the majority of annotators; empty if no row has a majority."""
    clear, (majority, (low, high)) = agreement.n - agreement.num_tied, agreement.against_majority
    if not clear:
        return []
    lead = t(
        "voters.lead",
        n=f"{agreement.n:,}",
        clear=f"{clear:,}",
        tied=f"{agreement.num_tied:,}",
        majority=percent(majority),
        low=percent(low),
        high=percent(high),
        labels=percent(agreement.against_labels[0]),
        agree=percent(agreement.labels_right[0]),
    )
    behind, ahead = agreement.nearer_people
    nearer = "people" if behind > 0 else "label" if ahead < 0 else "alike"
    return [t.joined([lead, t(f"voters.{nearer}")])]


def _entropies(agreement: Agreement, t: Texts) -> str:
    """The correlation of the model's entropy with the annotators'."""
    if not (agreement.spearman and agreement.pearson):
        return t("voters.doubt_none")
    (spearman, inner), (pearson, outer) = agreement.spearman, agreement.pearson
    return t(
        "voters.doubt",
        spearman=f"{spearman:.2f}",
        spearman_low=f"{inner[0]:.2f}",
        spearman_high=f"{inner[1]:.2f}",
        pearson=f"{pearson:.2f}",
        pearson_low=f"{outer[0]:.2f}",
        pearson_high=f"{outer[1]:.2f}",
    )


def points(share: float) -> str:
    """A share as points out of a hundred, with one decimal."""
    return plain_points(share).replace("-", "−")
