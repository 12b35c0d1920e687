"""One training from a data path to a model file: start it or resume it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from mien import files, locks, temporaries, typed_json
from mien.checks import checked
from mien.data.faceset import FaceSet
from mien.data.reading import DEFAULT, ReadOptions
from mien.errors import RunError
from mien.inference import datasets, run_data
from mien.progress import SILENT, Progress
from mien.recipes import Recipe
from mien.run import Run, check_new
from mien.run_record import AUTO, DataRecord, Hardware, HeldOutRows, Setup, TrainRows
from mien.training import (
    devices,
    division,
    export,
    finetuning,
    layers,
    loop,
    networks,
    pretrained,
    resuming,
    teachers,
    temperature,
)
from mien.training.augment import augment
from mien.training.ranks import Ranks, process_group
from mien.training.resuming import UNCHANGED, Changes
from mien.words import counted, percent

LOST = 30.0
"""Seconds to wait for the lock of the run folder while a lost worker is replaced."""


@checked
def start(
    data: str | os.PathLike[str],
    recipe: Recipe,
    out: str | os.PathLike[str],
    *,
    reading: ReadOptions = DEFAULT,
    hardware: Hardware = AUTO,
    command: Sequence[str] = (),
    progress: Progress = SILENT,
) -> Run:
    """Train a recipe on a data set and write the run folder, including the model file.

    Args:
        data: a path that ``datasets.read`` accepts.
        recipe: all settings.
        out: the run folder to create.
        reading: how the data is read.
        hardware: device and precision of training.
        command: arguments of the command line, stored in ``run.json``.
        progress: receives notes and epochs; an exception in its ``epoch`` stops the run.

    Raises:
        MienError: data, recipe or folder are not valid; only the run folder is written to.
    """
    place = devices.pick(hardware.device)
    setup = Setup(
        device=place.type,
        device_name=torch.cuda.get_device_name() if place.type == "cuda" else "",
        precision=devices.pick_precision(hardware.precision, place),
        threads=torch.get_num_threads(),
        torch=torch.__version__,
        speed=hardware.speed,
        teacher=teacher_hash(recipe),
        init=pretrained.digest(recipe.init) if recipe.init else "",
    )
    networks.sketch(recipe.network, 2, recipe.image_size)  # report an invalid network before data is read
    if recipe.init:
        finetuning.check(recipe, pretrained.load(recipe.init))
    with process_group(place) as ranks:
        shown = progress if ranks.first else SILENT
        run, own_set, valid_set = _begin(data, reading, recipe, out, setup, command, ranks, shown)
        with _locked(run, ranks):
            return _finish(run, own_set, valid_set, ranks, progress)


@contextmanager
def _locked(run: Run, ranks: Ranks) -> Iterator[None]:
    """Lock a run folder against other processes; rank 0 holds the lock for all ranks."""
    with ExitStack() as stack:
        patience = LOST if ranks.num > 1 else 0.0
        ranks.on_rank0(
            lambda: stack.enter_context(
                locks.locked(
                    run.folder / "run.json",
                    f"Another process is training in '{run.folder}': wait until it has ended.",
                    patience=patience,
                )
            )
        )
        yield


def _begin(
    data: str | os.PathLike[str],
    reading: ReadOptions,
    recipe: Recipe,
    out: str | os.PathLike[str],
    setup: Setup,
    command: Sequence[str],
    ranks: Ranks,
    progress: Progress,
) -> tuple[Run, FaceSet, FaceSet]:
    """Read the data and create the run folder; return the run, this rank's training rows, and the held-out rows."""
    ranks.on_rank0(lambda: check_new(Path(out)))  # before the data is read, which may take long
    files.check_folder(Path(out), [data])
    faceset = datasets.read(data, reading)
    progress.line(
        f"read {counted(len(faceset), 'face')} of {faceset.size[0]}x{faceset.size[1]} from {data} ({faceset.source.layout})"
    )
    for note in faceset.source.messages:
        progress.line(f"note: {note}")
    train_set, valid_set = division.divide(faceset, recipe)
    for note in division.notes(faceset, train_set, valid_set):
        progress.line(f"note: {note}")
    workers = f", {counted(ranks.num, 'worker')}" if ranks.num > 1 else ""
    progress.line(f"train {len(train_set):,}, hold out {len(valid_set):,}; {setup.device}, {setup.precision}{workers}")
    record = _describe(data, faceset, train_set, valid_set, _normalisation(recipe, train_set))
    run = ranks.on_rank0(
        lambda: Run.create(out, recipe, data=record, setup=replace(setup, workers=ranks.num), command=command)
    )
    ranks.on_rank0(lambda: _write_seen(run, train_set, valid_set))
    progress.line(f"run folder {run.folder}; if training is stopped, resume it with  mien train --resume {run.folder}")
    return run, ranks.share(train_set, recipe.seed), valid_set


