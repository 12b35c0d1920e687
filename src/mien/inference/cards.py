"""Model cards: what a pretrained model is, what it is for, and how well it does, as data beside the model file.

The sections are those of Mitchell et al., Model Cards for Model Reporting, FAT* 2019. ``weights/NAME.json`` is the card; ``weights/NAME.md`` is
the same for people, written from it by ``tools/cards.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien import typed_json
from mien.display import Displayed
from mien.errors import ModelFileError
from mien.inference.classifier import Classifier
from mien.inference.pretrained import FOLDER
from mien.modelfile import Spec
from mien.typed_json import JsonObject


@dataclass(frozen=True)
class Details:
    """What the model is.

    Attributes:
        date: when it was measured.
        network: name of the network.
        parameters: number of parameters.
        multiply_adds: per face.
        bytes, sha256: of the model file.
        input, output: of the model.
        licence: of the model file.
    """

    date: str
    network: str
    parameters: int
    multiply_adds: int
    bytes: int
    sha256: str
    input: str
    output: str
    licence: str


@dataclass(frozen=True)
class Figure:
    """One measured value.

    Attributes:
        metric: accuracy, macro_f1, balanced_accuracy, log_loss or calibration_error.
        data: the faces that it was measured on: public_test (of FER2013), without_copies (the same, without copies of training faces),
            corrupted (the mean over twenty corruptions of them), clean (the same faces, not corrupted), or ck48 (CK+48 without contempt).
        n: number of faces.
        value: the value; shares are from 0 to 1.
        low, high: the ends of its 95% interval; None if there is none.
        flip: whether each face was averaged with its mirror image.
    """

    metric: str
    data: str
    n: int
    value: float
    low: float | None = None
    high: float | None = None
    flip: bool = False


@dataclass(frozen=True)
class ClassFigures:
    """The scores of one class on public_test, from 0 to 1.

    Attributes:
        name: the class.
        rows: number of its faces.
        precision, recall, f1: None if undefined.
        recall_without_copies: recall on the faces that are no copies of training faces.
    """

    name: str
    rows: int
    precision: float | None
    recall: float | None
    f1: float | None
    recall_without_copies: float | None


@dataclass(frozen=True)
class TrainingRun:
    """How the model was trained.

    Attributes:
        command: the command line; ``note`` says what else it needs.
        recipe: name of the recipe, and ``settings`` what was changed.
        seed, epochs, epoch: the seed, the number of epochs, and the exported one.
        rows, held_out: number of training rows, and of those that chose the epoch and the temperature.
        held_out_accuracy: on the latter.
        data_hash: hash of the data.
        temperature: the divisor of the logits.
        minutes: duration of the training.
        machine: what it ran on.
        versions: of the software.
        energy: what is known of it.
    """

    command: str
    note: str
    recipe: str
    settings: tuple[str, ...]
    seed: int
    epochs: int
    epoch: int
    rows: int
    held_out: int
    held_out_accuracy: float
    data_hash: str
    temperature: float
    minutes: float
    machine: str
    versions: str
    energy: str


@dataclass(frozen=True)
class Card:
    """A model card. Sections of text are sentences or short paragraphs.

    Attributes:
        name: short name of the model.
        about: what it is, in a sentence or two.
        details: the model and its file.
        intended_use, out_of_scope: what it is for, and what it isn't for.
        factors: what the figures depend on, and groups of people.
        metrics: why these, and how intervals are computed.
        figures, by_class: the measured values.
        commands: the commands that measured them, and where their results are.
        evaluation_data, training_data: with their rights.
        training: how it was trained.
        ethical_considerations, caveats: as in Mitchell et al.
    """

    name: str
    about: str
    details: Details
    intended_use: tuple[str, ...]
    out_of_scope: tuple[str, ...]
    factors: tuple[str, ...]
    metrics: tuple[str, ...]
    figures: tuple[Figure, ...]
    by_class: tuple[ClassFigures, ...]
    commands: tuple[str, ...]
    evaluation_data: tuple[str, ...]
    training_data: tuple[str, ...]
    training: TrainingRun
    ethical_considerations: tuple[str, ...]
    caveats: tuple[str, ...]

    def figure(self, metric: str, data: str = "public_test", *, flip: bool = False) -> Figure | None:
        """One of the measured values; None if it wasn't measured."""
        wanted = (metric, data, flip)
        return next((one for one in self.figures if (one.metric, one.data, one.flip) == wanted), None)


@dataclass(frozen=True)
class ModelInfo(Displayed, kind="model"):
    """A model file: what its metadata says, and its model card. ``to_frame`` has a row for each value that the card gives.

    Attributes:
        name: the name that it was loaded by: a pretrained model's short name, or the path.
        path: path of the file.
        bytes, sha256: its size and hash.
        spec: its metadata.
        num_seen: number of faces of its training, of which it has hashes; None if it has none.
        card: the model card of a pretrained model; None for others.
    """

    name: str
    path: str
    bytes: int
    sha256: str
    spec: Spec
    num_seen: int | None
    card: Card | None

    def to_dict(self) -> JsonObject:
        """What ``mien info --json`` prints."""
        return typed_json.fields_to_json(self)


def info(classifier: Classifier) -> ModelInfo:
    """What there is to know of a model, without data.

    Raises:
        ModelFileError: the hashes of the training faces are damaged.
    """
    seen = classifier.seen
    return ModelInfo(
        name=classifier.name,
        path=classifier.path,
        bytes=len(classifier.content),
        sha256=classifier.sha256,
        spec=classifier.spec,
        num_seen=None if seen is None else len(seen.learned) + len(seen.held_out),
        card=of(classifier),
    )


def read(path: Path) -> Card:
    """Read a card from its JSON file.

    Raises:
        ModelFileError: it is missing or damaged.
    """
    try:
        return typed_json.parse(path.read_text(encoding="utf-8"), Card)
    except (OSError, ValueError) as error:
        raise ModelFileError(f"The model card '{path}' can't be read ({error}): install mien again.") from None


def of(classifier: Classifier) -> Card | None:
    """The card of a pretrained model, also if its file was copied elsewhere; None for other models."""
    for path in sorted(FOLDER.glob("*.json")):
        card = read(path)
        if card.details.sha256 == classifier.sha256:
            return card
    return None
