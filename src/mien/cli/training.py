"""Verbs of training: train, adapt, report, export, ensemble, summary and demo."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mien.cli.common import (
    by_option,
    command_line,
    data_options,
    device_option,
    flip_option,
    is_given,
    json_option,
    lang_option,
    model_argument,
    name_argument,
    no_faces_option,
    page_argument,
    path_argument,
    precision_option,
    recipe_option,
    resumable,
    set_option,
    show,
    split_option,
)
from mien.cli.places import OutputPath, RunPath, Verb
from mien.reporting.texts import cells
from mien.run_record import TRACKERS
from mien.shown import SHOWN, say
from mien.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mien.data.reading import ReadOptions
    from mien.modelfile import Spec

_moved_option = click.option("--data", "moved", type=path_argument, help="Path of the training data, if it has moved.")


def _check_resuming(
    context: click.Context, data: Path | None, resume: Path | None, moved: Path | None, settings: tuple[str, ...]
) -> None:
    if (data is None) == (resume is None):
        raise click.UsageError("Name either DATA to train on, or a run to resume: --resume RUN.")
    if resume is None and moved is not None:
        raise click.UsageError("--data is for --resume: name the data to train on as DATA.")
    kept = (
        "recipe_name",
        "init",
        "out",
        "precision",
        "layout",
        "votes",
        "coding",
        "find_faces",
        "classes",
        "drop",
        "renames",
        "allow_leakage",
    )
    others = [text for text in settings if not re.fullmatch(r"epochs=\d+", text)]
    if resume is not None and (others or any(is_given(context, name) for name in kept)):
        raise click.UsageError(
            "--resume uses the run's own settings: leave out the other options, except --data, --device and --set epochs=N."
        )


@click.command(cls=Verb)
@click.argument("data", required=False, type=path_argument)
@recipe_option(None, "base; with --init: finetune")
@click.option(
    "--init",
    type=name_argument,
    metavar="MODEL",
    help="Fine-tune: start from the weights of a model (a name such as base, a model file or a run folder).",
)
@set_option
@data_options(training=True)
@click.option("--out", type=OutputPath("made"), help="Run folder to create.  [default: runs/RECIPE-DATE-TIME]")
@click.option("--resume", type=path_argument, metavar="RUN", help="Resume an interrupted run.")
@click.option("--data", "moved", type=path_argument, help="With --resume: path of the data, if it has moved.")
@device_option
@precision_option
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="Train with this many Ray workers, one core or GPU each.  [default: this process]",
)
@click.option(
    "--log",
    type=click.Choice(TRACKERS),
    help="Also log recipe, epochs and scores to TensorBoard or MLflow.  [default: off]",
)
@json_option
@click.pass_context
def train(
    context: click.Context,
    data: Path | None,
    recipe_name: str | None,
    init: str | None,
    settings: tuple[str, ...],
    reading: ReadOptions,
    out: Path | None,
    resume: Path | None,
    moved: Path | None,
    device: str,
    precision: str,
    workers: int | None,
    log: str | None,
    as_json: bool,
) -> None:
    """Train a recipe on DATA; writes a run folder.

    DATA is any layout of labelled faces: a CSV, a Parquet file, a folder of pictures. Train in several processes with
    --workers on Ray, or without Ray by torchrun: torchrun --nproc-per-node 4 -m mien train DATA.

    --resume uses the settings of the run; only --data (new path of the data), --device and --set epochs=N (more epochs) may
    differ.

    --init fine-tunes a model: it uses the network of the model, and a new last layer if the classes differ.

    Example:  mien train fer2013.csv --recipe base --set epochs=15
    """
    _check_resuming(context, data, resume, moved, settings)
    from mien import api, typed_json
    from mien.run_record import Hardware
    from mien.training import ranks
    from mien.training.resuming import Changes

    if workers is not None and ranks.launched():
        raise click.UsageError("torchrun has started the workers already: leave out --workers.")
    if ranks.started_again() and resume is None and out is None:
        raise click.UsageError("Name the run folder with --out, so that restarted workers find it.")
    recipe = api.recipe_for(recipe_name, settings, init=init)
    folder = resume or out or api.new_run_folder(recipe)
    how = f"resume with  mien train --resume {folder}" + (f" --workers {workers}" if workers else "")
    with resumable(how, needs=folder / "run.json"):
        if resume is not None:
            changes = Changes(
                moved, device if is_given(context, "device") else None, recipe.epochs if settings else None
            )
            run = api.resume(resume, changes=changes, workers=workers, log=log, progress=SHOWN)
        else:
            assert data is not None
            run = api.train(
                data,
                recipe,
                folder,
                reading=reading,
                hardware=Hardware(device, precision),
                workers=workers,
                command=command_line(),
                log=log,
                progress=SHOWN,
            )
    record = {"run": str(run.folder), "model": str(run.model_file), "history": typed_json.to_json(run.history)}
    show(record, as_json, lambda: f"{run.model_file}\nnext:  mien report {run.folder}")


@click.command(cls=Verb)
@click.argument("model", type=name_argument)
@click.argument("data", type=path_argument)
@data_options(training=True)
@click.option("-o", "--out", required=True, type=model_argument, help="The model file to write.")
@click.option("--seed", default=0, type=click.IntRange(0, 2**32 - 1), show_default=True, help="Seed of the folds.")
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
@json_option
def adapt(model: str, data: Path, reading: ReadOptions, out: Path, seed: int, overwrite: bool, as_json: bool) -> None:
    """Adapt a MODEL to your own faces and classes.

    Fits a new last layer on the features of MODEL (a pretrained model, a model file or a run folder), for the classes of DATA.
    It takes seconds for a thousand faces and needs no PyTorch. The scores are cross-validated, by person if DATA has persons.

    Example:  mien adapt base clinic/ -o clinic.onnx
    """
    from mien import api
    from mien.training import temperature

    adapted = api.adapt(model, data, out, reading=reading, seed=seed, overwrite=overwrite, progress=SHOWN)
    for warning in temperature.warnings(adapted.spec):
        say(warning)
    show(adapted.to_dict(), as_json, lambda: f"{adapted}\nnext:  mien predict PHOTO --model {adapted.path}")


@click.command(cls=Verb)
@click.argument("run", type=RunPath())
@click.option("--data", type=path_argument, help="Evaluate on other data than the run's.")
@data_options()
@split_option()
@by_option
@flip_option
@lang_option
@no_faces_option
@click.option("--no-probes", is_flag=True, help="Leave out saliency and robustness, which take minutes.")
@click.option(
    "--with", "studies", multiple=True, type=path_argument, metavar="STUDY", help="JSON file of a study; repeatable."
)
@click.option("--ensemble", type=path_argument, metavar="FILE", help="Compare with an ensemble's model file.")
@click.option("-o", "--out", type=page_argument, help="The HTML file to write.  [default: RUN/report.html]")
@json_option
def report(
    run: Path,
    data: Path | None,
    reading: ReadOptions,
    split: str | None,
    by: tuple[str, ...],
    flip: bool,
    lang: str,
    no_faces: bool,
    no_probes: bool,
    studies: tuple[Path, ...],
    ensemble: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Write the report of a RUN as one offline HTML file.

    --with adds the result of a study on the same data, --ensemble a comparison with the ensemble of several runs.

    Example:  mien report runs/base --with studies/augmentation.json --lang zh-TW
    """
    from mien import api, typed_json

    target = out or run / "report.html"
    found = api.report(
        run,
        target,
        data=data,
        split=split,
        reading=reading,
        by=by,
        flip=flip,
        probes=not no_probes,
        studies=studies,
        ensemble=ensemble,
        command=command_line(),
        lang=lang,
        faces=not no_faces,
        progress=SHOWN,
    )
    grouped = {"by": typed_json.to_json(found.by)} if by else {}
    show({"report": str(target), **found.judgement.to_dict(), **grouped}, as_json, lambda: str(target))