@checked
def resume(
    folder: str | os.PathLike[str],
    *,
    changes: Changes = UNCHANGED,
    progress: Progress = SILENT,
) -> Run:
    """Resume a stopped run after its last complete epoch; a finished run is only exported again, unless it gets more epochs.

    Args:
        folder: the run folder.
        changes: a new path of the data, another device, more epochs.
        progress: as for ``start``.

    Raises:
        RunError: the folder isn't a run folder, its data or teacher has changed, or the changes are not valid.
        OutputError: another process is training in the folder.
    """
    run = resuming.changed(Run.open(folder), changes)
    if teacher_hash(run.recipe) != run.record.setup.teacher:
        raise RunError(f"The teacher '{run.recipe.teacher}' has changed since this run was started: train again.")
    if torch.get_num_threads() != run.record.setup.threads:
        # Sums are split over threads, so another number of threads rounds differently.
        torch.set_num_threads(run.record.setup.threads)
    with process_group(devices.pick(run.record.setup.device)) as ranks, _locked(run, ranks):
        own_set, valid_set = _share(run, ranks)
        if changes != UNCHANGED:  # after the data was read, so that an error leaves the run unchanged
            ranks.on_rank0(lambda: run.write())
        if ranks.first:
            temporaries.sweep(run.folder, at_once=True)
            if changes.device is not None or changes.epochs is not None:
                progress.line(
                    "the changes are recorded in run.json; the curve differs from that of a run that started with these settings"
                )
            if ranks.num != run.record.setup.workers:
                progress.line(
                    f"started with {counted(run.record.setup.workers, 'worker')}, resumed with {ranks.num}: the curve will differ slightly"
                )
        return _finish(run, own_set, valid_set, ranks, progress)


@checked
def start_or_resume(
    data: str | os.PathLike[str],
    recipe: Recipe,
    out: str | os.PathLike[str],
    *,
    reading: ReadOptions = DEFAULT,
    hardware: Hardware = AUTO,
    command: Sequence[str] = (),
    progress: Progress = SILENT,
) -> Run:
    """``resume`` if the folder is a run folder, else ``start``; for jobs that are restarted after a process was lost.

    Only rank 0 checks the folder: another rank could see a folder that rank 0 has just created.

    Args:
        data, recipe, out, reading, hardware, command, progress: as for ``start``.

    Raises:
        MienError: as for ``start`` and ``resume``.
    """
    with process_group(devices.pick(hardware.device)) as ranks:
        if ranks.on_rank0(lambda: (Path(out) / "run.json").is_file()):
            return resume(out, progress=progress)
        return start(data, recipe, out, reading=reading, hardware=hardware, command=command, progress=progress)


def _share(run: Run, ranks: Ranks) -> tuple[FaceSet, FaceSet]:
    """A run's training rows of this rank, and the held-out rows; other rows are not kept in memory."""
    train_set, valid_set = read_sets(run)
    if not run.recipe.init:  # the model that training started from may be gone
        ranks.on_rank0(lambda: run.write_seen(train_set, valid_set))
    return ranks.share(train_set, run.recipe.seed), valid_set


def _write_seen(run: Run, train_set: FaceSet, valid_set: FaceSet) -> None:
    """Store hashes of the faces, including those of the model that training starts from; nothing if these are unknown."""
    earlier = pretrained.load(run.recipe.init).seen if run.recipe.init else None
    if earlier is not None or not run.recipe.init:
        run.write_seen(train_set, valid_set, earlier)


def teacher_hash(recipe: Recipe) -> str:
    """SHA-256 of the teachers of a recipe; empty without distillation.

    Raises:
        ModelFileError: there is no such model.
        RunError: a run folder has no weights.
    """
    return teachers.digest(recipe.teacher) if recipe.distillation_weight else ""


