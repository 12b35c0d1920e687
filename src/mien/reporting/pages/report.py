"""The report of a run: one HTML file that opens offline, in English or Traditional Chinese.

Its sections are the network, the training and its techniques, confusions, calibration, saliency, robustness, agreement with
annotators, and class shares, with the run's own figures. It reads the records of the run and needs no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mien
from mien.checks import checked
from mien.errors import DataError
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.groups import GroupedScores
from mien.evaluation.judge import Judgement
from mien.evaluation.probing.findings import Findings
from mien.experiments.results import StudyResult
from mien.reporting import narrative
from mien.reporting.pages import (
    calibration,
    comparisons,
    confusion,
    explore,
    groups,
    network,
    probes,
    sections,
    shares,
    training,
)
from mien.reporting.pages.frame import commands, page_template, writer
from mien.reporting.texts import Texts
from mien.reporting.verdict import Known, model_and_data, verdict
from mien.run import Run
from mien.run_record import RunRecord


@dataclass(frozen=True, eq=False)
class Parts:
    """What a report has beside the run and its judgement; what is missing is left out.

    Attributes:
        findings: why and when the model errs.
        by: scores by group, a section each.
        studies: results with and without techniques, on the data of the run.
        ensemble: an ensemble, judged on the rows of the judgement.
    """

    findings: Findings | None = None
    by: tuple[GroupedScores, ...] = ()
    studies: tuple[StudyResult, ...] = ()
    ensemble: Judgement | None = None


ALONE = Parts()
"""The run and its judgement only."""


@checked
def render(
    judgement: Judgement,
    run: Run,
    *,
    parts: Parts = ALONE,
    command: Sequence[str] = (),
    lang: str = "en",
    faces: bool = True,
) -> str:
    """The page as a string.

    Args:
        judgement: the run's model, judged.
        run: the run.
        parts: further sections.
        command: the words of the command line that makes the report again.
        lang: a key of ``texts.LANGUAGES``.
        faces: whether the page has faces; without them it can be shared where pictures of people must not be.

    Raises:
        OutputError: there is no such language.
        DataError: the judgement is not one of this run's model, or the run has no epoch yet.
        RunError: the run folder is damaged.
        MissingExtraError: jinja2 or matplotlib isn't installed.
    """
    record, history = run.record, run.history
    judgement = judgement if faces else explore.without_faces(judgement)
    t, page = Texts(lang), page_template("report")
    evaluation, data = judgement.evaluation, record.data
    if sorted(evaluation.classes) != sorted(data.classes):
        raise DataError(
            f"The judged model knows {', '.join(evaluation.classes)}, the run {', '.join(data.classes)}: "
            "report a run with its own model."
        )
    if not history:
        raise DataError("The run has no epoch yet: train it before it is reported.")
    counts = dict(zip(data.classes, data.train.counts, strict=True))
    train_counts = [counts[name] for name in evaluation.classes]
    corrected = Evaluation.from_predictions(
        evaluation.labels, narrative.prior_corrected(evaluation.probabilities, train_counts), evaluation.classes
    )
    return page.render(
        t=t,
        version=mien.__version__,
        title=model_and_data(judgement, t),
        subtitle=_subtitle(judgement, record, t),
        scores=sections.scores(evaluation, t),
        summary=narrative.summary(evaluation, record, history, t),
        warnings_and_notes=narrative.notes(judgement, record, t),
        provenance=sections.provenance(judgement, record, t),
        network=network.network(judgement, run.network, t),
        training=training.training(record, history, t),
        techniques=training.techniques(judgement, run, t),
        compared=[comparisons.of_study(one, t) for one in parts.studies],
        ensemble=comparisons.of_ensemble(judgement, parts.ensemble, t) if parts.ensemble else None,
        confusion=confusion.confusion(evaluation, judgement.faces.images, t),
        calibration=calibration.calibration(judgement, parts.findings.before if parts.findings else None, t),
        grouped=[groups.section(one, evaluation.accuracy, t) for one in parts.by],
        shares=shares.shares(evaluation, corrected, train_counts, t),
        probes=probes.sections(judgement, parts.findings, t),
        commands=commands(run.record.command, command),
        explorer=explore.judged(judgement, t, parts.findings) if faces else None,
        shows_faces=faces,
        verdict=verdict(judgement, t, _known(judgement, record, train_counts, parts)),
    )


write = writer(render)


def _known(judgement: Judgement, record: RunRecord, train_counts: Sequence[int], parts: Parts) -> Known:
    curves = parts.findings.curves if parts.findings else ()
    return Known(train_counts, narrative.is_foreign(judgement, record), curves)


def _subtitle(judgement: Judgement, record: RunRecord, t: Texts) -> str:
    split = narrative.split_name(judgement, t)
    return t("page.subtitle", recipe=record.recipe.name, n=len(judgement.evaluation), split=split)
