"""Verbs that judge a model file, or a shipped model by its short name: evaluate, explain, decide, submit."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mien.cli.common import (
    data_options,
    decision_option,
    flip_option,
    json_option,
    lang_option,
    name_argument,
    output_argument,
    path_argument,
    prior_option,
    show,
    tell,
    track,
)
from mien.cli.places import Verb

if TYPE_CHECKING:
    from mien.data.reading import ReadOptions


@click.command(cls=Verb)
@click.argument("model", type=name_argument)  # as text: Path would make base of ./base
@click.argument("data", type=path_argument)
@data_options()
@click.option(
    "--split",
    help="Judge on this split, 'hold_out' or 'all'.  [default: labelled test rows, else what the training held out]",
)
@click.option(
    "--without-duplicates-of",
    "without",
    type=path_argument,
    metavar="TRAIN",
    help="Leave out rows that are copies, exact or near, of TRAIN's split train (or of all its rows).",
)
@click.option(
    "--corrupted",
    is_flag=True,
    help="Also print the mean accuracy under corruption, on at most 1,000 of the rows (1.5 minutes for base on one core).",
)
@flip_option
@decision_option
@prior_option
@json_option
def evaluate(
    model: str,
    data: Path,
    reading: ReadOptions,
    split: str | None,
    without: Path | None,
    corrupted: bool,
    flip: bool,
    decision: str,
    prior: str | None,
    as_json: bool,
) -> None:
    """Judge a MODEL, a shipped one (base, tiny) or a model file, on labelled DATA.

    Example:  mien evaluate base fer2013.csv --split public_test --flip
    """
    from mien.evaluation import text
    from mien.evaluation.findings import judge_corrupted
    from mien.evaluation.judge import judge
    from mien.inference import datasets
    from mien.inference.classifier import Classifier

    classifier = Classifier.load(model, decision=decision)
    auto = prior == "auto"
    if prior is not None and not auto:
        classifier = classifier.with_prior(prior)
    faceset = tell(datasets.read(data, reading))
    others = (
        None if without is None else faceset if without == data else tell(datasets.read(without, reading.for_classes()))
    )
    judgement = judge(classifier, faceset, split, flip=flip, without=others, estimate_prior=auto)
    held = judge_corrupted(classifier, judgement, track=track) if corrupted else None
    record = judgement.to_dict() | ({"corrupted": held.to_dict()} if held else {})
    show(record, as_json, lambda: text.as_text(judgement) + (f"\n\n{text.corrupted_as_text(held)}" if held else ""))


@click.command(cls=Verb)
@click.argument("model", type=name_argument)  # as text: Path would make base of ./base
@click.argument("data", type=path_argument)
@data_options()
@click.option(
    "--split",
    help="Judge on this split, 'hold_out' or 'all'.  [default: labelled test rows, else what the training held out]",
)
@flip_option
@lang_option
@click.option(
    "-o", "--out", default=Path("explain.html"), type=output_argument, show_default=True, help="The HTML file to write."
)
@json_option
def explain(
    model: str, data: Path, reading: ReadOptions, split: str | None, flip: bool, lang: str, out: Path, as_json: bool
) -> None:
    """Find out why and when a MODEL errs on labelled DATA: where it looks, what spoils its readings, whether its doubt is people's.

    It reads some 60,000 changed faces, which takes base a minute or two, and writes one HTML file that opens offline.

    Example:  mien explain base fer2013.csv --split public_test -o explain.html
    """
    from mien.evaluation import explain as pages
    from mien.evaluation import findings
    from mien.evaluation.judge import judge
    from mien.inference import datasets
    from mien.inference.classifier import Classifier

    classifier = Classifier.load(model)
    faceset = tell(datasets.read(data, reading))
    judgement = judge(classifier, faceset, split, flip=flip)
    found = findings.find(classifier, judgement, track=track)
    pages.write(out, judgement, found, lang=lang)
    record = {"page": str(out), **judgement.to_dict(), **found.to_dict(judgement)}
    show(record, as_json, lambda: f"{pages.as_text(judgement, found)}\n\n{out}")


@click.command(cls=Verb)
@click.argument("model", type=name_argument)  # as text: Path would make base of ./base
@click.argument("data", type=path_argument)
@data_options()
@click.option(
    "--split",
    help="Judge on this split, or 'hold_out'.  [default: labelled test rows, else what the training held out]",
)
@click.option(
    "--choose-on", metavar="SPLIT", help="Choose on this split.  [default: what the model's training held out]"
)
@click.option(
    "--costs",
    type=path_argument,
    metavar="CSV",
    help="What each error costs: a row for each answer, a column for each truth.",
)
@click.option("-o", "--out", type=output_argument, help="Also write the model file with the chosen decisions in it.")
@flip_option
@json_option
def decide(
    model: str,
    data: Path,
    reading: ReadOptions,
    split: str | None,
    choose_on: str | None,
    costs: Path | None,
    out: Path | None,
    flip: bool,
    as_json: bool,
) -> None:
    """Compare ways to answer: is the most probable class the best one, with classes as unequal as these?

    Weights, logit adjustment and thresholds are chosen on rows that the model didn't learn from, and judged on others. Where
    there are only those that its training held out, they are chosen on one half of these and judged on the other.

    Example:  mien decide base fer2013.csv --split public_test
    """
    from mien.evaluation import decisions, text
    from mien.evaluation.judge import judge_and_choose
    from mien.inference import datasets
    from mien.inference.classifier import Classifier

    if out is not None:
        from mien.training import export  # what it needs is missed now, not after the work
    classifier = Classifier.load(model)
    faceset = tell(datasets.read(data, reading))
    judgement, train, valid = judge_and_choose(classifier, faceset, split, choose_on, flip=flip)
    chosen_on = (valid.labels, classifier.probabilities(valid.images, flip=flip))
    evaluation = judgement.evaluation
    shares = decisions.class_shares(train.labels, len(train.classes))
    results = decisions.compare(chosen_on, (evaluation.labels, evaluation.probabilities), shares)
    paired = decisions.differences(results, evaluation.labels, evaluation.probabilities)
    record = {
        **judgement.record,
        "chosen_on_n": len(valid),
        "n": len(evaluation),
        "decisions": [
            row | {"difference": difference}
            for row, difference in zip(decisions.as_rows(results, evaluation.classes), paired, strict=True)
        ],
        "abstaining": decisions.abstaining(evaluation.labels, evaluation.probabilities),
    }
    if costs is not None:
        matrix = decisions.read_costs(costs, evaluation.classes)
        record["costs"] = decisions.mean_costs(evaluation.labels, evaluation.probabilities, matrix)
    if out is not None:
        chosen = decisions.for_model_file(*chosen_on, shares)
        export.rewrite(classifier, dataclasses.replace(classifier.spec, decisions=chosen), out)
        record["written"] = str(out)
    show(record, as_json, lambda: text.decisions_as_text(record))


@click.command(cls=Verb)
@click.argument("model", type=name_argument)  # as text: Path would make base of ./base
@click.argument("test", type=path_argument)
@data_options()
@click.option("-o", "--out", required=True, type=output_argument, help="The CSV to write.")
@click.option("--sample", type=path_argument, metavar="CSV", help="The competition's sample: it gives order and head.")
@click.option("--rows", type=click.IntRange(min=1), help="Refuse to write another number of rows.")
@flip_option
@decision_option
@json_option
def submit(
    model: str,
    test: Path,
    reading: ReadOptions,
    out: Path,
    sample: Path | None,
    rows: int | None,
    flip: bool,
    decision: str,
    as_json: bool,
) -> None:
    """Write predictions for a competition's TEST set: an id and a label for each face.

    The ids are those of the test set: its column of ids, or the names of its pictures. A sample_submission.csv in its folder
    gives order and head. Name the folder with the training rows too where classes or codes are not those of FER2013.

    Example:  mien submit runs/base/model.onnx test.csv -o predictions.csv --rows 7000
    """
    from mien.inference import datasets, submission
    from mien.inference.classifier import Classifier

    classifier, faceset = Classifier.load(model, decision=decision), tell(datasets.read(test, reading))
    written = submission.write(classifier, faceset, out, sample=sample, num_rows=rows, flip=flip)
    show({**written.to_dict(), "read": faceset.source.reading()}, as_json, lambda: str(written))
