"""The run folder: settings, training curve and checkpoints of one training. Reading it needs no torch.

::

    run.json                recipe, data, device, versions: everything needed to repeat the training
    network.json            the layers, with shapes, parameters and reasons
    history.jsonl           one record per epoch
    augmented.png           sample of augmented training faces
    seen_faces.npz          a hash of each training face and of each held-out face
    checkpoint.safetensors  the state after the last complete epoch
    best.safetensors        the weights of the best epoch
    calibration.safetensors the hold-out logits that the temperature is fitted on
    model.onnx              the model file
    answers.safetensors     the teachers' outputs on a cycle of views, if the recipe has one
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import mien
from mien import escapes, files, recipes, temporaries, typed_json
from mien.data.faceset import FaceSet
from mien.data.seen import SeenFaces
from mien.display import Displayed
from mien.errors import RunError
from mien.recipes import Recipe
from mien.run_record import DataRecord, EpochRecord, NetworkRecord, RunRecord, Setup
from mien.typed_json import JsonObject

if TYPE_CHECKING:
    from mien.display import Axes

T = TypeVar("T")

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
"""The files of a run folder."""


@dataclass(frozen=True)
class Run(Displayed, kind="run"):
    """A run folder; ``to_frame`` has a row for each epoch.

    Attributes:
        folder: path of the folder.
        record: the content of ``run.json``.
    """

    folder: Path
    record: RunRecord

    @classmethod
    def create(
        cls,
        folder: str | os.PathLike[str],
        recipe: Recipe,
        *,
        data: DataRecord,
        setup: Setup,
        command: Sequence[str] = (),
    ) -> Run:
        """Create a run folder and write ``run.json``.

        Args:
            folder: a folder that doesn't exist yet, or is empty.
            recipe: all settings of the training.
            data: the training data.
            setup: device, precision and versions.
            command: arguments of the command line; empty if the run was started from Python.

        Raises:
            RunError: the folder is not empty or can't be created.
        """
        place = Path(folder)
        check_new(place)
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"The run folder '{place}' can't be created: {error.strerror}.") from None
        record = RunRecord(
            recipe=recipe,
            settings=tuple(recipes.changes(recipe)),
            setup=setup,
            data=data,
            mien=mien.__version__,
            git_commit=git_commit(),
            python=platform.python_version(),
            processor=processor(),
            command=tuple(command),
        )
        run = cls(place, record)
        run.write()
        return run

    def write(self) -> None:
        """Write ``run.json``."""
        files.write_json(self.folder / "run.json", typed_json.to_json(self.record))

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Run:
        """Open an existing run folder.

        Raises:
            RunError: the folder isn't a run folder, or its ``run.json`` is damaged.
        """
        place = Path(folder)
        if not (place / "run.json").is_file():
            raise RunError(f"'{place}' is not a run folder (no run.json): give the folder that  mien train  created.")
        try:
            record = typed_json.parse((place / "run.json").read_text(encoding="utf-8"), RunRecord)
        except (ValueError, OSError) as error:
            raise RunError(f"'{place / 'run.json'}' is damaged ({error}): train again.") from None
        return cls(place, record)

    @property
    def recipe(self) -> Recipe:
        """The recipe of the run."""
        return self.record.recipe

    @property
    def checkpoint(self) -> Path:
        """The state after the last complete epoch."""
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
        """Hashes of the training faces and the held-out faces, including those of the model that training starts from.

        None in runs of earlier versions, and if that model has no hashes.

        Raises:
            RunError: the file is damaged.
        """
        return SeenFaces.load(self.folder / SEEN_FILE)

    def write_seen(self, learned: FaceSet, held_out: FaceSet, earlier: SeenFaces | None = None) -> None:
        """Store hashes of the training faces and the held-out faces, at the recipe's size, unless they are stored already.

        Args:
            learned, held_out: the rows.
            earlier: the faces of the model that training starts from.
        """
        if not (self.folder / SEEN_FILE).exists():
            own = SeenFaces.of(learned.images, held_out.images)
            with files.atomic_write(self.folder / SEEN_FILE) as temporary:
                (own.joined(earlier) if earlier else own).save(temporary)

    @property
    def calibration(self) -> Path:
        """The hold-out logits that the temperature is fitted on."""
        return self.folder / "calibration.safetensors"

    @property
    def answers(self) -> Path:
        """The teachers' outputs on a cycle of views; another recipe can use this file as its ``teacher``."""
        return self.folder / "answers.safetensors"

    @property
    def augmented(self) -> bytes | None:
        """The sample of augmented training faces, as PNG; None if there is none."""
        path = self.folder / "augmented.png"
        return path.read_bytes() if path.exists() else None

    @property
    def network(self) -> NetworkRecord:
        """The layers of the network."""
        (record,) = self._parsed("network.json", [self._text("network.json")], NetworkRecord)
        return record

    @property
    def history(self) -> list[EpochRecord]:
        """One record per epoch, in order."""
        return self._parsed("history.jsonl", self._text("history.jsonl").splitlines(), EpochRecord)

    def check(self) -> None:
        """Read the layers and the curve, so that a damaged run is refused before work begins.

        Raises:
            RunError: a file is missing or damaged.
        """
        _ = self.network, self.history

    @property
    def epochs_done(self) -> int:
        """Number of finished epochs."""
        return len(self.history) if (self.folder / "history.jsonl").exists() else 0

    def write_history(self, history: Sequence[EpochRecord]) -> None:
        """Write the training curve."""
        lines = (json.dumps(typed_json.to_json(row)) + "\n" for row in history)
        files.write_text(self.folder / "history.jsonl", "".join(lines))

    def to_dict(self) -> JsonObject:
        """The folder, the record and the epochs as a dictionary for JSON."""
        history = self.history if self.epochs_done else []
        return {
            "run": str(self.folder),
            "model": str(self.model_file),
            "history": typed_json.to_json(history),
            "record": typed_json.to_json(self.record),
        }

    def plot_curves(
        self, ax: Axes | None = None, *, what: Literal["loss", "accuracy", "learning_rate"] = "accuracy"
    ) -> Axes:
        """Draw the training curves on ``ax``, or on a new figure, with the best epoch marked.

        Raises:
            DataError: no epoch is finished yet.
        """
        return self._plot("curves", ax, what=what)

    def _parsed(self, name: str, texts: list[str], kind: type[T]) -> list[T]:
        try:
            return [typed_json.parse(text, kind) for text in texts]
        except ValueError as error:
            raise RunError(f"'{self.folder / name}' is damaged ({error}): train again.") from None

    def _text(self, name: str) -> str:
        try:
            return (self.folder / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise RunError(f"'{self.folder / name}' is damaged (not a text file): train again.") from None
        except OSError:
            raise RunError(
                f"The run '{self.folder}' has no {name}: resume it with  mien train --resume {self.folder}"
            ) from None


def check_new(place: Path) -> None:
    """Check that a new run can start in a folder.

    Raises:
        RunError: the folder is not empty, or the path is a file or isn't valid UTF-8.
    """
    if escapes.readable(str(place)) != str(place):
        raise RunError(f"The name of the run folder '{place}' is not valid UTF-8: choose another one.")
    if place.exists() and not place.is_dir():
        raise RunError(f"'{place}' is a file: name a folder for the run with --out.")
    if place.exists() and not all(map(temporaries.is_temporary, place.iterdir())):
        raise RunError(
            f"'{place}' exists and is not empty: name another folder with --out, or resume it with  mien train --resume {place}"
        )


def git_commit() -> str:
    """The commit of mien's source if it runs from a checkout, with ``+`` if files were changed; else empty."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        commands = (["git", "rev-parse", "HEAD"], ["git", "status", "--porcelain", "--untracked-files=no"])
        commit, changes = (
            subprocess.run(
                command, cwd=root, capture_output=True, encoding="utf-8", check=True, timeout=10
            ).stdout.strip()
            for command in commands
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return commit + ("+" if changes else "")


def processor() -> str:
    """The processor's name as reported by the system."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
