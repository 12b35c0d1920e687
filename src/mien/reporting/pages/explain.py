"""Why and when any model file errs: one HTML page that opens offline, and a summary for the terminal. It needs no run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import mien
from mien import tables
from mien.checks import checked
from mien.evaluation.judge import Judgement
from mien.evaluation.metrics import Score
from mien.evaluation.probing import saliency
from mien.evaluation.probing.findings import Findings
from mien.evaluation.probing.robustness import Curve
from mien.evaluation.probing.saliency import ClassSaliency
from mien.evaluation.voters import Agreement
from mien.reporting import narrative, terminal
from mien.reporting.pages import calibration, confusion, explore, probes, sections
from mien.reporting.pages.frame import commands, page_template, writer
from mien.reporting.texts import Texts, cells
from mien.reporting.verdict import Known, model_and_data, verdict


@checked
def render(
    judgement: Judgement, findings: Findings, *, command: Sequence[str] = (), lang: str = "en", faces: bool = True
) -> str:
    """The page as a string.

    Args:
        judgement: a model, judged.
        findings: what was found out about it.
        command: the words of the command line that makes the page again.
        lang: a key of ``texts.LANGUAGES``.
        faces: whether the page has faces.

    Raises:
        OutputError: there is no such language.
        MissingExtraError: jinja2 or matplotlib isn't installed.
    """
    judgement = judgement if faces else explore.without_faces(judgement)
    t, template = Texts(lang), page_template("explain")
    evaluation, n, split = judgement.evaluation, len(judgement.evaluation), narrative.split_name(judgement, t)
    low, high = evaluation.accuracy_interval
    num_correct = int(np.trace(evaluation.confusion))
    return template.render(
        t=t,
        version=mien.__version__,
        title=model_and_data(judgement, t),
        subtitle=t("explain.subtitle", model=sections.model_name(judgement.record.model), n=n, split=split),
        scores=sections.scores(evaluation, t),
        summary=t("explain.head", right=num_correct, n=n, accuracy=evaluation.accuracy, low=low, high=high),
        warnings_and_notes=(narrative.warnings_of(judgement, t), narrative.reading_notes(judgement, t)),
        provenance=sections.judged(judgement, t),
        confusion=confusion.confusion(evaluation, judgement.faces.images, t),
        calibration=calibration.calibration(judgement, findings.before, t),
        probes=probes.sections(judgement, findings, t),
        commands=commands(command),
        explorer=explore.judged(judgement, t, findings) if faces else None,
        shows_faces=faces,
        verdict=verdict(judgement, t, Known(curves=findings.curves)),
    )


write = writer(render)


def as_text(judgement: Judgement, findings: Findings, lang: str = "en") -> str:
    """The findings in words and tables for the terminal."""
    t, evaluation, record = Texts(lang), judgement.evaluation, judgement.record
    head, (low, high) = terminal.head(record, len(evaluation), t), evaluation.accuracy_interval
    before, after = (
        terminal.with_interval("terminal.bounded", judged.scores["calibration_error"], t)
        for judged in (findings.before, evaluation)
    )
    parts = [
        t("terminal.explained", head=head, accuracy=evaluation.accuracy, low=low, high=high),
        t(
            "terminal.temperature",
            before=before,
            after=after,
            temperature=record.temperature,
            loss_before=findings.before.log_loss,
            loss_after=evaluation.log_loss,
        ),
    ]
    if findings.saliency:
        rows = [_saliency(row) for row in saliency.by_class(findings.saliency, evaluation)]
        parts.append(tables.render(t.heads("terminal.saliency_heads"), rows))
    if findings.curves:
        rows = [_curve(curve, evaluation.classes, t) for curve in findings.curves]
        parts.append(tables.render(t.heads("terminal.curve_heads"), rows))
    if findings.agreement:
        parts.append(_voters(findings.agreement, t))
    return "\n\n".join(parts)


def _saliency(row: ClassSaliency) -> list[str]:
    below = "-" if row.share_below_middle is None else cells.percent(row.share_below_middle)
    return [row.name, str(row.n), cells.decimal(row.largest_gain, 3), below]


def _curve(curve: Curve, classes: tuple[str, ...], t: Texts) -> list[str]:
    severity, accuracy = curve.worst
    favourite, share = curve.favourite
    hurt, loss = curve.hurt_most, float(curve.class_drops[curve.hurt_most])
    return [
        curve.corruption.name,
        cells.points(curve.drop),
        cells.percent(accuracy),
        cells.compact(severity),
        curve.corruption.unit,
        t("terminal.named_percent", name=classes[favourite], share=share),
        t("terminal.named_points", name=classes[hurt], drop=loss) if loss > 0 else cells.DASH,
    ]


def _voters(agreement: Agreement, t: Texts) -> str:
    def shown(key: str, score: Score | None) -> str:
        if score is None or np.isnan(score.value):
            return t("terminal.undefined")
        return terminal.with_interval(key, score, t)

    return t(
        "terminal.voters",
        n=agreement.n,
        tied=agreement.num_tied,
        majority=shown("terminal.share", agreement.against_majority),
        labels=shown("terminal.share", agreement.against_labels),
        agree=shown("terminal.share", agreement.labels_right),
        spearman=shown("terminal.correlation", agreement.spearman),
        distance=agreement.distance,
    )
