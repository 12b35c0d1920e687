"""The sections on saliency, robustness and agreement with human annotators, ready for the templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mien.evaluation import metrics
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement
from mien.evaluation.probing import saliency
from mien.evaluation.probing.findings import Findings
from mien.evaluation.probing.robustness import Curve
from mien.evaluation.probing.saliency import ClassSaliency, SaliencyMaps
from mien.evaluation.voters import Agreement
from mien.reporting import svg
from mien.reporting.pages import explore
from mien.reporting.pages.parts import Figure, HeatCell, HeatRow, HeatTable, Tile
from mien.reporting.pictures import face_url, heat_url, markup
from mien.reporting.plots import probing
from mien.reporting.texts import Texts, cells

FULL_LOSS = 0.6
"""Mean loss of recall from which a cell has the full colour."""


@dataclass(frozen=True)
class SingleFace:
    """A face and, beside it, the face under its saliency map; ``kind`` is ``"wrong"`` for an error, else ``""``."""

    face: str
    face_alt: str
    address: str
    alt: str
    title: str
    kind: str


@dataclass(frozen=True)
class SaliencySection:
    """Words, mean maps per class by RISE and by Grad-CAM (empty without the network), and single faces."""

    lead: str
    text: str
    means: tuple[Tile, ...]
    gradients: tuple[Tile, ...]
    singles: tuple[SingleFace, ...]


@dataclass(frozen=True)
class CorruptionRow:
    """One corruption in numbers, as shown.

    Attributes:
        name: of the corruption.
        worst, severity: lowest accuracy, and at which severity.
        favourite: the class that is predicted most often there, and its share.
        drop: mean loss of accuracy, in points.
        hurt: the class whose recall loses most, with its loss.
    """

    name: str
    worst: str
    severity: str
    favourite: str
    drop: str
    hurt: str


@dataclass(frozen=True)
class RobustnessSection:
    """Words, the losses by corruption and class, a row per corruption, and a note on small numbers."""

    text: str
    losses: HeatTable
    rows: tuple[CorruptionRow, ...]
    small: str


@dataclass(frozen=True)
class VotersSection:
    """Paragraphs, and a figure of confidence and accuracy by agreement."""

    text: tuple[str, ...]
    figure: Figure


@dataclass(frozen=True)
class ProbeSections:
    """The sections; None where the findings do not cover one."""

    saliency: SaliencySection | None = None
    robust: RobustnessSection | None = None
    voters: VotersSection | None = None


def sections(judgement: Judgement, findings: Findings | None, t: Texts) -> ProbeSections:
    """The sections that the findings cover."""
    if findings is None:
        return ProbeSections()
    return ProbeSections(
        saliency=saliency_section(judgement, findings.saliency, t) if findings.saliency else None,
        robust=robustness_section(judgement.evaluation, findings.curves, t) if findings.curves else None,
        voters=voters_section(findings.agreement, t) if findings.agreement else None,
    )


def saliency_section(judgement: Judgement, found: SaliencyMaps, t: Texts) -> SaliencySection:
    """A mean map per class, by RISE and by Grad-CAM where there is one, and single faces."""
    rows = saliency.by_class(found, judgement.evaluation)
    gradients: list[Tile] = []
    if found.gradients is not None:
        peaks = found.gradients.max((1, 2), keepdims=True)
        scaled = found.gradients / np.maximum(peaks, np.finfo(np.float32).tiny)  # their scale differs from face to face
        tiles = [_mean(judgement, found, scaled, row, t) for row in rows]
        gradients = [replace(tile, note=t("saliency.tile", n=row.n)) for tile, row in zip(tiles, rows, strict=True)]
    return SaliencySection(
        lead=t("saliency.lead", masks=saliency.NUM_MASKS),
        text=_heights(rows, t) if rows else t("saliency.none"),
        means=tuple(_mean(judgement, found, found.maps, row, t) for row in rows),
        gradients=tuple(gradients),
        singles=tuple(_singles(judgement, found, t)),
    )


def _mean(judgement: Judgement, found: SaliencyMaps, maps: NDArray[np.float32], row: ClassSaliency, t: Texts) -> Tile:
    """The tile of one class: the mean of its maps over the mean of its faces."""
    evaluation = judgement.evaluation
    places = found.of_class(evaluation.labels, evaluation.classes.index(row.name))
    face = judgement.faces.images[found.rows[places]].mean(0).round().astype(np.uint8)
    note = (
        t("saliency.gain_flat", n=row.n)
        if row.share_below_middle is None
        else t("saliency.gain", n=row.n, gain=row.largest_gain, below=row.share_below_middle)
    )
    name = t.named(row.name)
    return Tile(heat_url(face, maps[places].mean(0)), t("saliency.label", name=name), name, note)


def _heights(rows: list[ClassSaliency], t: Texts) -> str:
    """For which classes the map is highest up and lowest down; empty where fewer than two can be compared."""
    known = sorted((row.share_below_middle, row.name) for row in rows if row.share_below_middle is not None)
    if len(known) < 2 or known[0][0] == known[-1][0]:
        return ""
    (high_share, high), (low_share, low) = known[0], known[-1]
    return t(
        "saliency.below",
        lowest=t.named(high),
        lowest_share=high_share,
        highest=t.named(low),
        highest_share=low_share,
        even=1 - saliency.MIDDLE,
    )


def _singles(judgement: Judgement, found: SaliencyMaps, t: Texts) -> list[SingleFace]:
    """One correctly predicted face of each class, of medium confidence, and the most confident error of each."""
    evaluation = judgement.evaluation
    chosen: list[np.int64] = []
    for code in range(len(evaluation.classes)):
        right = found.of_class(evaluation.labels, code)
        wrong = np.flatnonzero(~found.is_right & (evaluation.labels[found.rows] == code))
        chosen += [*right[len(right) // 2 : len(right) // 2 + 1], *wrong[:1]]
    faces = []
    for place in chosen:
        row = found.rows[place]
        names = {
            "true": t.named(evaluation.classes[evaluation.labels[row]]),
            "predicted": t.named(evaluation.classes[evaluation.predicted[row]]),
        }
        faces.append(
            SingleFace(
                face=face_url(judgement.faces.images[row]),
                face_alt=t("saliency.face_alt", **names),
                address=heat_url(judgement.faces.images[row], found.maps[place]),
                alt=t("saliency.single_alt", **names),
                title=t("saliency.single", **names, confidence=float(evaluation.probabilities[row].max())),
                kind="" if found.is_right[place] else "wrong",
            )
        )
    return faces


def robustness_section(evaluation: Evaluation, curves: tuple[Curve, ...], t: Texts) -> RobustnessSection:
    """The losses by corruption and class, and a table of the corruptions, the worst first."""
    support = curves[0].support[curves[0].support > 0]
    numbers = {curve.corruption.name: number for number, curve in enumerate(curves, 1)}  # of the explorer's readings
    curves = tuple(sorted(curves, key=lambda curve: -curve.drop))
    return RobustnessSection(
        text=t.joined(_robustness_text(evaluation, curves, t)),
        losses=_losses(curves, numbers, evaluation, t),
        rows=tuple(_row(curve, evaluation, t) for curve in curves),
        small=t(
            "robust.small",
            num=t.between(cells.count(support.min()), cells.count(support.max())),
            within=t.between(_within(support.max()), _within(support.min())),
        ),
    )


def _robustness_text(evaluation: Evaluation, curves: tuple[Curve, ...], t: Texts) -> list[str]:
    """How many faces were corrupted in how many ways, and which corruption costs most."""
    first, drops = curves[0], {curve.corruption.name: curve.drop for curve in curves}
    support, (low, high) = first.support[first.support > 0], first.intervals[first.clean]
    lead = t(
        "robust.lead",
        n=support.sum(),
        each=support.max(),
        num=len(curves),
        clean=first.accuracy[first.clean],
        low=low,
        high=high,
        accuracy=evaluation.accuracy,
        balanced=evaluation.balanced_accuracy,
    )
    text = [lead, _most_and_least(drops, t)]
    if {"eyes", "mouth"} <= drops.keys():
        text.append(t("robust.parts", eyes=drops["eyes"], mouth=drops["mouth"]))
    return text


def _most_and_least(drops: dict[str, float], t: Texts) -> str:
    """The corruptions with the largest and the smallest loss."""
    most, least = max(drops, key=drops.__getitem__), min(drops, key=drops.__getitem__)
    if drops[most] <= 0:
        return t("robust.worst_none")
    name = t(f"robust.name.{most}")
    if len(drops) == 1:
        return t("robust.worst_one", name=name, drop=drops[most])
    other = t(f"robust.name.{least}")
    return t("robust.worst", name=name, drop=drops[most], least=other, least_drop=drops[least])


def _within(num: int) -> str:
    """Half the width, in points, of the 95% interval of a recall of one half on so many faces."""
    low, high = metrics.wilson(int(num) // 2, int(num))
    return cells.decimal(50 * (high - low), 0)


def _losses(curves: tuple[Curve, ...], numbers: Mapping[str, int], evaluation: Evaluation, t: Texts) -> HeatTable:
    """Mean loss of accuracy and of each class's recall under each corruption, in points."""
    codes = np.flatnonzero(curves[0].support).tolist()
    rows = []
    for curve in curves:
        name = t(f"robust.name.{curve.corruption.name}")
        worst = curve.hurt_most if curve.class_drops[curve.hurt_most] > 0 else None
        number = numbers[curve.corruption.name]
        total = _loss(curve.drop, t("robust.total", name=name, drop=curve.drop))
        losses = [replace(total, faces=explore.select(by=number, than=0))]
        for code in codes:
            shown = _loss(float(curve.class_drops[code]), _in_words(curve, code, evaluation, t))
            faces = explore.select(true=code, by=number, than=0)
            losses.append(replace(shown, is_marked=code == worst, faces=faces))
        rows.append(HeatRow(name, tuple(losses), title=t(f"robust.unit.{curve.corruption.name}")))
    heads = (t("robust.all"), *t.names([evaluation.classes[code] for code in codes]))
    return HeatTable(t("robust.label"), t("robust.kind"), heads, tuple(rows), t("robust.caption"))