@click.command(cls=Verb)
@click.argument("run", type=RunPath("model.onnx"))
@click.option("-o", "--out", type=model_argument, help="The model file to write.  [default: RUN/model.onnx]")
@_moved_option
@json_option
def export(run: Path, out: Path | None, moved: Path | None, as_json: bool) -> None:
    """Export the model file of a RUN, with checks.

    Example:  mien export runs/base -o base.onnx
    """
    from mien import api
    from mien.training import temperature

    target = out or run / "model.onnx"
    spec = api.export(run, target, data=moved)
    for line in (*_exported(spec, target.stat().st_size), *temperature.warnings(spec)):
        say(line)
    show({"model": str(target), "spec": json.loads(spec.to_json())}, as_json, lambda: str(target))


def _exported(spec: Spec, num_bytes: int) -> Iterator[str]:
    """The results of an export, as lines."""
    score, parity, temperature = spec.scores[0], spec.training["parity"], spec.training["temperature"]
    ends = cells.decimal_ends(temperature["interval"], 3)
    full, half = (cells.magnitude(parity[key]) for key in ("full", "half"))
    yield f"weights of epoch {spec.training['epoch']}, half precision: {cells.megabytes(num_bytes, 2)}"
    yield (
        f"largest difference in a probability: {full} from the network, and {half} by half precision "
        f"(allowed: {' and '.join(map(cells.compact, parity['allowed']))})"
    )
    rows = counted(temperature["rows"], "row")
    yield f"temperature {cells.decimal(spec.temperature, 3)} (95% interval {ends}), fitted on {rows}"
    figures = f"accuracy {cells.percent(score['accuracy'])}, log-loss {cells.decimal(score['log_loss'], 3)}"
    yield f"scores on {counted(score['n'], 'row')} ({score['split']}): {figures}"
    yield f"note: {score['note']}"
    if spec.decisions:
        yield f"decisions in the file, chosen on the same rows: {', '.join(spec.decisions)}"


