from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mien import Classifier, recipes
from mien.data.faceset import FaceSet
from mien.errors import RecipeError
from mien.run import Run
from mien.training import teachers
from mien.training.targets import soft_targets, vote_shares


def few_with_votes(faces: FaceSet) -> FaceSet:
    votes = np.zeros((3, 7), np.float32)
    votes[0, :2] = 8, 2
    votes[1, 6] = 10
    return dataclasses.replace(faces.select(np.arange(3)), votes=votes)


def test_soft_targets_mix_label_votes_and_smoothing(faces: FaceSet) -> None:
    few = faces.select(np.arange(2))
    votes = np.zeros((2, 7), np.float32)
    votes[0, :2] = (3, 1)  # nobody voted on the second
    few = dataclasses.replace(few, labels=np.array([0, 4]), votes=votes)
    plain = soft_targets(few, recipes.get("demo", ["label_smoothing=0", "votes=1"]))
    np.testing.assert_allclose(plain[0, :2], [0.75, 0.25])
    assert plain[1].argmax() == 4
    mixed = soft_targets(few, recipes.get("demo", ["label_smoothing=0.1", "votes=0.5"]))
    np.testing.assert_allclose(mixed[0, :2], [0.9 * 0.875 + 0.1 / 7, 0.9 * 0.125 + 0.1 / 7], rtol=1e-6)
    np.testing.assert_allclose(mixed.sum(1), 1.0, rtol=1e-6)


def test_smoothing_equals_torchs_own(faces: FaceSet) -> None:
    few = faces.select(np.arange(20))
    logits = torch.randn(20, 7, generator=torch.Generator().manual_seed(0))
    ours = F.cross_entropy(logits, soft_targets(few, recipes.get("demo", ["label_smoothing=0.1"])))
    torch.testing.assert_close(ours, F.cross_entropy(logits, torch.from_numpy(few.labels), label_smoothing=0.1))


def test_vote_shares_leave_out_whom_nobody_voted_on(faces: FaceSet) -> None:
    shares, asked = vote_shares(few_with_votes(faces))
    assert asked.tolist() == [True, True, False]
    assert shares[0].tolist() == pytest.approx([0.8, 0.2, 0, 0, 0, 0, 0])
    assert shares[2].tolist() == [0.0] * 7


def test_the_teacher_is_heard_by_its_share(faces: FaceSet, run: Run) -> None:
    few = faces.select(np.arange(5))
    taught = Classifier.load(run.model_file).probabilities(few.images, flip=True)
    teacher = teachers.load(str(run.model_file), few.classes, torch.device("cpu"))
    alone = soft_targets(few, recipes.get("demo", [f"teacher={run.model_file}", "distillation_weight=1"]), teacher)
    torch.testing.assert_close(alone, torch.from_numpy(taught))
    half = soft_targets(
        few, recipes.get("demo", [f"teacher={run.model_file}", "distillation_weight=0.5", "label_smoothing=0"]), teacher
    )
    expected = 0.5 * F.one_hot(torch.from_numpy(few.labels), 7) + 0.5 * torch.from_numpy(taught)
    torch.testing.assert_close(half, expected)


def test_distilling_needs_a_teacher() -> None:
    with pytest.raises(RecipeError, match=r"distillation_weight=0\.5"):
        recipes.get("demo", ["distillation_weight=0.5"])