def _loss(drop: float, title: str) -> HeatCell:
    shown = cells.true_minus(cells.decimal(round(100 * drop) + 0.0, 0))
    return HeatCell(shown, shade=-min(1.0, drop / FULL_LOSS), title=title)


def _in_words(curve: Curve, code: int, evaluation: Evaluation, t: Texts) -> str:
    place = int(curve.recall[:, code].argmin())
    return t(
        "robust.cell",
        name=t(f"robust.name.{curve.corruption.name}"),
        label=t.named(evaluation.classes[code]),
        clean=curve.recall[curve.clean, code],
        lowest=curve.recall[place, code],
        severity=probing.number(curve.corruption.severities[place]),
        n=int(curve.support[code]),
    )


def _row(curve: Curve, evaluation: Evaluation, t: Texts) -> CorruptionRow:
    severity, accuracy = curve.worst
    hurt, (favourite, share) = curve.hurt_most, curve.favourite
    loss = float(curve.class_drops[hurt])
    return CorruptionRow(
        name=t(f"robust.name.{curve.corruption.name}"),
        worst=cells.percent(accuracy),
        severity=probing.number(severity),
        favourite=t("robust.favourite_value", name=t.named(evaluation.classes[favourite]), share=share),
        drop=cells.true_minus(cells.points(curve.drop)),
        hurt=t("robust.hurt_value", name=t.named(evaluation.classes[hurt]), drop=loss) if loss > 0 else t("page.skip"),
    )


