"""The report of a run: one HTML file that opens offline, in English or Traditional Chinese.

Its sections are the network, the training and its techniques, confusions, calibration, saliency, robustness, agreement with
annotators, and class shares, with the run's own figures. It reads the records of the run and needs no torch.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING

import mien
from mien import files
from mien.checks import checked
from mien.errors import DataError, MissingExtraError
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.groups import GroupedScores
from mien.evaluation.judge import Judgement
from mien.evaluation.probing.findings import Findings
from mien.reporting import narrative
from mien.reporting.pages import calibration, confusion, groups, network, probes, sections, shares, training
from mien.reporting.texts import Texts
from mien.run import Run
from mien.run_record import RunRecord

if TYPE_CHECKING:
    from jinja2 import Template


@checked
def write(
    path: str | os.PathLike[str],
    judgement: Judgement,
    run: Run,
    *,
    findings: Findings | None = None,
    by: Sequence[GroupedScores] = (),
    command: Sequence[str] = (),
    lang: str = "en",
) -> None:
    """Write the report of a run atomically.

    Args:
        path: the HTML file.
        judgement: the run's model, judged.
        run: the run.
        findings: why and when the model errs, or None to leave it out.
        by: scores by group, a section each; none leaves them out.
        command: the words of the command line that makes the report again.
        lang: a key of ``texts.LANGUAGES``.

    Raises:
        OutputError: there is no such language, or the file can't be written.
        DataError: the judgement is not one of this run's model, or the run has no epoch yet.
        RunError: the run folder is damaged.
        MissingExtraError: jinja2 or matplotlib isn't installed.
    """
    files.write_text(path, render(judgement, run, findings=findings, by=by, command=command, lang=lang))


def render(
    judgement: Judgement,
    run: Run,
    *,
    findings: Findings | None = None,
    by: Sequence[GroupedScores] = (),
    command: Sequence[str] = (),
    lang: str = "en",
) -> str:
    """The report as a string; see ``write``."""
    record, history = run.record, run.history
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
    rendered = page.render(
        t=t,
        version=mien.__version__,
        title=t("page.title"),
        subtitle=_subtitle(judgement, record, t),
        scores=sections.scores(evaluation, t),
        summary=narrative.summary(evaluation, record, history, t),
        warnings_and_notes=narrative.notes(judgement, record, t),
        provenance=sections.provenance(judgement, record, t),
        network=network.network(judgement, run.network, t),
        training=training.training(record, history, t),
        techniques=training.techniques(judgement, run, t),
        confusion=confusion.confusion(evaluation, judgement.faces.images, t),
        calibration=calibration.calibration(judgement, findings.before if findings else None, t),
        grouped=[groups.section(one, evaluation.accuracy, t) for one in by],
        shares=shares.shares(evaluation, corrected, train_counts, t),
        probes=probes.sections(judgement, findings, t),
        commands=commands(run.record.command, command),
    )
    return str(rendered) + "\n"


def _subtitle(judgement: Judgement, record: RunRecord, t: Texts) -> str:
    split = narrative.split_name(judgement, t)
    return t("page.subtitle", recipe=record.recipe.name, n=len(judgement.evaluation), split=split)


def commands(*lines: Sequence[str]) -> list[str]:
    """Command lines as one types them, without those that are not known."""
    return [shlex.join(words) for words in lines if words]


def page_template(name: str, *styles: str) -> Template:
    """The template ``<name>.html.j2``, with the report's style and further ones built in.

    Raises:
        MissingExtraError: jinja2 isn't installed.
    """
    try:
        import jinja2
    except ImportError:
        raise MissingExtraError("jinja2", "report") from None
    place = resources.files("mien.reporting") / "templates"
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FunctionLoader(lambda part: (place / part).read_text(encoding="utf-8")),
    )
    css = "\n".join((place / f"{style}.css").read_text(encoding="utf-8") for style in ("report", *styles))
    return environment.get_template(f"{name}.html.j2", globals={"css": css})
