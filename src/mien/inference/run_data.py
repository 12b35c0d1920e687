"""Read the data of a run again, with the options of its training."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from mien.data.faceset import FaceSet
from mien.data.reading import DEFAULT, ReadOptions
from mien.errors import DataError, RunError
from mien.inference import datasets
from mien.run import Run


def read(run: Run, path: Path | None = None, reading: ReadOptions = DEFAULT) -> FaceSet:
    """Read a run's own data, with the options of the training, or other data.

    Args:
        run: the run.
        path: other data, or the new path of the run's data; None for the recorded path.
        reading: options for other data; by default the run's own options if they fit.

    Raises:
        RunError: no path is given, and the data has moved or changed since the run, or other options are given.
    """
    own, plain = run.record.data, replace(reading, columns=())
    if path is None:
        faceset = read_own(run, columns=reading.columns)
        if plain in (DEFAULT, own.read.options):
            return faceset
        asked = datasets.read(own.path, reading)
        if asked.hash != faceset.hash:
            raise RunError(
                f"The data of the run '{run.folder}' is read with the options of its training, and"
                f" {' '.join(reading.arguments())} would give other rows or classes: leave these options out, or name data with --data."
            )
        return asked
    if plain == DEFAULT != own.read.options:
        with contextlib.suppress(DataError, RunError):  # other data may not fit the run's options
            return read_own(run, path, columns=reading.columns)
    return datasets.read(path, reading)


def read_own(run: Run, moved: Path | None = None, *, columns: tuple[str, ...] = ()) -> FaceSet:
    """Read the data that a run was trained on.

    Args:
        run: the run.
        moved: the new path of the data; None for the recorded path.
        columns: further columns to keep, see ``ReadOptions``.

    Raises:
        RunError: the data is missing or was changed.
    """
    own = run.record.data
    path = Path(own.path) if moved is None else moved
    if moved is None and not path.exists():
        raise RunError(
            f"The data of the run '{run.folder}' is no longer at '{path}': restore it, or name its new path with --data."
        )
    faceset = datasets.read(path, replace(options_at(own.read.options, path), columns=columns))
    if faceset.hash == own.hash:
        return faceset
    if moved is None:
        raise RunError(
            f"The data at '{path}' has changed since this run was started: restore it, or name its new path with --data."
        )
    raise RunError(f"'{path}' holds other data than '{run.folder}' was trained on: name that data, or train again.")


def options_at(options: ReadOptions, path: Path) -> ReadOptions:
    """The options, with the votes file beside the data if it was moved too."""
    if options.votes is None or options.votes.exists():
        return options
    beside = (path if path.is_dir() else path.parent) / options.votes.name
    return replace(options, votes=beside if beside.exists() else options.votes)
