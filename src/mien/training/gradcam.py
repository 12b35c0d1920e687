"""Grad-CAM: which places of the last map speak for a class (Selvaraju et al., Grad-CAM, ICCV 2017)."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mien import images
from mien.training.graph import load_network
from mien.training.networks import Network
from mien.training.run import Run

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
        data = run.record["data"]
        return cls(load_network(run), data["mean"], data["std"], run.recipe.image_size)

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
            coarse = gradient_maps(
                self.network, (batch.float().unsqueeze(1) - self.mean) / self.std, torch.from_numpy(classes[rows])
            )  # (B, h, w)
            large = F.interpolate(coarse.unsqueeze(1), (height, width), mode="bilinear", align_corners=False)
            maps[rows] = large[:, 0].numpy()
        return maps


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
