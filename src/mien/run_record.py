"""What a run folder tells of its training, as typed records: set-up, data, network, curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal

from mien.checks import Between, OneOf, check_fields
from mien.data.source import ReadingRecord
from mien.errors import ArgumentError
from mien.recipes import Recipe

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "fp32", "bf16")
COMPILERS = ("off", "eager", "inductor", "cudagraphs")
"""How ``torch.compile`` may treat the network: not at all, traced only, by inductor, or by inductor within CUDA graphs."""

Ending = Literal["epochs", "accuracy", "patience"]
"""Why training ended: all epochs are done, accuracy passed ``stop_accuracy``, or ``patience`` epochs brought none better."""


@dataclass(frozen=True)
class Speed:
    """What makes a training on a GPU faster, and changes nothing about what it learns."""

    compiler: Annotated[str, OneOf(COMPILERS)] = "off"
    """How ``torch.compile`` treats the network in training; every size of faces is compiled anew, which takes up to a minute."""
    store_every: Annotated[float, Between(0, 86_400)] = 0.0
    """Seconds between two checkpoints; 0 stores one after each epoch, which is longer than an epoch of a small network on a GPU."""

    def __post_init__(self) -> None:
        check_fields(self, ArgumentError)


DEFAULT_SPEED = Speed()


@dataclass(frozen=True)
class Hardware:
    """What a training asks for.

    Attributes:
        device: a name out of ``DEVICES``; ``"auto"`` takes the first of CUDA, MPS and CPU that is there.
        precision: a name out of ``PRECISIONS``; ``"auto"`` takes bf16 where the device computes in it.
        speed: what makes it faster.
    """

    device: Annotated[str, OneOf(DEVICES)] = "auto"
    precision: Annotated[str, OneOf(PRECISIONS)] = "auto"
    speed: Speed = DEFAULT_SPEED

    def __post_init__(self) -> None:
        check_fields(self, ArgumentError)


AUTO = Hardware()


@dataclass(frozen=True)
class Setup:
    """On what a run is trained.

    Attributes:
        device: ``"cpu"``, ``"cuda"`` or ``"mps"``.
        device_name: the GPU's own name; empty for others.
        precision: ``"fp32"`` or ``"bf16"``.
        threads: of one process; another number splits sums differently.
        torch: its version.
        speed: what makes it faster.
        teacher: SHA-256 of the models that it learns from; empty where there are none.
        init: SHA-256 of the model whose weights it starts from; empty where there is none.
        workers: processes that train together.
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
    """The rows that a run learns from.

    Attributes:
        rows: how many.
        counts: of each class.
        faces_hash: of the faces at the recipe's size.
    """

    rows: int
    counts: tuple[int, ...]
    faces_hash: str


@dataclass(frozen=True)
class HeldOutRows:
    """The rows on which a run chooses its epoch and fits its temperature.

    Attributes:
        split: the split of the data that they are, or ``"hold_out"``.
        rows: how many.
        counts: of each class.
        hash: of the rows at the recipe's size.
    """

    split: str
    rows: int
    counts: tuple[int, ...]
    hash: str


@dataclass(frozen=True)
class DataRecord:
    """The data of a run.

    Attributes:
        path: where it lies.
        hash: of its content.
        classes: in the order of the network's outputs.
        train, valid: the rows to learn from, and those that are held out.
        mean, std: of the gray levels, by which faces are normalised.
        size: height and width of the faces as they are.
        votes: whether it has votes of people.
        splits: rows of each split.
        read: how it was read.
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
    """A time at which a run was resumed with something changed; None where it stayed as it was.

    Attributes:
        after_epoch: how many epochs were done.
        data: where its data lies since.
        device: on which it goes on.
        epochs: how many epochs it has in all since.
    """

    after_epoch: int
    data: str | None = None
    device: str | None = None
    epochs: int | None = None


@dataclass(frozen=True)
class RunRecord:
    """The content of ``run.json``: all that is needed to repeat the run.

    Attributes:
        recipe: what is trained.
        settings: what is changed about the recipe of that name.
        setup: on what.
        data: its data.
        mien: version.
        git_commit: of mien's source, with ``+`` where it was changed; empty outside of a checkout.
        python: version.
        processor: its name.
        command: the words of the command line; empty where the run was begun in Python.
        ended: why training ended; None until then.
        resumed: when it was resumed with something changed.
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
        """The GPU or the processor, by its own name where that is known."""
        return self.setup.device_name or self.processor or self.setup.device


@dataclass(frozen=True)
class EpochRecord:
    """A line of ``history.jsonl``.

    Attributes:
        epoch: its number, from 1.
        learning_rate: at its last step.
        train_loss, train_accuracy: mean over the augmented training faces; accuracy is agreement with the target's largest class.
        valid_loss, valid_accuracy: log-loss and accuracy on the held-out rows.
        seconds: it took, validation included.
        images_per_second: training only.
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
"""Why a layer is there: the keys of the texts."""


@dataclass(frozen=True)
class LayerRecord:
    """One layer of a network.

    Attributes:
        name: its place in the network.
        kind: its class in torch.
        output: shape of its output, without the batch.
        parameters: how many.
        macs: multiply-adds per face.
        reason: key of the text that says why it is there.
        dropout: probability of a dropout layer; None for others.
    """

    name: str
    kind: str
    output: tuple[int, ...]
    parameters: int
    macs: int
    reason: Reason
    dropout: float | None = None


@dataclass(frozen=True)
class NetworkRecord:
    """The content of ``network.json``.

    Attributes:
        layers: in the order in which a face passes them.
        input: shape of one face, ``(1, H, W)``.
        activation_bytes: all outputs for one face in fp32, which training keeps for the backward pass.
    """

    layers: tuple[LayerRecord, ...]
    input: tuple[int, ...]
    activation_bytes: int

    @property
    def parameters(self) -> int:
        """Of all layers."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def macs(self) -> int:
        """Multiply-adds per face."""
        return sum(layer.macs for layer in self.layers)

    def to_dict(self) -> dict[str, Any]:
        """Fit for JSON, with the totals."""
        layers = [{field.name: getattr(layer, field.name) for field in fields(layer)} for layer in self.layers]
        return {
            "layers": [layer | {"output": list(layer["output"])} for layer in layers],
            "input": list(self.input),
            "activation_bytes": self.activation_bytes,
            "parameters": self.parameters,
            "macs": self.macs,
        }

    @property
    def dropouts(self) -> list[float]:
        """The probability of each dropout layer."""
        return [layer.dropout for layer in self.layers if layer.dropout is not None]
