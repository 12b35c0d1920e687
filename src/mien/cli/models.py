"""Verbs that judge a model file, or a shipped model by its short name: evaluate, submit."""

from __future__ import annotations

from pathlib import Path

import click

from mien.cli.common import flip_option, json_option, path_argument, show


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