def voters_section(agreement: Agreement, t: Texts) -> VotersSection:
    """Agreement with human annotators: words, and confidence and accuracy over the annotators' agreement."""
    distance = t(
        "voters.distance",
        distance=agreement.distance,
        label_distance=agreement.label_distance,
        cross=agreement.cross_entropy,
        own=agreement.vote_entropy,
    )
    plot = probing.AgreementPlot(agreement)
    drawn = svg.wide(
        lambda ax: plot.plot(ax, words=t.tables["probe_plots"]),
        280,
        prefix="voters",
        label=t("voters.picture"),
        points=_levels(agreement, t),
    )
    text = (*_majorities(agreement, t), t.joined([_entropies(agreement, t), distance]))
    return VotersSection(text, Figure(markup(drawn), t("voters.caption")))


def _levels(agreement: Agreement, t: Texts) -> list[svg.Point]:
    """What each level of agreement says, at its confidence."""
    points = []
    for place, level in enumerate(agreement.levels):
        low, high = level.interval
        known = not np.isnan(level.accuracy)
        accuracy = t("compare.cell.share", value=level.accuracy, low=low, high=high) if known else t("page.skip")
        text = t(
            "points.level",
            level=probing.level_name(level),
            confidence=level.confidence,
            accuracy=accuracy,
            n=level.n,
        )
        points.append(svg.Point(place, level.confidence, text))
    return points


def _majorities(agreement: Agreement, t: Texts) -> list[str]:
    """How often the model agrees with most annotators; nothing where no row has a majority."""
    clear, majority = agreement.n - agreement.num_tied, agreement.against_majority
    if not clear:
        return []
    lead = t(
        "voters.lead",
        n=agreement.n,
        clear=clear,
        tied=agreement.num_tied,
        majority=majority.value,
        low=majority.low,
        high=majority.high,
        labels=agreement.against_labels.value,
        agree=agreement.labels_right.value,
    )
    behind, ahead = agreement.nearer_people
    nearer = "people" if behind > 0 else "label" if ahead < 0 else "alike"
    return [t.joined([lead, t(f"voters.{nearer}")])]


def _entropies(agreement: Agreement, t: Texts) -> str:
    """The correlation of the model's entropy with the annotators'."""
    spearman, pearson = agreement.spearman, agreement.pearson
    if spearman is None or pearson is None:
        return t("voters.entropy_none")
    return t(
        "voters.entropy",
        spearman=spearman.value,
        spearman_low=spearman.low,
        spearman_high=spearman.high,
        pearson=pearson.value,
        pearson_low=pearson.low,
        pearson_high=pearson.high,
    )
