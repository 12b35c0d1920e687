"""Grad-CAM, held against a case derived by hand, and on every network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mien.data.faceset import FaceSet
from mien.run import Run
from mien.training import gradcam, networks
from mien.training.gradcam import GradCam


class Halves(networks.Network):
    """Two channels: the face, and its negative. Class 0 has the mean of the first as logit, class 1 thrice that of the second."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 1, bias=False)
        self.linear = nn.Linear(2, 2, bias=False)
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1))
            self.linear.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 3.0]]))

    @property
    def last(self) -> nn.Linear:
        return self.linear

    @property
    def last_map(self) -> nn.Module:
        return self.conv

    def embed(self, faces: Tensor) -> Tensor:
        return self.last_map(faces).mean((2, 3))  # type: ignore[no-any-return] # torch's modules return Any


def test_a_case_derived_by_hand() -> None:
    face = torch.tensor([[1.0, -2.0], [0.0, 4.0]]).reshape(1, 1, 2, 2)
    maps = gradcam.gradient_maps(Halves().eval(), face.repeat(2, 1, 1, 1), torch.tensor([0, 1]))
    # d logit0 / d A0 = 1/4 at every place, so the map is relu(face / 4); for class 1 it is relu(-3 face / 4)
    assert maps[0].tolist() == [[0.25, 0.0], [0.0, 1.0]]
    assert maps[1].tolist() == [[0.0, 1.5], [0.0, 0.0]]


def test_faces_of_a_batch_do_not_meet() -> None:
    torch.manual_seed(0)
    network = networks.build("tiny", 3, 48).eval()
    faces, classes = torch.randn(3, 1, 48, 48), torch.tensor([2, 0, 1])
    together = gradcam.gradient_maps(network, faces.clone(), classes)
    alone = gradcam.gradient_maps(network, faces[1:2].clone(), classes[1:2])
    assert together[1:2].numpy() == pytest.approx(alone.numpy(), abs=1e-6)


@pytest.mark.parametrize(("name", "size", "side"), [("tiny", 48, 6), ("base", 48, 6), ("large", 48, 6), ("vgg", 64, 8)])
def test_every_network_has_a_last_map(name: str, size: int, side: int) -> None:
    network = networks.build(name, 4, size).eval()
    maps = gradcam.gradient_maps(network, torch.randn(2, 1, size, size), torch.tensor([1, 3]))
    assert maps.shape == (2, side, side)
    assert (maps >= 0).all()
    assert not maps.requires_grad


def test_a_run_maps_faces_of_any_size(run: Run, faces: FaceSet) -> None:
    maps = GradCam.load(run)(faces.resized((30, 40)).images[:3], faces.labels[:3])
    assert maps.shape == (3, 30, 40)
    assert maps.dtype == np.float32
    assert maps.max() > 0
    assert GradCam.load(run)(faces.images[:0], faces.labels[:0]).shape == (0, *faces.size)


@pytest.mark.parametrize(
    ("name", "size", "step", "first"), [("tiny", 48, 8, 0), ("base", 48, 8, 0), ("vgg", 64, 8, 3.5)]
)
def test_a_cell_is_where_its_receptive_field_has_its_centre(name: str, size: int, step: int, first: float) -> None:
    """Against the gradient itself: the pixels that a cell in the middle depends on lie evenly around its place."""
    torch.manual_seed(0)
    network = networks.build(name, 3, size).eval()
    assert gradcam.cell_places(network) == (step, first)
    kept: list[Tensor] = []
    network.last_map.register_forward_hook(lambda _, __, output: kept.append(output))
    faces = torch.randn(1, 1, size, size, requires_grad=True)
    network(faces)
    cell = kept[0].shape[3] // 2
    (gradient,) = torch.autograd.grad(kept[0][0, :, cell, cell].sum(), faces)
    columns = torch.nonzero(gradient[0, 0].abs().sum(0))[:, 0]
    reach = min(int(columns.min()), size - 1 - int(columns.max()))
    if reach > 0:  # else the field ends at the edge of the face
        assert (int(columns.min()) + int(columns.max())) / 2 == pytest.approx(first + step * cell)


def test_the_map_of_a_mirrored_face_is_the_mirrored_map() -> None:
    """A network that takes local means sees a bright spot where it is, and its mirror image at the mirrored place."""
    network = networks.build("tiny", 2, 48).eval()
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d):
                layer.weight.fill_(1 / layer.weight[0].numel())
        network.last.weight.fill_(1.0)
    cam, spots, places = GradCam(network, 0.0, 60.0, 48), [], range(14, 34)
    for place in places:
        distance = (np.arange(48) - place)[None] ** 2 + (np.arange(48) - 20)[:, None] ** 2
        spots.append((200 * np.exp(-distance / 32)).round().astype(np.uint8))
    faces, classes = np.stack(spots), np.zeros(len(spots), np.int64)
    found = []
    for shown in (faces, np.ascontiguousarray(faces[:, :, ::-1])):
        maps = cam(shown, classes).astype(np.float64)
        maps -= maps.min((1, 2), keepdims=True)
        found.append((maps.sum(1) * np.arange(48)).sum(1) / maps.sum((1, 2)))
    assert np.abs(found[0] + found[1] - 47).max() < 2  # each within a pixel of its place
    assert np.abs(found[0] - np.array(places)).mean() < 1.5
