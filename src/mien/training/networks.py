"""The networks: each takes normalised gray faces ``(N, 1, H, W)`` and gives logits ``(N, K)``.

Two families. ``vgg`` is the network of the course report that mien started from, layer for layer. ``tiny``, ``base`` and
``large`` (with two variants) are one residual network at three sizes: dense 3x3 convolutions, because depthwise ones save arithmetic but not
time on a CPU; in the first two a stem of stride 2, because the first layers at full size cost most and see least.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mien.errors import RecipeError
from mien.training.noise import Dropout, RReLU


class Network(nn.Module, ABC):
    """A network that ends in one linear layer."""

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


def named(**layers: nn.Module) -> nn.Sequential:
    """Layers one after the other, under names."""
    return nn.Sequential(OrderedDict(layers))


class VGG(Network):
    """The report's convolutional network for 64x64 gray faces; 39,569,799 parameters with 7 classes.

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
        self.side = size // 16

        def block(width_in: int, width: int, activation: nn.Module) -> nn.Sequential:
            return nn.Sequential(
                nn.Conv2d(width_in, width, 3, padding=1),
                nn.BatchNorm2d(width),
                activation,
                nn.MaxPool2d(2),
                Dropout(conv_dropout),
            )

        self.features = nn.Sequential(
            block(1, 64, RReLU()),
            block(64, 128, nn.ReLU()),
            block(128, 256, nn.ReLU()),
            block(256, 512, nn.ReLU()),
        )
        self.head = nn.Sequential(
            Dropout(linear_dropout),
            nn.Linear(512 * self.side**2, 4096),
            RReLU(),
            Dropout(linear_dropout),
            nn.Linear(4096, 1024),
            RReLU(),
            nn.Linear(1024, 256),
            RReLU(),
        )
        self.linear = nn.Linear(256, num_classes)

    @property
    def last(self) -> nn.Linear:
        return self.linear

    @property
    def last_map(self) -> nn.Module:
        last_block = self.features[-1]
        assert isinstance(last_block, nn.Sequential)
        return last_block[2]  # its activation

    def embed(self, faces: Tensor) -> Tensor:  # (N, 1, H, W)
        features: Tensor = self.features(faces)  # (N, 512, H/16, W/16)
        if features.shape[2:] != (
            self.side,
            self.side,
        ):  # smaller faces of early epochs: the linear layers take one size only
            features = F.adaptive_avg_pool2d(features, self.side)
        embedded: Tensor = self.head(features.flatten(1))  # (N, 256)
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
            self.shortcut = named(
                conv=nn.Conv2d(width_in, width, 1, stride, bias=False),
                norm=nn.BatchNorm2d(width),
            )

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

        def stage(width_in: int, width: int, num_blocks: int, stride: int) -> nn.Sequential:
            first = ResidualBlock(width_in, width, stride)
            return nn.Sequential(first, *(ResidualBlock(width, width, 1) for _ in range(num_blocks - 1)))

        self.stem = named(
            conv=nn.Conv2d(1, widths[0], 3, stem_stride, padding=1, bias=False),
            norm=nn.BatchNorm2d(widths[0]),
            act=nn.SiLU(inplace=True),
        )
        widths_in, strides = (widths[0], *widths), (1, *[2] * len(widths))
        self.stages = nn.Sequential(*map(stage, widths_in, widths, blocks, strides))
        self.drop = nn.Dropout(dropout)
        self.linear = nn.Linear(widths[-1], num_classes)

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


def vgg(num_classes: int, size: int) -> Network:
    """The network of the report."""
    return VGG(num_classes, size)


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
    "vgg": vgg,
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


def sketch(name: str, num_classes: int, size: int, dropout: float = 1.0) -> Network:
    """The network without numbers in it, on PyTorch's device ``meta``: takes no memory and draws nothing; see ``build``."""
    with torch.device("meta"):
        return build(name, num_classes, size, dropout)


def num_parameters(network: nn.Module) -> int:
    """How many numbers training adjusts."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
