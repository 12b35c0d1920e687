"""The networks: from normalised gray faces ``(N, 1, H, W)`` to logits ``(N, K)``.

There are two families. ``vgg`` reproduces the network of the course report. ``tiny``, ``base`` and ``large`` (with two variants)
are one residual network at three sizes. They have dense 3x3 convolutions, because depthwise ones save arithmetic but no time on a
CPU. ``tiny`` and ``base`` have a stem of stride 2, because layers at full size are the most expensive.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mien.errors import RecipeError
from mien.training.noise import Dropout, RReLU


class Network(nn.Module, ABC):
    """A network whose last layer is linear."""

    @property
    @abstractmethod
    def last(self) -> nn.Linear:
        """The layer from features to logits."""

    @property
    @abstractmethod
    def last_map(self) -> nn.Module:
        """The layer whose output is the last feature map ``(N, C, h, w)``, before pooling."""

    @abstractmethod
    def embed(self, faces: Tensor) -> Tensor:
        """Faces ``(N, 1, H, W)`` to the features ``(N, C)``, the input of the last layer."""

    def forward(self, faces: Tensor) -> Tensor:  # (N, 1, H, W)
        logits: Tensor = self.last(self.embed(faces))  # (N, K)
        return logits


def named(**layers: nn.Module) -> nn.Sequential:
    """A sequence of named layers."""
    return nn.Sequential(OrderedDict(layers))


class VGG(Network):
    """The VGG-style network of the course report for 64x64 gray faces; 39,569,799 parameters with 7 classes.

    Kinds, order and widths of the layers are from the report's table. The dropout probabilities are not in the table; 0.25
    after the convolutions and 0.5 around the widest linear layer are chosen here.
    """

    def __init__(
        self, num_classes: int, size: int = 64, conv_dropout: float = 0.25, linear_dropout: float = 0.5
    ) -> None:
        super().__init__()
        if size % 16:
            raise RecipeError(
                f"The network vgg halves its input four times: image_size must be a multiple of 16, not {size}."
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
        ):  # smaller faces in early epochs: the linear layers have a fixed input size
            features = F.adaptive_avg_pool2d(features, self.side)
        embedded: Tensor = self.head(features.flatten(1))  # (N, 256)
        return embedded


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with an identity shortcut, or a 1x1 convolution as shortcut if shapes differ.

    He et al., Deep Residual Learning for Image Recognition, CVPR 2016, figure 2; with SiLU instead of ReLU.
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
    """A compact residual network: a stem, stages that halve the size, global average pooling, a linear layer.

    Args:
        num_classes: K.
        widths: channels of each stage.
        blocks: number of residual blocks of each stage.
        dropout: dropout probability before the last layer.
        stem_stride: 2 halves the size in the stem, which saves three quarters of the arithmetic; 1 keeps the size.
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
    """The network of the course report: 39.6 million parameters."""
    return VGG(num_classes, size)


def base(num_classes: int, size: int) -> Network:
    """The residual network for CPUs: 1.6 million parameters, 133 million multiply-adds at 48x48."""
    del size  # global average pooling accepts any size
    return ResidualNetwork(num_classes, widths=(48, 96, 192), blocks=(2, 2, 2), dropout=0.2)


def tiny(num_classes: int, size: int) -> Network:
    """The residual network for small devices and quick experiments: 0.15 million parameters."""
    del size
    return ResidualNetwork(num_classes, widths=(16, 32, 64), blocks=(1, 1, 2), dropout=0.1)


def large(num_classes: int, size: int) -> Network:
    """The residual network for a GPU: 7.0 million parameters (less than 16 MiB in fp16), stem of stride 1."""
    del size
    return ResidualNetwork(num_classes, (64, 128, 256, 352), (2, 2, 2, 2), dropout=0.3, stem_stride=1)


def large_wide(num_classes: int, size: int) -> Network:
    """A variant of ``large`` for ensembles: the same number of parameters in fewer, wider layers at half the size."""
    del size
    return ResidualNetwork(num_classes, (128, 256, 352), (2, 2, 2), dropout=0.3)


def large_deep(num_classes: int, size: int) -> Network:
    """A variant of ``large`` for ensembles: the same number of parameters in more, narrower layers."""
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
    """Build a network by name, with PyTorch's default initialisation from the global generator.

    Args:
        name: a name from ``NETWORKS``.
        num_classes: number of logits.
        size: height and width of its input, in pixels.
        dropout: factor on the network's dropout probabilities.

    Raises:
        RecipeError: there is no such network, or it doesn't support that input size.
    """
    if name not in NETWORKS:
        raise RecipeError(f"There is no network '{name}': choose {', '.join(NETWORKS)}.")
    network = NETWORKS[name](num_classes, size)
    for layer in network.modules():
        if isinstance(layer, nn.Dropout):
            layer.p *= dropout
    return network


def sketch(name: str, num_classes: int, size: int, dropout: float = 1.0) -> Network:
    """``build`` on PyTorch's device ``meta``: without weights, memory or random numbers."""
    with torch.device("meta"):
        return build(name, num_classes, size, dropout)


def num_parameters(network: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def batch_norms(network: nn.Module) -> dict[str, str]:
    """Each convolution's name to the name of the batch norm after it."""
    pairs = {}
    for parent, module in network.named_modules():
        for (conv, first), (norm, second) in pairwise(module.named_children()):
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                pairs[f"{parent}.{conv}".lstrip(".")] = f"{parent}.{norm}".lstrip(".")
    return pairs
