"""Typed records of a run folder: setup, data, network, training curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Annotated, Literal

from mien.checks import Between, OneOf, check_fields
from mien.data.source import ReadingRecord
from mien.errors import ArgumentError
from mien.recipes import Recipe
from mien.typed_json import JsonObject

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "fp32", "bf16")
TRACKERS = ("tensorboard", "mlflow")
"""Programs that a training can be logged to; each is an extra of the same name."""
COMPILERS = ("auto", "off", "eager", "inductor")
"""How a step is compiled: recorded as CUDA graphs on CUDA in one process (auto), not at all, only traced, or by inductor."""

Ending = Literal["epochs", "accuracy", "patience"]
"""Why training ended: all epochs are done, accuracy exceeded ``stop_accuracy``, or ``patience`` epochs without improvement."""


@dataclass(frozen=True)
class Speed:
    """Settings that make training on a GPU faster and don't change the method."""

    compiler: Annotated[str, OneOf(COMPILERS)] = "auto"
    """A mode; with inductor, each face size is compiled separately, which takes up to a minute."""
    store_every: Annotated[float, Between(0, 86_400)] = 0.0
    """Seconds between checkpoints; 0 stores one after each epoch. For a small network on a GPU, storing takes longer than an epoch."""

    def __post_init__(self) -> None:
        check_fields(self, ArgumentError)


DEFAULT_SPEED = Speed()


@dataclass(frozen=True)
class Hardware:
    """Requested hardware of a training.

    Attributes:
        device: a name from ``DEVICES``; ``"auto"`` takes the first available of CUDA, MPS and CPU.
        precision: a name from ``PRECISIONS``; ``"auto"`` takes bf16 if the device supports it in hardware.
        speed: settings for faster training.
    """

    device: Annotated[str, OneOf(DEVICES)] = "auto"
    precision: Annotated[str, OneOf(PRECISIONS)] = "auto"
    speed: Speed = DEFAULT_SPEED

    def __post_init__(self) -> None:
        check_fields(self, ArgumentError)


AUTO = Hardware()


@dataclass(frozen=True)
class Setup:
    """Device, precision and versions of a training.

    Attributes:
        device: ``"cpu"``, ``"cuda"`` or ``"mps"``.
        device_name: name of the GPU; empty for other devices.
        precision: ``"fp32"`` or ``"bf16"``.
        threads: threads of one process; another number changes rounding.
        torch: version of torch.
        speed: settings for faster training.
        teacher: SHA-256 of the teachers; empty without distillation.
        init: SHA-256 of the model with the initial weights; empty for random weights.
        workers: number of data-parallel processes.
    """

    device: str
    device_name: str
    precision: str
    threads: int
    torch: str = ""
    speed: Speed = DEFAULT_SPEED
    teacher: str = ""
    init: str = ""
    workers: int = 1


@dataclass(frozen=True)
class TrainRows:
    """The training rows of a run.

    Attributes:
        rows: number of rows.
        counts: rows of each class.
        faces_hash: hash of the faces at the recipe's size.
    """

    rows: int
    counts: tuple[int, ...]
    faces_hash: str


@dataclass(frozen=True)
class HeldOutRows:
    """The held-out rows of a run, used to choose the epoch and to fit the temperature.

    Attributes:
        split: name of their split, or ``"hold_out"``.
        rows: number of rows.
        counts: rows of each class.
        hash: hash of the rows at the recipe's size.
    """

    split: str
    rows: int
    counts: tuple[int, ...]
    hash: str


@dataclass(frozen=True)
class DataRecord:
    """The data of a run.

    Attributes:
        path: path of the data.
        hash: hash of its content.
        classes: class names in the order of the network's outputs.
        train, valid: the training rows and the held-out rows.
        mean, std: mean and standard deviation of the gray levels (0 to 255), for normalisation.
        size: height and width of the original faces, in pixels.
        votes: whether the data has annotators' votes.
        splits: rows of each split.
        read: how the data was read.
    """

    path: str
    hash: str
    classes: tuple[str, ...]
    train: TrainRows
    valid: HeldOutRows
    mean: float
    std: float
    size: tuple[int, ...] = ()
    votes: bool = False
    splits: Mapping[str, int] = field(default_factory=dict)
    read: ReadingRecord = field(default_factory=ReadingRecord)


@dataclass(frozen=True)
class Resumption:
    """One resumption of a run with changes; None is unchanged.

    Attributes:
        after_epoch: number of finished epochs at that time.
        data: new path of the data.
        device: new device.
        epochs: new total number of epochs.
    """

    after_epoch: int
    data: str | None = None
    device: str | None = None
    epochs: int | None = None


