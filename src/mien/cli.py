"""The command line: one verb, one short function. Each verb imports its work inside, so ``--help`` loads nothing heavy.

Results go to standard output, words about the work to standard error. Exit code 0; 2 for a usage error; 1 for anything else.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click

import mien
from mien.errors import MienError, MissingExtraError, RunError

EXTRAS = {
    "torch": "train",
    "safetensors": "train",
    "onnx": "train",
    "onnxscript": "train",
    "pyarrow": "report",
    "sklearn": "report",
    "scipy": "report",
    "matplotlib": "report",
    "jinja2": "report",
}
"""Which extra brings a package that the base install lacks."""

path_argument = click.Path(path_type=Path)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")
flip_option = click.option("--flip", is_flag=True, help="Average each face with its mirror image (twice the time).")
recipe_option = click.option(
    "--recipe", "recipe_name", default="base", show_default=True, help="report, base, tiny or demo."
)
set_option = click.option(
    "--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Change a field of the recipe."
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; the one place where errors become words and exit codes."""
    try:
        cli.main(args=arguments, prog_name="mien", standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        fail("stopped.", 1)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        sys.stderr.close()
        sys.exit(1)
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package not in EXTRAS:
            raise
        fail(str(MissingExtraError(package, EXTRAS[package])), 1)
    except MienError as error:
        fail(str(error), error.exit_code)
    except OSError as error:  # a path that can't be, a disk that is full
        fail(f"'{error.filename}': {error.strerror or error}." if error.filename else f"{error.strerror or error}.", 1)


def fail(message: str, exit_code: int) -> None:
    """Say on standard error what went wrong, and exit."""
    click.echo(f"mien: {message}", err=True)
    sys.exit(exit_code)


def say(line: str) -> None:
    """A line for people, on standard error."""
    click.echo(line, err=True)


def track(steps: Iterable[int], label: str) -> Iterable[int]:
    """Show a progress bar over steps while standard error is a terminal."""
    if not sys.stderr.isatty():
        yield from steps
        return
    with click.progressbar(steps, label=label, file=sys.stderr) as bar:
        yield from bar
    click.echo("\x1b[1A\x1b[2K", nl=False, err=True)  # the epoch's line takes the bar's place


def show(value: dict[str, Any], as_json: bool, text: Callable[[], str]) -> None:
    """Print a result: JSON for machines, or words."""
    click.echo(json.dumps(value, ensure_ascii=False) if as_json else text())


def is_given(context: click.Context, name: str) -> bool:
    """Whether a parameter was typed, not left at its default."""
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(mien.__version__, prog_name="mien")
def cli() -> None:
    """Learn to read facial expressions from labelled faces, judge how well, and show where it errs.

    Start with:  mien demo
    """


@cli.command()
@click.argument("data", required=False, type=path_argument)
@recipe_option
@set_option
@click.option("--out", type=path_argument, help="The run folder to make.  [default: runs/RECIPE-DATE-TIME]")
@click.option("--resume", type=path_argument, metavar="RUN", help="Go on with a run that was stopped.")
@click.option("--device", default="auto", type=click.Choice(["auto", "cpu", "cuda", "mps"]), show_default=True)
@click.option("--precision", default="auto", type=click.Choice(["auto", "fp32", "bf16"]), show_default=True)
@json_option
@click.pass_context
def train(
    context: click.Context,
    data: Path | None,
    recipe_name: str,
    settings: tuple[str, ...],
    out: Path | None,
    resume: Path | None,
    device: str,
    precision: str,
    as_json: bool,
) -> None:
    """Train a recipe on DATA and write a run folder with its model file.

    DATA is any layout of labelled faces: a CSV, a Parquet file, a folder of pictures.

    Example:  mien train fer2013.csv --recipe base --set epochs=15
    """
    if (data is None) == (resume is None):
        raise click.UsageError("Name either DATA to train on, or a run to go on with: --resume RUN.")
    given = [name for name in ("recipe_name", "settings", "out", "device", "precision") if is_given(context, name)]
    if resume is not None and given:
        raise click.UsageError("--resume goes on with the run's own settings: leave out the other options.")
    from mien.training import job, recipes

    if resume is not None:
        run = job.resume(resume, say=say, track=track)
    else:
        assert data is not None
        recipe = recipes.get(recipe_name, settings)
        folder = out or Path("runs") / f"{recipe.name}-{time.strftime('%Y%m%d-%H%M%S')}"
        run = job.start(data, recipe, folder, device=device, precision=precision, say=say, track=track)
    record = {"run": str(run.folder), "model": str(run.model_file), "history": run.history}
    show(record, as_json, lambda: f"{run.model_file}\nnext:  mien report {run.folder}")


@cli.command()
@click.argument("model", type=path_argument)
@click.argument("data", type=path_argument)
@click.option("--split", help="Judge on this split, or 'all'.  [default: the data's test split]")
@flip_option
@json_option
def evaluate(model: Path, data: Path, split: str | None, flip: bool, as_json: bool) -> None:
    """Judge a MODEL file on labelled DATA.

    Example:  mien evaluate runs/base/model.onnx fer2013.csv --split public_test --flip
    """
    from mien.data import layouts
    from mien.evaluation import text
    from mien.evaluation.judge import default_split, judge
    from mien.inference.classifier import Classifier

    classifier = Classifier.load(model)
    faceset = layouts.read(data)
    judgement = judge(classifier, faceset, split or default_split(faceset), flip=flip)
    show(judgement.to_dict(), as_json, lambda: text.as_text(judgement))


@cli.command()
@click.argument("run", type=path_argument)
@click.option("--data", type=path_argument, help="Judge on other data than the run was trained on.")
@click.option("--split", help="Judge on this split.  [default: the data's test split, or the held-out rows]")
@flip_option
@click.option("--lang", default="en", type=click.Choice(["en", "zh-TW"]), show_default=True)
@click.option("-o", "--out", type=path_argument, help="The HTML file to write.  [default: RUN/report.html]")
@json_option
def report(
    run: Path, data: Path | None, split: str | None, flip: bool, lang: str, out: Path | None, as_json: bool
) -> None:
    """Write the report of a RUN: one HTML file that opens offline.

    Example:  mien report runs/base --lang zh-TW -o report.html
    """
    from mien.training.run import Run

    target = out or run / "report.html"
    judgement = write_report(Run.open(run), target, data=data, split=split, flip=flip, lang=lang)
    show({"report": str(target), **judgement.to_dict()}, as_json, lambda: str(target))


def write_report(
    run: Any, target: Path, *, data: Path | None = None, split: str | None = None, flip: bool = False, lang: str = "en"
) -> Any:
    """Judge a run's model file and write its report; returns the judgement."""
    from mien.data import layouts
    from mien.evaluation import report as reports
    from mien.evaluation.judge import judge_run
    from mien.inference.classifier import Classifier

    classifier = Classifier.load(run.model_file)
    faceset = layouts.read(data or run.record["data"]["path"])
    if data is None and faceset.hash != run.record["data"]["hash"]:
        raise RunError(
            f"The data at '{run.record['data']['path']}' has changed since this run: put it back, or name other data with --data."
        )
    judgement = judge_run(classifier, faceset, run.record, split, flip=flip)
    reports.write(
        target,
        judgement,
        record=run.record,
        network=run.network,
        history=run.history,
        augmented=run.augmented,
        lang=lang,
    )
    return judgement


@cli.command()
@click.argument("crops", nargs=-1, required=True, type=path_argument, metavar="PHOTO...")
@click.option("--model", required=True, type=path_argument, help="The model file.")
@click.option(
    "--crops",
    "ready",
    is_flag=True,
    help="Each picture is one ready-made face crop (needed: mien has no detector yet).",
)
@flip_option
@json_option
def predict(crops: tuple[Path, ...], model: Path, ready: bool, flip: bool, as_json: bool) -> None:
    """Read the expression on ready-made face crops: files, or folders of them.

    Example:  mien predict --crops --model runs/base/model.onnx face1.png face2.png
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


@cli.command()
@click.argument("model", type=path_argument)
@click.argument("test", type=path_argument)
@click.option("-o", "--out", required=True, type=path_argument, help="The CSV to write.")
@click.option("--rows", type=click.IntRange(min=1), help="Refuse to write another number of rows.")
@flip_option
@json_option
def submit(model: Path, test: Path, out: Path, rows: int | None, flip: bool, as_json: bool) -> None:
    """Write predictions for a competition's TEST set: id,label in test order.

    Example:  mien submit runs/base/model.onnx test.csv -o predictions.csv --rows 7000
    """
    from mien.data import layouts
    from mien.inference import submission
    from mien.inference.classifier import Classifier

    num = submission.write(Classifier.load(model), layouts.read(test), out, num_rows=rows, flip=flip)
    show({"submission": str(out), "rows": num}, as_json, lambda: f"{out}: {num:,} rows")


@cli.command()
@click.argument("recipe")
@set_option
@click.option("--classes", "num_classes", default=7, type=click.IntRange(min=2), show_default=True)
@json_option
def summary(recipe: str, settings: tuple[str, ...], num_classes: int, as_json: bool) -> None:
    """Print the network of a RECIPE: each layer with its output, its parameters and its reason.

    Example:  mien summary report
    """
    from mien.training import networks, recipes
    from mien.training import summary as summaries

    values = recipes.get(recipe, settings)
    network = networks.build(values.network, num_classes, values.image_size)
    description = summaries.describe(network, values.image_size)
    show(description, as_json, lambda: summaries.as_table(description))


@cli.command()
@click.argument("run", type=path_argument)
@click.option("-o", "--out", type=path_argument, help="The model file to write.  [default: RUN/model.onnx]")
@json_option
def export(run: Path, out: Path | None, as_json: bool) -> None:
    """Write the model file of a RUN's best weights, again or elsewhere.

    Example:  mien export runs/base -o base.onnx
    """
    from mien.training import export as exports
    from mien.training import job
    from mien.training.run import Run

    opened = Run.open(run)
    target = out or opened.model_file
    spec = exports.export(opened, job.read_sets(opened)[1], target)
    show({"model": str(target), "spec": json.loads(spec.to_json())}, as_json, lambda: str(target))


@cli.command()
@click.option("--out", default=Path("demo"), type=path_argument, show_default=True, help="The folder to make.")
@click.option("--num", default=3000, type=click.IntRange(min=200), show_default=True, help="How many faces to draw.")
def demo(out: Path, num: int) -> None:
    """Draw faces, train on them, judge the model and write its report.

    Example:  mien demo --out demo
    """
    from mien.data import drawn, store
    from mien.errors import OutputError
    from mien.training import job, recipes

    if out.exists():
        raise OutputError(f"'{out}' exists: remove it, or name another folder with --out.")
    out.mkdir(parents=True)
    say(f"drawing {num:,} faces")
    store.write_parquet(drawn.draw(num), out / "faces.parquet")
    run = job.start(out / "faces.parquet", recipes.get("demo"), out / "run", say=say, track=track)
    judgement = write_report(run, out / "report.html")
    low, high = judgement.evaluation.accuracy_interval
    click.echo(
        f"accuracy {judgement.evaluation.accuracy:.1%} ({low:.1%} to {high:.1%}) on {len(judgement.evaluation):,} drawn test faces"
    )
    click.echo(f"model   {run.model_file.resolve()}\nreport  {(out / 'report.html').resolve()}")


@cli.group()
def data() -> None:
    """Look at data sets, convert them, draw one."""


@data.command()
@click.argument("path", type=path_argument)
@click.option("--layout", help="Read it as this layout instead of recognising one.")
@click.option("--votes", type=path_argument, help="FER+ votes (fer2013new.csv) to join to FER2013.")
@click.option(
    "--augmented", type=path_argument, metavar="PNG", help="Also write a sheet of what a network sees in training."
)
@recipe_option
@set_option
@json_option
def info(
    path: Path,
    layout: str | None,
    votes: Path | None,
    augmented: Path | None,
    recipe_name: str,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Count what is at PATH: splits, classes and their shares, sizes, hash, dropped rows.

    Example:  mien data info fer2013.csv
    """
    from mien.data import info as infos
    from mien.data import layouts

    faceset = layouts.read(path, layout=layout, votes=votes)
    if augmented is not None:
        from mien.training import job, recipes

        recipe = recipes.get(recipe_name, settings)
        job.write_augmented(augmented, faceset.split("train").resized((recipe.image_size,) * 2), recipe)
        say(f"wrote {augmented}")
    description = infos.describe(faceset)
    show(description, as_json, lambda: infos.as_text(description))


@data.command()
@click.argument("path", type=path_argument)
@click.argument("out", type=path_argument)
@click.option("--layout", help="Read it as this layout instead of recognising one.")
@click.option("--votes", type=path_argument, help="FER+ votes (fer2013new.csv) to join to FER2013.")
@click.option("--size", type=click.IntRange(8, 1024), help="Resize the faces to this height and width.")
@click.option("--overwrite", is_flag=True, help="Replace OUT where it exists.")
@json_option
def convert(
    path: Path, out: Path, layout: str | None, votes: Path | None, size: int | None, overwrite: bool, as_json: bool
) -> None:
    """Convert what is at PATH to a Parquet file (OUT ends in .parquet) or to image folders.

    Example:  mien data convert fer2013.csv fer2013.parquet
    """
    from mien.data import layouts, store

    faceset = layouts.read(path, layout=layout, votes=votes, size=size)
    store.convert(faceset, out, overwrite=overwrite)
    record = {"out": str(out), "rows": len(faceset), "dropped": len(faceset.source.dropped), "hash": faceset.hash}
    show(record, as_json, lambda: f"{out}: {len(faceset):,} faces, {len(faceset.source.dropped):,} rows dropped")


@data.command()
@click.argument("out", type=path_argument)
@click.option("--num", default=2000, type=int, show_default=True, help="How many faces.")
@click.option("--seed", default=0, type=int, show_default=True)
@click.option("--size", default=48, type=int, show_default=True, help="Height and width in pixels.")
@click.option(
    "--wrong-labels", default=0.03, type=float, show_default=True, help="Share of training rows with a wrong label."
)
@click.option("--overwrite", is_flag=True, help="Replace OUT where it exists.")
@json_option
def draw(out: Path, num: int, seed: int, size: int, wrong_labels: float, overwrite: bool, as_json: bool) -> None:
    """Draw faces with seven expressions, to a Parquet file or image folders: data for a try and for tests.

    Example:  mien data draw faces.parquet --num 2000 --seed 0
    """
    from mien.data import drawn, store

    faceset = drawn.draw(num, seed, size=size, wrong_labels=wrong_labels)
    store.convert(faceset, out, overwrite=overwrite)
    show(
        {"out": str(out), "rows": len(faceset), "hash": faceset.hash},
        as_json,
        lambda: f"{out}: {len(faceset):,} drawn faces",
    )