@click.command(cls=Verb)
@click.argument("runs", nargs=-1, required=True, type=RunPath(), metavar="RUN...")
@click.option("-o", "--out", required=True, type=model_argument, help="The model file to write.")
@_moved_option
@json_option
def ensemble(runs: tuple[Path, ...], out: Path, moved: Path | None, as_json: bool) -> None:
    """Average several RUNs into one model file.

    Train them with different seeds: --set seed=1, --set seed=2, and so on.

    Example:  mien ensemble runs/seed0 runs/seed1 runs/seed2 -o ensemble.onnx
    """
    from mien import api
    from mien.training import temperature

    spec = api.ensemble(runs, out, data=moved)
    for warning in temperature.warnings(spec):
        say(warning)
    score = spec.scores[0]
    show(
        {"model": str(out), "spec": json.loads(spec.to_json())},
        as_json,
        lambda: (
            f"{out}: {counted(len(runs), 'model')}, {cells.percent(score['accuracy'], 2)} of {counted(score['n'], 'face')} held out by all"
        ),
    )


@click.command(cls=Verb)
@click.argument("recipe", type=name_argument)
@set_option
@click.option(
    "--classes", "num_classes", default=7, type=click.IntRange(2, 1000), show_default=True, help="Number of classes."
)
@json_option
def summary(recipe: str, settings: tuple[str, ...], num_classes: int, as_json: bool) -> None:
    """Print the layers of a RECIPE's network, with explanations.

    Example:  mien summary vgg
    """
    from mien import recipes, typed_json
    from mien.reporting import network as in_words
    from mien.training import layers

    record = layers.of(recipes.get(recipe, settings), num_classes)
    show(typed_json.to_json(record), as_json, lambda: in_words.network_as_text(record))
