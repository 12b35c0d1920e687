"""Verbs for a model file or a pretrained model: info, evaluate, explain, compare, decide, submit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mien import files, typed_json
from mien.cli.common import (
    by_option,
    command_line,
    data_options,
    decision_option,
    flip_option,
    inference_device_option,
    json_option,
    lang_option,
    model_argument,
    name_argument,
    no_faces_option,
    page_argument,
    path_argument,
    prior_option,
    show,
    split_option,
)
from mien.cli.places import OutputPath, Verb
from mien.shown import SHOWN

if TYPE_CHECKING:
    from mien.data.reading import ReadOptions


@click.command(cls=Verb)
@click.argument("model", type=name_argument)
@json_option
def info(model: str, as_json: bool) -> None:
    """Show what a MODEL is, what it is for, and how well it does.

    MODEL is a pretrained model (base, robust, tiny) or a model file. Pretrained ones have a model card, with intended use, limits
    and measured scores. For data, see  mien data info.

    Example:  mien info base
    """
    from mien import api

    found = api.info(model)
    show(found.to_dict(), as_json, lambda: str(found))


@click.command(cls=Verb)
@click.argument("model", type=name_argument)  # as text: Path would turn ./base into base
@click.argument("data", type=path_argument)
@data_options()
@split_option()
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
@by_option
@flip_option
@decision_option
@prior_option
@inference_device_option
@json_option
def evaluate(
    model: str,
    data: Path,
    reading: ReadOptions,
    split: str | None,
    without: Path | None,
    corrupted: bool,
    by: tuple[str, ...],
    flip: bool,
    decision: str,
    prior: str | None,
    device: str,
    as_json: bool,
) -> None:
    """Evaluate a MODEL on labelled DATA.

    MODEL is a pretrained model (base, robust, tiny) or a model file.

    Example:  mien evaluate base fer2013.csv --split public_test --flip
    """
    from mien import api

    found = api.evaluate(
        model,
        data,
        split=split,
        reading=reading,
        without=without,
        flip=flip,
        decision=decision,
        prior=prior,
        corrupted=corrupted,
        by=by,
        device=device,
        progress=SHOWN,
    )
    show(found.to_dict(), as_json, lambda: str(found))


@click.command(cls=Verb)
@click.argument("model", type=name_argument)  # as text: Path would turn ./base into base
@click.argument("data", type=path_argument)
@data_options()
@split_option()
@flip_option
@lang_option
@no_faces_option
@click.option(
    "-o", "--out", default=Path("explain.html"), type=page_argument, show_default=True, help="The HTML file to write."
)
@json_option
def explain(
    model: str,
    data: Path,
    reading: ReadOptions,
    split: str | None,
    flip: bool,
    lang: str,
    no_faces: bool,
    out: Path,
    as_json: bool,
) -> None:
    """Explain the errors of a MODEL on labelled DATA.

    The report has saliency maps, robustness to corruptions, calibration, and agreement with human annotators.

    It runs the model on about 70,000 corrupted faces, one to two minutes for base, and writes one HTML file that opens offline.

    Example:  mien explain base fer2013.csv --split public_test -o explain.html
    """
    from mien import api
    from mien.reporting.pages import explain as pages

    found = api.explain(model, data, split=split, reading=reading, flip=flip, progress=SHOWN)
    pages.write(out, found.judgement, found.findings, command=command_line(), lang=lang, faces=not no_faces)
    show({"page": str(out), **found.to_dict()}, as_json, lambda: f"{found}\n\n{out}")


@click.command(cls=Verb)
@click.argument("model", type=name_argument)  # as text: Path would turn ./base into base
@click.argument("data", type=path_argument)
@data_options()
@split_option("a name or 'hold_out'", "labelled test rows, else 'valid', else the held-out rows")
@click.option("--choose-on", metavar="SPLIT", help="Split to choose on.  [default: the held-out rows]")
@click.option(
    "--costs",
    type=path_argument,
    metavar="CSV",
    help="Cost matrix: one row per predicted class, one column per true class.",
)
@click.option("-o", "--out", type=model_argument, help="Also write a model file with the chosen decisions.")
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
    """Compare decision rules: argmax, logit adjustment, thresholds.

    Weights, logit adjustment and thresholds are chosen on rows that the model was not trained on, and scored on other rows. If
    only the held-out rows of its training are available, they are chosen on one half of them and scored on the other.

    Example:  mien decide base fer2013.csv --split public_test
    """
    from mien import api

    found = api.decide(
        model,
        data,
        split=split,
        reading=reading,
        choose_on=choose_on,
        costs=costs,
        out=out,
        flip=flip,
        progress=SHOWN,
    )
    written = [] if out is None else [f"{out}: now also supports  --decision balanced"]
    record = found.to_dict() | ({} if out is None else {"written": str(out)})
    show(record, as_json, lambda: "\n\n".join([str(found), *written]))


@click.command(cls=Verb)
@click.argument("models", type=name_argument, nargs=-1, required=True)
@click.argument("data", type=path_argument)
@data_options()
@split_option()
@flip_option
@lang_option
@no_faces_option
@click.option(
    "-o", "--out", default=Path("compare.html"), type=page_argument, show_default=True, help="The HTML file to write."
)
@json_option
def compare(
    models: tuple[str, ...],
    data: Path,
    reading: ReadOptions,
    split: str | None,
    flip: bool,
    lang: str,
    no_faces: bool,
    out: Path,
    as_json: bool,
) -> None:
    """Compare MODELS on the same labelled DATA.

    MODELS are two or more of: pretrained models, model files, run folders, and predictions of other packages. The others are
    compared with the first: paired differences with intervals, McNemar's exact test, and the faces that only one of them predicts correctly.

    Predictions are a table (CSV, TSV, JSON Lines, Excel) with a column of names and a column of probabilities for each class, or
    one of answers. Their rows are matched with the data by name.

    Example:  mien compare base tiny other.csv fer2013.csv --split public_test -o compare.html
    """
    from mien import api
    from mien.reporting.pages import compare as pages

    found = api.compare(models, data, split=split, reading=reading, flip=flip, progress=SHOWN)
    pages.write(out, found, command=command_line(), lang=lang, faces=not no_faces)
    show({"page": str(out), **found.to_dict()}, as_json, lambda: f"{pages.as_text(found, lang)}\n\n{out}")


@click.command(cls=Verb)
@click.argument("model", type=name_argument)  # as text: Path would turn ./base into base
@click.argument("test", type=path_argument)
@data_options()
@click.option("-o", "--out", required=True, type=OutputPath(suffixes=files.TABLES), help="The CSV to write.")
@click.option(
    "--sample",
    type=path_argument,
    metavar="CSV",
    help="The competition's sample submission: its header and row order are used.",
)
@click.option("--rows", type=click.IntRange(min=1), help="Expected number of rows; another number is an error.")
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
    """Write predictions for the TEST set of a competition.

    The ids are those of the test set: its id column, or the names of its pictures. A sample_submission.csv in its folder
    gives the order and the header. If classes or codes differ from FER2013, TEST must include the training rows.

    Example:  mien submit runs/base/model.onnx test.csv -o predictions.csv --rows 7000
    """
    from mien import api

    faceset = api.read(test, reading, SHOWN)
    written = api.submit(model, faceset, out, sample=sample, num_rows=rows, flip=flip, decision=decision)
    show({**written.to_dict(), "read": typed_json.to_json(faceset.source.reading())}, as_json, lambda: str(written))
