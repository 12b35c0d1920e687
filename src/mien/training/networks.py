"""The networks: each takes normalised gray faces ``(N, 1, H, W)`` and gives logits ``(N, K)``.

Two families. ``report`` is the network of the report that mien started from, layer for layer. ``tiny``, ``base`` and
``large`` (with two variants) are one residual network at three sizes: dense 3x3 convolutions, because depthwise ones save arithmetic but not
time on a CPU; in the first two a stem of stride 2, because the first layers at full size cost most and see least.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from mien.errors import RecipeError
from mien.training.noise import Dropout, RReLU


class Network(nn.Module, ABC):
    """A network that can say why it has each layer, and that ends in one linear layer.

    Attributes:
        reasons: for each layer, by its dotted name, the key of its reason in ``summary.REASONS``.
    """

    reasons: dict[str, str]

    @property
    @abstractmethod
    def last(self) -> nn.Linear:
        """The layer from features to logits."""

    @property
    @abstractmethod
    def last_map(self) -> nn.Module:
        """The layer whose output is the last map ``(N, C, h, w)``, before it is pooled."""

    @abstractmethod
    def embed(self, faces: Tensor) -> Tensor:
        """Faces ``(N, 1, H, W)`` to the features ``(N, C)`` that the last layer reads."""

    def forward(self, faces: Tensor) -> Tensor:  # (N, 1, H, W)
        logits: Tensor = self.last(self.embed(faces))  # (N, K)
        return logits


class ReportNetwork(Network):
    """The report's convolutional network for 64x64 gray faces; 39,569,799 parameters with 7 classes.

    The last map of other faces, such as those that still grow, is spread over that of a whole one.

    Its layer table fixes kinds, order and widths. The dropout probabilities are not in the table: 0.25 behind the
    convolutions and 0.5 around the widest linear layer are ours.
    """

    def __init__(
        self, num_classes: int, size: int = 64, conv_dropout: float = 0.25, linear_dropout: float = 0.5
    ) -> None:
        super().__init__()
        if size % 16:
            raise RecipeError(
                f"The report's network halves its input four times: image_size must be a multiple of 16, not {size}."
            )
        self.reasons = {}
        self.features = nn.Sequential()
        width_in = 1
        for number, width in enumerate((64, 128, 256, 512), start=1):
            self._add(
                "features",
                f"conv{number}",
                nn.Conv2d(width_in, width, 3, padding=1),
                "conv_first" if number == 1 else "conv",
            )
            self._add("features", f"norm{number}", nn.BatchNorm2d(width), "norm")
            activation: nn.Module = RReLU() if number == 1 else nn.ReLU()
            self._add("features", f"act{number}", activation, "rrelu" if number == 1 else "relu")
            self._add("features", f"pool{number}", nn.MaxPool2d(2), "pool")
            self._add("features", f"drop{number}", Dropout(conv_dropout), "drop_conv")
            width_in = width
        self.head = nn.Sequential()
        self.side = size // 16
        num_features = 512 * self.side**2
        self._add("head", "drop5", Dropout(linear_dropout), "drop_linear")
        self._add("head", "linear1", nn.Linear(num_features, 4096), "linear_first")
        self._add("head", "act5", RReLU(), "rrelu")
        self._add("head", "drop6", Dropout(linear_dropout), "drop_linear")
        self._add("head", "linear2", nn.Linear(4096, 1024), "linear")
        self._add("head", "act6", RReLU(), "rrelu")
        self._add("head", "linear3", nn.Linear(1024, 256), "linear")
        self._add("head", "act7", RReLU(), "rrelu")
        self._add("head", "linear4", nn.Linear(256, num_classes), "logits")

    def _add(self, part: str, name: str, layer: nn.Module, reason: str) -> None:
        self.get_submodule(part).add_module(name, layer)
        self.reasons[f"{part}.{name}"] = reason

    @property
    def last(self) -> nn.Linear:
        return self.head.linear4  # type: ignore[return-value] # add_module hides its type

    @property
    def last_map(self) -> nn.Module:
        return self.features.act4  # type: ignore[return-value] # add_module hides its type

    def embed(self, faces: Tensor) -> Tensor:  # (N, 1, H, W)
        features: Tensor = self.features(faces)  # (N, 512, H/16, W/16)
        if features.shape[2:] != (self.side, self.side):  # faces that still grow: the linear layers take one size only
            features = F.adaptive_avg_pool2d(features, self.side)
        embedded: Tensor = self.head[:-1](features.flatten(1))  # (N, 256)
        return embedded


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around which the input passes unchanged, or through a 1x1 convolution where shapes differ.

    He et al., Deep Residual Learning for Image Recognition, CVPR 2016, figure 2 left; with SiLU in place of ReLU.
    """

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.act1 = nn.SiLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.act2 = nn.SiLU(inplace=True)
        self.shortcut = nn.Sequential()
        if stride != 1 or width_in != width:
            self.shortcut.add_module("conv", nn.Conv2d(width_in, width, 1, stride, bias=False))
            self.shortcut.add_module("norm", nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:  # (N, C_in, H, W)
        residual = self.norm2(self.conv2(self.act1(self.norm1(self.conv1(x)))))
        out: Tensor = self.act2(residual + self.shortcut(x))  # (N, C, H/stride, W/stride)
        return out


class ResidualNetwork(Network):
    """A compact residual network: a stem, stages that double the width and halve the size, a global mean.

    Args:
        num_classes: K.
        widths: channels of each stage.
        blocks: residual blocks of each stage.
        dropout: probability in front of the last layer.
        stem_stride: 2 halves the size at once, which saves three quarters of the arithmetic; 1 keeps it.
    """

    def __init__(
        self, num_classes: int, widths: tuple[int, ...], blocks: tuple[int, ...], dropout: float, stem_stride: int = 2
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential()
        self.stem.add_module("conv", nn.Conv2d(1, widths[0], 3, stem_stride, padding=1, bias=False))
        self.stem.add_module("norm", nn.BatchNorm2d(widths[0]))
        self.stem.add_module("act", nn.SiLU(inplace=True))
        self.stages = nn.Sequential()
        width_in = widths[0]
        for stage, (width, num_blocks) in enumerate(zip(widths, blocks, strict=True)):
            layers = nn.Sequential()
            for block in range(num_blocks):
                layers.append(ResidualBlock(width_in, width, stride=2 if stage and not block else 1))
                width_in = width
            self.stages.append(layers)
        self.drop = nn.Dropout(dropout)
        self.linear = nn.Linear(width_in, num_classes)
        self.reasons = {
            name: _residual_reason(name) for name, layer in self.named_modules() if not any(layer.children())
        }

    @property
    def last(self) -> nn.Linear:
        return self.linear

    @property
    def last_map(self) -> nn.Module:
        return self.stages

    def embed(self, faces: Tensor) -> Tensor:  # (N, 1, H, W)
        features: Tensor = self.stages(self.stem(faces))  # (N, C, H/8, W/8) with stem stride 2 and three stages
        embedded: Tensor = self.drop(features.mean(dim=(2, 3)))  # (N, C)
        return embedded


def _residual_reason(name: str) -> str:
    if name.startswith("stem.conv"):
        return "stem"
    if "shortcut" in name:
        return "shortcut"
    kinds = {"conv": "conv_residual", "norm": "norm", "act": "silu", "drop": "drop_mean", "linear": "logits"}
    return kinds[name.rsplit(".", 1)[-1].rstrip("12")]


def report(num_classes: int, size: int) -> Network:
    """The network of the report."""
    return ReportNetwork(num_classes, size)


def base(num_classes: int, size: int) -> Network:
    """The residual network that fits a CPU: 1.6 million parameters, 133 million multiply-adds at 48x48."""
    del size  # any size fits a global mean
    return ResidualNetwork(num_classes, widths=(48, 96, 192), blocks=(2, 2, 2), dropout=0.2)


def tiny(num_classes: int, size: int) -> Network:
    """The residual network for the smallest devices and for quick trials: 0.15 million parameters."""
    del size
    return ResidualNetwork(num_classes, widths=(16, 32, 64), blocks=(1, 1, 2), dropout=0.1)


def large(num_classes: int, size: int) -> Network:
    """The residual network for a GPU: 7.0 million parameters, so less than 16 MiB in fp16, and a stem that keeps the size."""
    del size
    return ResidualNetwork(num_classes, (64, 128, 256, 352), (2, 2, 2, 2), dropout=0.3, stem_stride=1)


def large_wide(num_classes: int, size: int) -> Network:
    """As many parameters as ``large`` in fewer and wider layers at half the size, for an ensemble with it."""
    del size
    return ResidualNetwork(num_classes, (128, 256, 352), (2, 2, 2), dropout=0.3)


def large_deep(num_classes: int, size: int) -> Network:
    """As many parameters as ``large`` in more and narrower layers, for an ensemble with it."""
    del size
    return ResidualNetwork(num_classes, (48, 96, 192, 320), (3, 4, 4, 2), dropout=0.3, stem_stride=1)


NETWORKS: dict[str, Callable[[int, int], Network]] = {
    "report": report,
    "large": large,
    "large_wide": large_wide,
    "large_deep": large_deep,
    "base": base,
    "tiny": tiny,
}
"""Network name to the function ``(num_classes, size) -> Network`` that builds it."""


def build(name: str, num_classes: int, size: int, dropout: float = 1.0) -> Network:
    """Build a network by name, with PyTorch's own initialisation from the global generator.

    Args:
        name: a name out of ``NETWORKS``.
        num_classes: how many logits it gives.
        size: height and width of its faces, in pixels.
        dropout: factor on the network's own dropout probabilities.

    Raises:
        RecipeError: there is no such network, or it can't have that input size.
    """
    if name not in NETWORKS:
        raise RecipeError(f"There is no network '{name}': choose {', '.join(NETWORKS)}.")
    network = NETWORKS[name](num_classes, size)
    for layer in network.modules():
        if isinstance(layer, nn.Dropout):
            layer.p *= dropout
    return network


def num_parameters(network: nn.Module) -> int:
    """How many numbers training adjusts."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
