"""The report of a run: one HTML file that opens offline, in English or Traditional Chinese.

It answers, with the run's own figures and pictures: what the network is and why, what helped it to learn, what it
confuses, where it looks, when it errs, and what class shares do to argmax. Everything about the training comes in as plain records.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import mien
from mien import files
from mien.checks import checked
from mien.errors import DataError, MissingExtraError
from mien.evaluation import narrative, probes, sections
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.findings import Findings
from mien.evaluation.judge import Judgement
from mien.evaluation.texts import Texts


@checked
def write(
    path: str | os.PathLike[str],
    judgement: Judgement,
    *,
    record: Mapping[str, Any],
    network: Mapping[str, Any],
    history: Sequence[Mapping[str, Any]],
    augmented: bytes | None = None,
    findings: Findings | None = None,
    lang: str = "en",
) -> None:
    """Write the report of a run, whole or not at all.

    Args:
        path: the HTML file.
        judgement: the run's model, judged.
        record: the content of ``run.json``.
        network: the content of ``network.json``.
        history: one record per epoch.
        augmented: a PNG of training faces and their augmented versions, or None.
        findings: why and when the model errs, or None to leave it out.
        lang: a key of ``texts.LANGUAGES``.

    Raises:
        OutputError: there is no such language, or the file can't be written.
        DataError: the judgement is not one of this run's model, or there is no epoch to tell of.
        MissingExtraError: jinja2 or matplotlib isn't installed.
    """
    page = render(
        judgement,
        record=record,
        network=network,
        history=history,
        augmented=augmented,
        findings=findings,
        lang=lang,
    )
    files.write_text(path, page)


def render(
    judgement: Judgement,
    *,
    record: Mapping[str, Any],
    network: Mapping[str, Any],
    history: Sequence[Mapping[str, Any]],
    augmented: bytes | None = None,
    findings: Findings | None = None,
    lang: str = "en",
) -> str:
    """The report as a string; see ``write``."""
    t, page = Texts(lang), page_template("report")
    evaluation, data = judgement.evaluation, record["data"]
    if sorted(evaluation.classes) != sorted(data["classes"]):
        raise DataError(
            f"The judged model knows {', '.join(evaluation.classes)}, the run {', '.join(data['classes'])}: "
            "report a run with its own model."
        )
    if not history:
        raise DataError("The run has no epoch yet: train it before it is reported.")
    counts = dict(zip(data["classes"], data["train"]["counts"], strict=True))
    train_counts = [counts[name] for name in evaluation.classes]
    corrected = Evaluation.from_predictions(
        evaluation.labels, narrative.prior_corrected(evaluation.probabilities, train_counts), evaluation.classes
    )
    subtitle = t(
        "page.subtitle",
        recipe=record["recipe"]["name"],
        n=f"{len(evaluation):,}",
        split=narrative.split_name(judgement, t),
    )
    rendered = page.render(
        t=t,
        version=mien.__version__,
        title=t("page.title"),
        subtitle=subtitle,
        scores=sections.scores(evaluation, t),
        summary=narrative.summary(evaluation, record, history, t),
        warnings_and_notes=narrative.notes(judgement, record, t),
        provenance=sections.provenance(judgement, record, t),
        network=sections.network(judgement, network, t),
        training=sections.training(record, history, t),
        means=sections.means(judgement, record, network, augmented, t),
        confusion=sections.confusion(judgement, t),
        calibration=probes.calibration(judgement, findings.before if findings else None, t),
        shares=sections.shares(evaluation, corrected, train_counts, t),
        commands=sections.commands(judgement, record, lang, probes=findings is None or bool(findings.curves)),
        **probes.sections(judgement, findings, t),
    )
    return str(rendered) + "\n"


def page_template(name: str, *styles: str) -> Any:
    """The template ``<name>.html.j2``, with the report's style and further ones built in.

    Raises:
        MissingExtraError: jinja2 isn't installed.
    """
    try:
        import jinja2
    except ImportError:
        raise MissingExtraError("jinja2", "report") from None
    place = resources.files("mien.evaluation") / "templates"
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FunctionLoader(lambda part: (place / part).read_text(encoding="utf-8")),
    )
    css = "\n".join((place / f"{style}.css").read_text(encoding="utf-8") for style in ("report", *styles))
    return environment.get_template(f"{name}.html.j2", globals={"css": css})
