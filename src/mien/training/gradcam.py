"""Grad-CAM: which places of the last map speak for a class (Selvaraju et al., Grad-CAM, ICCV 2017)."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mien import images
from mien.run import Run
from mien.training.graph import load_network
from mien.training.networks import Network

BATCH_SIZE = 64


class GradCam:
    """A run's network, ready to say what it looks at.

    Args:
        network: with its trained weights.
        mean, std: what its faces are normalised by, in gray levels.
        size: height and width of its faces, in pixels.
    """

    def __init__(self, network: Network, mean: float, std: float, size: int) -> None:
        self.network = network.eval()
        self.mean, self.std, self.size = mean, std, size

    @classmethod
    def load(cls, run: Run) -> GradCam:
        """With a run's best weights.

        Raises:
            RunError: the run has no weights yet.
        """
        data = run.record.data
        return cls(load_network(run), data.mean, data.std, run.recipe.image_size)

    def __call__(self, faces: NDArray[np.uint8], classes: NDArray[np.int64]) -> NDArray[np.float32]:
        """Maps of what speaks for a class.

        Args:
            faces: ``(N, H, W)`` of any one size.
            classes: ``(N,)`` the class whose evidence is looked for in each face.

        Returns:
            ``(N, H, W)``, 0 or above, in logits times an unknown factor: compare places within a face, not faces.
        """
        height, width = faces.shape[1:]
        maps = np.zeros(faces.shape, np.float32)
        for start in range(0, len(faces), BATCH_SIZE):
            rows = slice(start, start + BATCH_SIZE)
            batch = torch.from_numpy(np.ascontiguousarray(images.resize_faces(faces[rows], (self.size, self.size))))
            # (B, h, w)
            coarse = gradient_maps(
                self.network, (batch.float().unsqueeze(1) - self.mean) / self.std, torch.from_numpy(classes[rows])
            )
            maps[rows] = self._enlarged(coarse, height, width).numpy()
        return maps

    def _enlarged(self, coarse: Tensor, height: int, width: int) -> Tensor:
        """Maps ``(B, h, w)`` at the size of the faces, each cell at the centre of what it sees; beyond the outer cells they stay."""
        step, first = cell_places(self.network)
        axes = []
        for num_cells, length in zip(coarse.shape[1:], (height, width), strict=True):
            pixels = (torch.arange(length) + 0.5) * self.size / length - 0.5  # in pixels of the network's faces
            cells = (pixels - first) / step
            axes.append(2 * cells / max(1, num_cells - 1) - 1)  # as grid_sample counts: from -1 to 1
        rows, columns = torch.meshgrid(axes[0], axes[1], indexing="ij")
        grid = torch.stack([columns, rows], -1).expand(len(coarse), -1, -1, -1)  # (B, H, W, 2)
        large = F.grid_sample(coarse.unsqueeze(1), grid, padding_mode="border", align_corners=True)
        return large[:, 0]


def cell_places(network: Network) -> tuple[float, float]:
    """How far apart the cells of the last map are, and where the centre of the first one's receptive field is, in pixels.

    A convolution of 3 pixels with stride 2 and padding 1 looks around every second pixel, from the first one on; a pooling of 2
    looks between two pixels. So maps of the same size may lie half a cell apart.
    """
    step, first = 1.0, 0.0
    last, reached = network.last_map, False
    parts = set(last.modules())
    for name, layer in network.named_modules():  # in the order in which they are passed through
        reached = reached or layer is last
        if reached and layer not in parts:
            break
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d) and "shortcut" not in name:
            size, stride, padding = (_one(value) for value in (layer.kernel_size, layer.stride, layer.padding))
            first += step * ((size - 1) / 2 - padding)
            step *= stride
    return step, first


def _one(value: object) -> int:
    """The number of a square layer's setting, which torch keeps as one or as a pair."""
    number = value[0] if isinstance(value, tuple) else value
    assert isinstance(number, int)
    return number


def gradient_maps(network: Network, faces: Tensor, classes: Tensor) -> Tensor:
    """The channels of the last map, each weighted by the mean gradient of a class's logit over it, summed and cut off below 0.

    Args:
        network: in evaluation mode.
        faces: ``(N, 1, H, W)``, normalised.
        classes: ``(N,)``.

    Returns:
        ``(N, h, w)``.
    """
    kept: list[Tensor] = []

    def keep(_: nn.Module, __: tuple[Tensor, ...], output: Tensor) -> None:
        kept.append(output)

    hook = network.last_map.register_forward_hook(keep)
    try:
        with torch.enable_grad():
            logits = network(faces.requires_grad_())  # (N, K)
            chosen = logits.gather(
                1, classes.unsqueeze(1)
            ).sum()  # faces don't meet in evaluation mode: one sum for all
            (gradients,) = torch.autograd.grad(chosen, kept)  # (N, C, h, w)
    finally:
        hook.remove()
    weights = gradients.mean((2, 3), keepdim=True)  # (N, C, 1, 1)
    maps: Tensor = (weights * kept[0]).sum(1).relu().detach()  # (N, h, w)
    return maps
