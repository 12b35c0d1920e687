"""The homework as one HTML file that opens offline: the course's five questions in order, with the figures of its trainings.

The sections are those of the report and of the studies; this page puts them in order and says what was compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import mien
from mien import tables
from mien.auditing.brief import BriefAudit
from mien.evaluation.evaluation import Evaluation
from mien.experiments.homework import Homework
from mien.reporting import narrative
from mien.reporting.pages import (
    calibration,
    confusion,
    explore,
    mathematics,
    network,
    sections,
    shares,
    study,
    training,
)
from mien.reporting.pages.comparisons import Comparison
from mien.reporting.pages.frame import commands, page_template, writer
from mien.reporting.texts import Texts, cells
from mien.reporting.verdict import Known, verdict

TECHNIQUES = ("augmentation", "early-stopping", "ensemble")
"""The studies of the second question, in order."""


@dataclass(frozen=True)
class Download:
    """A file beside the page: its name, and what it is for."""

    name: str
    about: str


def render(homework: Homework, *, command: Sequence[str] = (), lang: str = "en", faces: bool = True) -> str:
    """The page as a string; its links lead to the files beside it.

    Args:
        homework: the result of ``homework.run``.
        command: arguments of the command line that reproduces it.
        lang: a key of ``texts.LANGUAGES``.
        faces: whether the page has faces.

    Raises:
        OutputError: there is no such language.
        RunError: a run folder is damaged.
        MissingExtraError: a package of the extra ``report`` isn't installed.
    """
    homework = homework if faces else _without_faces(homework)
    t, run, judgement = Texts(lang), homework.run, homework.judgement
    record, history, evaluation = run.record, run.history, judgement.evaluation
    counts = dict(zip(record.data.classes, record.data.train.counts, strict=True))
    train_counts = [counts[name] for name in evaluation.classes]
    corrected = Evaluation.from_predictions(
        evaluation.labels, narrative.prior_corrected(evaluation.probabilities, train_counts), evaluation.classes
    )
    return page_template("homework").render(
        t=t,
        version=mien.__version__,
        title=t("homework.title", recipe=homework.plan.recipe.name, data=Path(judgement.record.data).name),
        subtitle=_subtitle(homework, t),
        scores=sections.scores(evaluation, t),
        summary=_summary(homework, t),
        downloads=_downloads(homework, t),
        data=_data(homework.audit, homework.sampled_from, t),
        warnings_and_notes=(narrative.warnings_of(judgement, t), narrative.reading_notes(judgement, t)),
        provenance=sections.provenance(judgement, record, t),
        network=network.network(homework.single, run.network, t),
        training=training.training(record, history, t),
        lead=t("homework.lead", epochs=homework.plan.recipe.epochs, seeds=homework.plan.num_seeds),
        comparisons=[_comparison(homework, key, t) for key in TECHNIQUES],
        techniques=training.techniques(homework.single, run, t),
        confusion=confusion.confusion(judgement.evaluation, judgement.faces.images, t),
        calibration=calibration.calibration(judgement, None, t),
        shares=shares.shares(evaluation, corrected, train_counts, t),
        imbalance=_comparison(homework, "imbalance", t),
        derivations=mathematics.sections(mathematics.Numbers(run, homework.single, judgement), t),
        commands=commands(command),
        explorer=explore.judged(judgement, t) if faces else None,
        shows_faces=faces,
        verdict=verdict(judgement, t, Known(train_counts)),
    )


write = writer(render)


def _without_faces(homework: Homework) -> Homework:
    single, judgement = explore.without_faces(homework.single), explore.without_faces(homework.judgement)
    return replace(homework, single=single, judgement=judgement)


def as_text(homework: Homework, pdf: Path | None = None, lang: str = "en", *, is_drawn: bool = False) -> str:
    """The accuracy, what the techniques are worth, where the files are, and what to do next."""
    t, evaluation = Texts(lang), homework.judgement.evaluation
    low, high = evaluation.accuracy_interval
    told = t(
        "homework.told",
        accuracy=evaluation.accuracy,
        low=low,
        high=high,
        n=len(evaluation),
        split=narrative.split_name(homework.judgement, t),
    )
    answers = [
        [t(f"homework.technique.{key}"), row.name, row.differences[0]]
        for key in TECHNIQUES
        for row in study.rows(homework.studies[key], t)[1:]
    ]
    heads = [t("homework.technique_head"), t("study.arm"), t("study.against")]
    predictions = homework.submission and homework.submission.submission
    places = {"page": homework.page, "pdf": pdf, "model": homework.model_file, "predictions": predictions}
    found = [t(f"homework.place.{name}", path=path) for name, path in places.items() if path is not None]
    found.append(t("homework.place.next", path=homework.model_file))
    if is_drawn:
        found.append(t("homework.place.own"))
    return "\n\n".join([told, tables.render(heads, answers), "\n".join(found)])


def _subtitle(homework: Homework, t: Texts) -> str:
    judgement = homework.judgement
    return t(
        "homework.subtitle",
        recipe=homework.plan.recipe.name,
        n=len(judgement.evaluation),
        split=narrative.split_name(judgement, t),
    )


def _summary(homework: Homework, t: Texts) -> str:
    """The scores of the model file, and what it averages."""
    averaged = t(
        "homework.averaged",
        num=homework.plan.num_seeds,
        rows=homework.run.record.data.train.rows,
        single=homework.single.evaluation.accuracy,
    )
    return t.joined([*narrative.results(homework.judgement.evaluation, t), averaged])


def _comparison(homework: Homework, key: str, t: Texts) -> Comparison:
    result = homework.studies[key]
    how = t(f"homework.how.{key}", epochs=homework.plan.recipe.epochs, num=homework.plan.num_seeds)
    return Comparison(key, t(f"homework.technique.{key}"), how, study.section(result, t))


def _downloads(homework: Homework, t: Texts) -> list[Download]:
    found = [Download(homework.model_file.name, t("homework.model_file", name=homework.model_file.name))]
    if homework.submission is not None:
        name = Path(homework.submission.submission).name
        found.append(
            Download(name, t("homework.predictions", rows=homework.submission.rows, head=homework.submission.head))
        )
    return found


def _data(audit: BriefAudit, sampled_from: int, t: Texts) -> list[tuple[str, str]]:
    """What the data has: rows, copies, and what its splits share."""
    height, width = audit.size
    rows = [(t("homework.faces"), t("homework.faces_value", rows=audit.rows, height=height, width=width))]
    if sampled_from:
        rows.append((t("homework.sample"), t("homework.sample_value", rows=sampled_from)))
    for split in audit.splits:
        name = t(f"splits.{split.name}") if split.name in t.tables["splits"] else split.name
        labelled = sum(split.counts)
        value = cells.count(split.rows) if labelled == split.rows else ""
        rows.append((name, value or t("homework.split_value", rows=split.rows, labelled=labelled)))
    rows.append((t("homework.exact"), cells.count(audit.exact_copies)))
    rows.append((t("homework.near"), t("homework.near_value", rows=audit.near_copies, conflicts=audit.conflicts)))
    if audit.blank:
        rows.append((t("homework.blank"), cells.count(audit.blank)))
    for one in audit.shared:
        names = {"split": t(f"splits.{one.split}"), "other": t(f"splits.{one.other}")}
        rows.append(
            (t("homework.shared"), t("homework.shared_value", **names, rows=one.rows, exact=one.exact, near=one.near))
        )
    if not audit.shared and len(audit.splits) > 1:
        rows.append((t("homework.shared"), t("page.none")))
    return rows
