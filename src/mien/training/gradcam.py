"""Grad-CAM: saliency from the gradients at the last feature map (Selvaraju et al., Grad-CAM, ICCV 2017)."""

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
    """Computes Grad-CAM maps of a network.

    Args:
        network: the trained network.
        mean, std: normalisation of its input, in gray levels (0 to 255).
        size: height and width of its input, in pixels.
    """

    def __init__(self, network: Network, mean: float, std: float, size: int) -> None:
        self.network = network.eval()
        self.mean, self.std, self.size = mean, std, size

    @classmethod
    def load(cls, run: Run) -> GradCam:
        """Load the best weights of a run.

        Raises:
            RunError: the run has no weights yet.
        """
        data = run.record.data
        return cls(load_network(run), data.mean, data.std, run.recipe.image_size)

    def __call__(self, faces: NDArray[np.uint8], classes: NDArray[np.int64]) -> NDArray[np.float32]:
        """Compute one map per face for a given class.

        Args:
            faces: ``(N, H, W)`` ``uint8``, of any size.
            classes: ``(N,)`` the class to explain in each face.

        Returns:
            ``(N, H, W)``, 0 or above, up to an unknown scale: compare positions within a face, not across faces.
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
        """Resize maps ``(B, h, w)`` to the faces, with each cell at the centre of its receptive field; edges are constant."""
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
    """Distance of the cells of the last map, and centre of the first cell's receptive field, in pixels.

    A 3x3 convolution with stride 2 and padding 1 is centred on every second pixel, starting with the first; 2x2 pooling is
    centred between two pixels. Maps of the same size can therefore differ by half a cell.
    """
    step, first = 1.0, 0.0
    last, reached = network.last_map, False
    parts = set(last.modules())
    for name, layer in network.named_modules():  # in the order of the forward pass
        reached = reached or layer is last
        if reached and layer not in parts:
            break
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d) and "shortcut" not in name:
            size, stride, padding = (_one(value) for value in (layer.kernel_size, layer.stride, layer.padding))
            first += step * ((size - 1) / 2 - padding)
            step *= stride
    return step, first


def _one(value: object) -> int:
    """The value of a setting of a square layer, which torch stores as a number or a pair."""
    number = value[0] if isinstance(value, tuple) else value
    assert isinstance(number, int)
    return number


def gradient_maps(network: Network, faces: Tensor, classes: Tensor) -> Tensor:
    """Grad-CAM: ReLU of the sum of the last map's channels, weighted by the mean gradient of the class logit.

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
            ).sum()  # faces are independent in evaluation mode, so one backward pass serves all
            (gradients,) = torch.autograd.grad(chosen, kept)  # (N, C, h, w)
    finally:
        hook.remove()
    weights = gradients.mean((2, 3), keepdim=True)  # (N, C, 1, 1)
    maps: Tensor = (weights * kept[0]).sum(1).relu().detach()  # (N, h, w)
    return maps
