"""What each training face should be read as: a distribution over the classes, from labels, people's votes and a teacher."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mien.data.faceset import FaceSet
from mien.recipes import Recipe
from mien.training.teachers import Teacher


def soft_targets(faceset: FaceSet, recipe: Recipe, teacher: Teacher | None = None) -> Tensor:
    """The target distribution of each row, ``(N, K)``.

    The label, mixed with the votes, then smoothed (Szegedy et al., Rethinking the Inception Architecture, 2016, section
    7), then mixed with the teacher's probabilities of the face and its mirror image (Hinton et al., Distilling the
    Knowledge in a Neural Network, 2015, at temperature 1: the teacher is calibrated) where the recipe asks it about faces.
    """
    num_classes = len(faceset.classes)
    targets = F.one_hot(torch.from_numpy(faceset.labels), num_classes).float()
    if recipe.votes and faceset.votes is not None:
        votes, asked = vote_shares(faceset)  # rows that nobody voted on keep their label
        targets[asked] = (1 - recipe.votes) * targets[asked] + recipe.votes * votes[asked]
    targets = (1 - recipe.label_smoothing) * targets + recipe.label_smoothing / num_classes
    if teacher and recipe.teacher_sees == "face":
        targets = (1 - recipe.distillation_weight) * targets + recipe.distillation_weight * _about_faces(
            teacher, faceset
        )
    return targets


def _about_faces(teacher: Teacher, faceset: FaceSet) -> Tensor:
    """The teacher's probabilities ``(N, K)`` of each face as it is, averaged with its mirror image."""
    batches = torch.split(torch.from_numpy(faceset.images), 128)
    return torch.cat([_with_mirror(teacher, batch.float().unsqueeze(1)) for batch in batches])


def _with_mirror(teacher: Teacher, faces: Tensor) -> Tensor:
    return 0.5 * (teacher.ask(faces) + teacher.ask(faces.flip(3)))


def vote_shares(faceset: FaceSet) -> tuple[Tensor, Tensor]:
    """Each class's share of a row's votes ``(N, K)``, and which rows ``(N,)`` have votes at all; the others are zero."""
    assert faceset.votes is not None
    votes = torch.from_numpy(faceset.votes)
    total = votes.sum(1, keepdim=True)
    return votes / total.clamp(min=1e-9), total[:, 0] > 0