def read_sets(run: Run, moved: Path | None = None) -> tuple[FaceSet, FaceSet]:
    """Read a run's training and held-out rows.

    Args:
        run: the run.
        moved: new path of the data; None for the recorded path.

    Raises:
        RunError: the data differs from the data that the run was started with.
    """
    return division.divide(run_data.read_own(run, moved), run.recipe)


def write_augmented(path: Path, train_set: FaceSet, recipe: Recipe, num_faces: int = 6, num_draws: int = 9) -> None:
    """Write a PNG of augmented faces: each row has one original face, followed by ``num_draws`` augmentations of it."""
    rng = np.random.default_rng(recipe.seed)
    rows = rng.choice(len(train_set), num_faces, replace=len(train_set) < num_faces)
    faces = torch.from_numpy(train_set.images[rows])
    generator = torch.Generator().manual_seed(recipe.seed)
    columns = [faces.float()] + [augment(faces, recipe.augment, generator)[:, 0] for _ in range(num_draws)]
    sheet = torch.cat([torch.cat(list(column), 0) for column in columns], 1).round().byte().numpy()
    with files.atomic_write(path, suffixes=files.PICTURES) as temporary:
        Image.fromarray(sheet).save(temporary, "PNG")


def _finish(run: Run, own_set: FaceSet, valid_set: FaceSet, ranks: Ranks, progress: Progress) -> Run:
    if not ranks.first:
        progress = SILENT  # only rank 0 reports
    ranks.on_rank0(lambda: _write_beginning(run, own_set))
    progress.begin(run.folder, run.record, run.epochs_done)
    ending = loop.train(run, own_set, valid_set, ranks=ranks, progress=progress)
    ended = Run(run.folder, replace(run.record, ended=ending))
    ranks.on_rank0(lambda: _write_end(ended, valid_set, progress))
    return ended


def _write_beginning(run: Run, train_set: FaceSet) -> None:
    if not (run.folder / "augmented.png").exists():
        network = layers.of(run.recipe, len(run.record.data.classes))
        files.write_json(run.folder / "network.json", typed_json.to_json(network))
        write_augmented(run.folder / "augmented.png", train_set, run.recipe)


def _write_end(run: Run, valid_set: FaceSet, progress: Progress) -> None:
    run.write()
    spec = export.export(run, valid_set, run.model_file)
    score, (low, high) = spec.scores[0], spec.training["temperature"]["interval"]
    progress.line(
        f"{_ending(run)}; epoch {spec.training['epoch']} has {percent(score['accuracy'], 2)} of {counted(score['n'], 'held-out face')}, "
        f"temperature {spec.temperature:.3f} ({low:.3f} to {high:.3f})"
    )
    for warning in temperature.warnings(spec):
        progress.line(warning)
    progress.end({name: score[name] for name in ("accuracy", "log_loss") if name in score})


def _ending(run: Run) -> str:
    recipe = run.recipe
    return {
        "epochs": f"{recipe.epochs} of {counted(recipe.epochs, 'epoch')} done",
        "accuracy": f"stopped because hold-out accuracy exceeded {recipe.stop_accuracy:g}",
        "patience": f"stopped because hold-out accuracy did not improve for {counted(recipe.patience, 'epoch')}",
    }[run.record.ended or "epochs"]


def _describe(
    path: str | os.PathLike[str],
    faceset: FaceSet,
    train_set: FaceSet,
    valid_set: FaceSet,
    normalisation: tuple[float, float],
) -> DataRecord:
    split = str(valid_set.splits[0])
    return DataRecord(
        path=str(Path(path).resolve()),
        hash=faceset.hash,
        classes=faceset.classes,
        train=TrainRows(len(train_set), tuple(train_set.counts().tolist()), train_set.faces_hash),
        valid=HeldOutRows(
            split if split in faceset.split_names else "hold_out",
            len(valid_set),
            tuple(valid_set.counts().tolist()),
            valid_set.hash,
        ),
        mean=normalisation[0],
        std=normalisation[1],
        size=faceset.size,
        votes=faceset.votes is not None,
        splits={name: int((faceset.splits == name).sum()) for name in faceset.split_names},
        read=faceset.source.reading(),
    )


def _normalisation(recipe: Recipe, train_set: FaceSet) -> tuple[float, float]:
    """Mean and standard deviation of the training rows' gray levels, or those of the model with the initial weights."""
    if recipe.init:
        first = pretrained.load(recipe.init)
        return first.mean, first.std
    return float(train_set.images.mean()), max(1.0, float(train_set.images.std()))
