"""The run folder: what a training was, its curve, its checkpoints. Reading it needs no torch.

::

    run.json                recipe, data, device, versions: everything needed to repeat it
    network.json            the layers, with shapes, parameters and reasons
    history.jsonl           one record per epoch
    augmented.png           what the network saw
    seen_faces.npz          a hash of each face that it learned from, and of each that was held out
    checkpoint.safetensors  the state after the last whole epoch
    best.safetensors        the weights of the best epoch
    calibration.safetensors the held-out readings that the temperature is fitted on
    model.onnx              the model file
    answers.safetensors     the teachers' answers on a cycle of views, where the recipe has one
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mien
from mien import escapes, files, temporaries
from mien.data.faceset import FaceSet
from mien.data.reading import DEFAULT, ReadOptions
from mien.data.seen import SeenFaces
from mien.errors import DataError, MienError, RunError
from mien.inference import datasets
from mien.training import recipes, shapes
from mien.training.recipes import Recipe

SEEN_FILE = "seen_faces.npz"

PARTS = (
    "run.json",
    "network.json",
    "history.jsonl",
    "augmented.png",
    SEEN_FILE,
    "checkpoint.safetensors",
    "best.safetensors",
    "calibration.safetensors",
    "answers.safetensors",
    "model.onnx",
)
"""The names of what a run folder holds."""


@dataclass(frozen=True)
class Run:
    """A run folder.

    Attributes:
        folder: where it is.
        record: the content of ``run.json``.
    """

    folder: Path
    record: Mapping[str, Any]

    @classmethod
    def create(
        cls, folder: str | os.PathLike[str], recipe: Recipe, *, data: Mapping[str, Any], setup: Mapping[str, Any]
    ) -> Run:
        """Make a new run folder and write ``run.json``.

        Args:
            folder: a folder that doesn't exist yet, or is empty.
            recipe: what will be trained.
            data: what it is trained on.
            setup: device, precision, threads and library versions.

        Raises:
            RunError: the folder holds something already.
        """
        place = Path(folder)
        check_new(place)
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"The run folder '{place}' can't be made: {error.strerror}.") from None
        record = {
            "mien": mien.__version__,
            "git_commit": git_commit(),
            "python": platform.python_version(),
            "processor": processor(),
            **setup,
            "data": data,
            "recipe": recipes.to_dict(recipe),
            "settings": recipes.changes(recipe),
        }
        run = cls(place, record)
        files.write_json(place / "run.json", record)
        return run

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Run:
        """Open an existing run folder.

        Raises:
            RunError: it isn't one, or its ``run.json`` is damaged.
        """
        place = Path(folder)
        if not (place / "run.json").is_file():
            raise RunError(f"'{place}' is no run folder (it has no run.json): name the folder that  mien train  made.")
        try:
            record = shapes.parse((place / "run.json").read_text(encoding="utf-8"), shapes.RECORD)
            recipes.from_dict(record["recipe"])
            ReadOptions.from_dict(record["data"].get("options", {}))
        except (ValueError, KeyError, TypeError, AttributeError, OSError, MienError) as error:
            raise RunError(f"'{place / 'run.json'}' is damaged ({error}): train again.") from None
        return cls(place, record)

    @property
    def recipe(self) -> Recipe:
        """The recipe of the run."""
        return recipes.from_dict(self.record["recipe"])

    @property
    def reading(self) -> ReadOptions:
        """How the run read its data."""
        return ReadOptions.from_dict(self.record["data"].get("options", {}))

    def read(self, path: Path | None = None, reading: ReadOptions = DEFAULT) -> FaceSet:
        """Read the run's own data, as it was read for the training, or other data.

        Args:
            path: other data, or the run's own where it lies now; None for where it lay.
            reading: how to read other data; by default the run's own way where that gives the run's own data.

        Raises:
            RunError: no path is given, and the data has moved or changed since the run, or is to be read in another way.
        """
        if path is None:
            faceset = self.read_own()
            if reading in (DEFAULT, self.reading):
                return faceset
            asked = datasets.read(self.record["data"]["path"], reading)
            if asked.hash != faceset.hash:
                raise RunError(
                    f"The data of the run '{self.folder}' is read as its training read it, and"
                    f" {' '.join(reading.arguments())} would give other rows or classes: leave these options out, or name data with --data."
                )
            return asked
        if reading == DEFAULT != self.reading:
            with contextlib.suppress(DataError, RunError):  # other data needs no fitting to the run's own options
                return self.read_own(path)
        return datasets.read(path, reading)

    def read_own(self, moved: Path | None = None) -> FaceSet:
        """Read the data that the run was trained on.

        Args:
            moved: where it lies now; None for where it lay.

        Raises:
            RunError: it isn't there any more, or other data is there now.
        """
        own = self.record["data"]
        path = Path(own["path"]) if moved is None else moved
        if moved is None and not path.exists():
            raise RunError(
                f"The data of the run '{self.folder}' is no longer at '{path}': put it back, or name its new place with --data."
            )
        faceset = datasets.read(path, self._reading_at(path))
        if faceset.hash == own["hash"]:
            return faceset
        if moved is None:
            raise RunError(
                f"The data at '{path}' has changed since this run was started: put it back, or name its new place with --data."
            )
        raise RunError(f"'{path}' holds other data than '{self.folder}' was trained on: name that data, or train anew.")

    def _reading_at(self, path: Path) -> ReadOptions:
        """How the run read its data, with the file of votes beside the data where it moved along."""
        votes = self.reading.votes
        if votes is None or votes.exists():
            return self.reading
        beside = (path if path.is_dir() else path.parent) / votes.name
        return dataclasses.replace(self.reading, votes=beside if beside.exists() else votes)

    @property
    def checkpoint(self) -> Path:
        """The state after the last whole epoch."""
        return self.folder / "checkpoint.safetensors"

    @property
    def best(self) -> Path:
        """The weights of the best epoch."""
        return self.folder / "best.safetensors"

    @property
    def model_file(self) -> Path:
        """The exported model."""
        return self.folder / "model.onnx"

    @property
    def seen(self) -> SeenFaces | None:
        """The faces that the training learned from and held out; None in runs of earlier versions.

        Raises:
            RunError: the file is damaged.
        """
        return SeenFaces.load(self.folder / SEEN_FILE)

    def write_seen(self, learned: FaceSet, held_out: FaceSet) -> None:
        """Keep which faces the training learns from and which it holds out, at the recipe's size; once for all."""
        if not (self.folder / SEEN_FILE).exists():
            with files.whole(self.folder / SEEN_FILE) as temporary:
                SeenFaces.of(learned.images, held_out.images).save(temporary)

    @property
    def calibration(self) -> Path:
        """The held-out readings that the temperature is fitted on."""
        return self.folder / "calibration.safetensors"

    @property
    def answers(self) -> Path:
        """The teachers' answers on a cycle of views: another training may name this file as its teacher."""
        return self.folder / "answers.safetensors"

    @property
    def augmented(self) -> bytes | None:
        """The sheet of what the network saw, as PNG."""
        path = self.folder / "augmented.png"
        return path.read_bytes() if path.exists() else None

    @property
    def network(self) -> dict[str, Any]:
        """The layer table that training wrote."""
        (table,) = self._parsed("network.json", [self._text("network.json")], shapes.NETWORK)
        return table

    @property
    def history(self) -> list[dict[str, Any]]:
        """One record per epoch, in order."""
        return self._parsed("history.jsonl", self._text("history.jsonl").splitlines(), shapes.EPOCH)

    def write_history(self, history: list[dict[str, Any]]) -> None:
        """Write the curve."""
        files.write_text(self.folder / "history.jsonl", "".join(json.dumps(row) + "\n" for row in history))

    def _parsed(self, name: str, texts: list[str], shape: shapes.Shape) -> list[dict[str, Any]]:
        try:
            return [shapes.parse(text, shape) for text in texts]
        except ValueError as error:
            raise RunError(f"'{self.folder / name}' is damaged ({error}): train again.") from None

    def _text(self, name: str) -> str:
        try:
            return (self.folder / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise RunError(f"'{self.folder / name}' is damaged (it is no text): train again.") from None
        except OSError:
            raise RunError(
                f"The run '{self.folder}' has no {name}: go on with  mien train --resume {self.folder}"
            ) from None


def check_new(place: Path) -> None:
    """Refuse a folder in which a new run can't be begun.

    Raises:
        RunError: it holds something already, or is none.
    """
    if escapes.readable(str(place)) != str(place):
        raise RunError(f"The run folder '{place}' has a name that is no text in UTF-8: choose another one.")
    if place.exists() and not place.is_dir():
        raise RunError(f"'{place}' is a file: name a folder for the run with --out.")
    if place.exists() and not all(map(temporaries.is_temporary, place.iterdir())):
        raise RunError(
            f"'{place}' exists and is not empty: name another folder with --out, or go on with  mien train --resume {place}"
        )


def git_commit() -> str:
    """The commit of mien's own source where it runs from a checkout, with ``+`` where it was changed since; else empty."""
    root = Path(__file__).parents[3]
    if not (root / ".git").exists():
        return ""
    try:
        commands = (["git", "rev-parse", "HEAD"], ["git", "status", "--porcelain", "--untracked-files=no"])
        commit, changes = (
            subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
            for command in commands
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return commit + ("+" if changes else "")


def processor() -> str:
    """The processor's name as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