@dataclass(frozen=True)
class RunRecord:
    """The content of ``run.json``: everything needed to repeat the run.

    Attributes:
        recipe: all settings of the training.
        settings: settings that differ from the recipe of that name.
        setup: device, precision and versions.
        data: the training data.
        mien: version of mien.
        git_commit: commit of mien's source, with ``+`` if files were changed; empty outside of a checkout.
        python: version of Python.
        processor: name of the processor.
        command: arguments of the command line; empty if the run was started from Python.
        ended: why training ended; None until then.
        resumed: the resumptions with changes.
    """

    recipe: Recipe
    settings: tuple[str, ...]
    setup: Setup
    data: DataRecord
    mien: str = ""
    git_commit: str = ""
    python: str = ""
    processor: str = ""
    command: tuple[str, ...] = ()
    ended: Ending | None = None
    resumed: tuple[Resumption, ...] = ()

    @property
    def machine(self) -> str:
        """Name of the GPU or the processor if known, else the device."""
        return self.setup.device_name or self.processor or self.setup.device


@dataclass(frozen=True)
class EpochRecord:
    """A line of ``history.jsonl``.

    Attributes:
        epoch: its number, from 1.
        learning_rate: learning rate of the last step.
        train_loss, train_accuracy: mean over the augmented training faces; accuracy compares with the target's most probable class.
        valid_loss, valid_accuracy: log-loss and accuracy on the held-out rows.
        seconds: duration, including validation.
        images_per_second: training throughput, without validation.
    """

    epoch: int
    learning_rate: float
    train_loss: float
    train_accuracy: float
    valid_loss: float
    valid_accuracy: float
    seconds: float
    images_per_second: float


def best_epoch(history: Sequence[EpochRecord]) -> EpochRecord:
    """The epoch with the highest hold-out accuracy, the earliest where several tie."""
    return max(history, key=lambda row: (row.valid_accuracy, -row.epoch))


Reason = Literal[
    "stem",
    "conv_first",
    "conv",
    "conv_residual",
    "shortcut",
    "norm",
    "relu",
    "rrelu",
    "silu",
    "pool",
    "drop_conv",
    "drop_linear",
    "drop_mean",
    "drop_off",
    "linear_first",
    "linear",
    "logits",
]
"""Purpose of a layer, as a key of ``reporting/texts``."""


@dataclass(frozen=True)
class Window:
    """How a square window moves over a feature map.

    Attributes:
        kernel: its side, in pixels.
        stride: pixels between two positions.
        padding: zeros at each end of a row and a column.
        bias: whether each output channel has a bias; false for pooling.
    """

    kernel: int
    stride: int
    padding: int
    bias: bool


@dataclass(frozen=True)
class LayerRecord:
    """One layer of a network.

    Attributes:
        name: qualified name in the network.
        kind: name of its torch class.
        output: shape of its output, without the batch dimension.
        parameters: number of parameters.
        macs: multiply-adds per face.
        reason: key of the text about its purpose.
        dropout: probability of a dropout layer; None for other layers.
    """

    name: str
    kind: str
    output: tuple[int, ...]
    parameters: int
    macs: int
    reason: Reason
    dropout: float | None = None
    input: tuple[int, ...] = ()
    window: Window | None = None


@dataclass(frozen=True)
class NetworkRecord:
    """The content of ``network.json``.

    Attributes:
        layers: the layers in the order of the forward pass.
        input: shape of one face, ``(1, H, W)``.
        activation_bytes: size of all outputs for one face in fp32, which training keeps for the backward pass.
    """

    layers: tuple[LayerRecord, ...]
    input: tuple[int, ...]
    activation_bytes: int

    @property
    def parameters(self) -> int:
        """Number of parameters of all layers."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def macs(self) -> int:
        """Multiply-adds per face."""
        return sum(layer.macs for layer in self.layers)

    def to_dict(self) -> JsonObject:
        """A dictionary for JSON, with the totals."""
        return {
            "layers": [
                asdict(layer) | {"input": list(layer.input), "output": list(layer.output)} for layer in self.layers
            ],
            "input": list(self.input),
            "activation_bytes": self.activation_bytes,
            "parameters": self.parameters,
            "macs": self.macs,
        }

    @property
    def dropouts(self) -> list[float]:
        """The probability of each dropout layer."""
        return [layer.dropout for layer in self.layers if layer.dropout is not None]
