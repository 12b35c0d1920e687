"""Verbs that take a model file, or the short name of a shipped model: evaluate, predict, submit."""

from __future__ import annotations

from pathlib import Path

import click

from mien.cli.common import fail, flip_option, json_option, path_argument, show


@click.command()
@click.argument("model")  # as text: Path would make base of ./base
@click.argument("data", type=path_argument)
@click.option("--split", help="Judge on this split, or 'all'.  [default: the data's test split]")
@flip_option
@json_option
def evaluate(model: str, data: Path, split: str | None, flip: bool, as_json: bool) -> None:
    """Judge a MODEL, a shipped one (base, tiny) or a model file, on labelled DATA.

    Example:  mien evaluate base fer2013.csv --split public_test --flip
    """
    from mien.data import layouts
    from mien.evaluation import text
    from mien.evaluation.judge import default_split, judge
    from mien.inference.classifier import Classifier

    classifier = Classifier.load(model)
    faceset = layouts.read(data)
    judgement = judge(classifier, faceset, split or default_split(faceset), flip=flip)
    show(judgement.to_dict(), as_json, lambda: text.as_text(judgement))


@click.command()
@click.argument("crops", nargs=-1, required=True, type=path_argument, metavar="PHOTO...")
@click.option("--model", default="base", show_default=True, help="A shipped model (base, tiny) or a model file.")
@click.option(
    "--crops",
    "ready",
    is_flag=True,
    help="Each picture is one ready-made face crop (needed: mien has no detector yet).",
)
@flip_option
@json_option
def predict(crops: tuple[Path, ...], model: str, ready: bool, flip: bool, as_json: bool) -> None:
    """Read the expression on ready-made face crops: files, or folders of them.

    Example:  mien predict --crops face1.png face2.png
    """
    if not ready:
        raise click.UsageError("This version finds no faces in photos: crop them first, and pass --crops.")
    from mien import tables
    from mien.inference.classifier import Classifier
    from mien.inference.crops import expand, read_crops

    files = expand(crops)
    if not files:
        raise click.UsageError("There is no picture at the named paths.")
    readings = list(read_crops(Classifier.load(model), files, flip=flip))
    rows = [
        [r.path, r.label or "error", f"{max(r.probabilities.values()):.1%}" if r.label else r.error or ""]
        for r in readings
    ]
    show(
        {"readings": [r.to_dict() for r in readings]},
        as_json,
        lambda: tables.render(["path", "expression", "probability"], rows),
    )
    if any(r.error for r in readings):
        fail(f"{sum(r.error is not None for r in readings)} of {len(readings)} pictures could not be read.", 1)


@click.command()
@click.argument("model")  # as text: Path would make base of ./base
@click.argument("test", type=path_argument)
@click.option("-o", "--out", required=True, type=path_argument, help="The CSV to write.")
@click.option("--rows", type=click.IntRange(min=1), help="Refuse to write another number of rows.")
@flip_option
@json_option
def submit(model: str, test: Path, out: Path, rows: int | None, flip: bool, as_json: bool) -> None:
    """Write predictions for a competition's TEST set: id,label in test order.

    Example:  mien submit runs/base/model.onnx test.csv -o predictions.csv --rows 7000
    """
    from mien.data import layouts
    from mien.inference import submission
    from mien.inference.classifier import Classifier

    num = submission.write(Classifier.load(model), layouts.read(test), out, num_rows=rows, flip=flip)
    show({"submission": str(out), "rows": num}, as_json, lambda: f"{out}: {num:,} rows")
