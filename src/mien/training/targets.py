"""Training targets: a distribution over the classes for each face, from labels, annotators' votes and a teacher."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mien.data.faceset import FaceSet
from mien.recipes import Recipe
from mien.training.teachers import Teacher


def soft_targets(faceset: FaceSet, recipe: Recipe, teacher: Teacher | None = None) -> Tensor:
    """The target distribution of each row, ``(N, K)``.

    The label is mixed with the votes, then smoothed (Szegedy et al., Rethinking the Inception Architecture, 2016, section 7),
    then, if ``recipe.teacher_sees`` is ``"face"``, mixed with the teacher's mean probabilities of the face and its mirror image
    (Hinton et al., Distilling the Knowledge in a Neural Network, 2015, at temperature 1, because the teacher is calibrated).
    """
    num_classes = len(faceset.classes)
    targets = F.one_hot(torch.from_numpy(faceset.labels), num_classes).float()
    if recipe.votes and faceset.votes is not None:
        votes, asked = vote_shares(faceset)  # rows without votes keep their label
        targets[asked] = (1 - recipe.votes) * targets[asked] + recipe.votes * votes[asked]
    targets = (1 - recipe.label_smoothing) * targets + recipe.label_smoothing / num_classes
    if teacher and recipe.teacher_sees == "face":
        targets = (1 - recipe.distillation_weight) * targets + recipe.distillation_weight * _about_faces(
            teacher, faceset
        )
    return targets


def _about_faces(teacher: Teacher, faceset: FaceSet) -> Tensor:
    """The teacher's probabilities ``(N, K)``, averaged over each face and its mirror image."""
    batches = torch.split(torch.from_numpy(faceset.images), 128)
    return torch.cat([_with_mirror(teacher, batch.float().unsqueeze(1)) for batch in batches])


def _with_mirror(teacher: Teacher, faces: Tensor) -> Tensor:
    return 0.5 * (teacher.ask(faces) + teacher.ask(faces.flip(3)))


def vote_shares(faceset: FaceSet) -> tuple[Tensor, Tensor]:
    """Each class's share of a row's votes ``(N, K)``, and which rows have votes ``(N,)``; rows without votes are 0."""
    assert faceset.votes is not None
    votes = torch.from_numpy(faceset.votes)
    total = votes.sum(1, keepdim=True)
    return votes / total.clamp(min=1e-9), total[:, 0] > 0
