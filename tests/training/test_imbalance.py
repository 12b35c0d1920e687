from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import records
from mien import recipes
from mien.data.faceset import FaceSet
from mien.errors import RecipeError
from mien.run import Run
from mien.training import checkpoint, loop
from mien.training.imbalance import balanced_order, class_weights, cross_entropy
from mien.training.weights import BestEpoch

LABELS = torch.tensor([0] * 900 + [1] * 90 + [3] * 10)


def test_class_weights_give_all_classes_the_same_sum_and_rows_a_mean_of_1() -> None:
    counts = torch.tensor([900, 90, 0, 10])
    weights = class_weights(counts, 1.0)
    np.testing.assert_allclose((weights * counts)[[0, 1, 3]], 1000 / 3, rtol=1e-6)
    assert weights[2] == 0
    for power in (0.0, 0.5, 1.0):
        assert float((class_weights(counts, power) * counts).sum() / 1000) == pytest.approx(1.0)
    assert float(class_weights(counts, 0.5)[3] / class_weights(counts, 0.5)[0]) == pytest.approx(90**0.5)
    np.testing.assert_allclose(class_weights(counts, 0.0)[[0, 1, 3]], 1.0)


@pytest.mark.parametrize(("power", "wanted"), [(1.0, [333, 334, 0, 333]), (0.5, [703, 223, 0, 74])])
def test_a_balanced_epoch_has_exactly_the_wanted_shares(power: float, wanted: list[int]) -> None:
    order = balanced_order(LABELS, power, torch.Generator().manual_seed(0))
    assert len(order) == len(LABELS)
    assert torch.bincount(LABELS[order]).tolist() == wanted


def test_within_a_class_no_row_comes_again_before_all_came_once() -> None:
    order = balanced_order(LABELS, 1.0, torch.Generator().manual_seed(0))
    times = torch.bincount(order, minlength=len(LABELS))
    assert set(times[:900].tolist()) == {0, 1}
    assert set(times[900:990].tolist()) == {3, 4}
    assert set(times[990:].tolist()) == {33, 34}


def test_balanced_epochs_are_in_random_order_and_differ() -> None:
    generator = torch.Generator().manual_seed(0)
    first, second = (balanced_order(LABELS, 1.0, generator) for _ in range(2))
    assert not torch.equal(first, second)
    assert len(set(LABELS[first[:50]].tolist())) == 3
    again = balanced_order(LABELS, 1.0, torch.Generator().manual_seed(0))
    assert torch.equal(first, again)


def test_without_focus_the_loss_is_torchs_cross_entropy() -> None:
    logits, target = torch.randn(8, 4), torch.softmax(torch.randn(8, 4), 1)
    torch.testing.assert_close(cross_entropy(logits, target), F.cross_entropy(logits, target))
    weights = torch.rand(8)
    expected = sum(float(w * F.cross_entropy(z, t)) for w, z, t in zip(weights, logits, target, strict=True)) / 8
    assert float(cross_entropy(logits, target, weights)) == pytest.approx(expected, rel=1e-5)
    torch.testing.assert_close(cross_entropy(logits, target, weights, 1e-9), cross_entropy(logits, target, weights))


@pytest.mark.parametrize("focal", [0.0, 2.0])
def test_a_weight_scales_a_row_and_leaves_its_smoothed_target_as_it_is(focal: float) -> None:
    """FER2013's weights of disgust and happy, smoothing 0.1: weighted class by class, happy's target would be 19% disgust."""
    smoothed = torch.full((1, 7), 0.1 / 7)
    smoothed[0, 3] += 0.9
    for weight in (0.57, 9.4):
        logits = torch.randn(1, 7, generator=torch.Generator().manual_seed(0)).requires_grad_()
        (plain,) = torch.autograd.grad(cross_entropy(logits, smoothed, focal=focal), logits)
        (weighted,) = torch.autograd.grad(cross_entropy(logits, smoothed, torch.tensor([weight]), focal), logits)
        torch.testing.assert_close(weighted, weight * plain)
    ideal = smoothed.log().requires_grad_()  # the loss is smallest where the answer is the target, whatever the weight
    (slope,) = torch.autograd.grad(cross_entropy(ideal, smoothed, torch.tensor([9.4])), ideal)
    torch.testing.assert_close(slope, torch.zeros(1, 7), atol=1e-6, rtol=0)


def test_focal_loss_is_that_of_its_formula() -> None:
    probabilities = torch.tensor([[0.9, 0.1], [0.2, 0.8]])
    target = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    expected = -(0.1**2 * np.log(0.9) + 0.8**2 * np.log(0.2)) / 2
    assert float(cross_entropy(probabilities.log(), target, focal=2.0)) == pytest.approx(expected, rel=1e-5)


def test_the_slope_of_focal_loss_is_finite_on_a_certain_row() -> None:
    logits = torch.tensor([[80.0, -80.0]], requires_grad=True)
    cross_entropy(logits, torch.tensor([[1.0, 0.0]]), focal=0.5).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("setting", ["balanced_sampling=1.5", "class_weights=-0.1", "focal=11", "keep=first"])
def test_settings_out_of_range_are_refused(setting: str) -> None:
    with pytest.raises(RecipeError, match=setting.partition("=")[0]):
        recipes.get("demo", [setting])


def test_keep_last_ships_the_last_epoch(faces: FaceSet, tmp_path: Path) -> None:
    settings = ["epochs=3", "image_size=16", "keep=last", "learning_rate=0.5", "class_weights=1", "focal=2"]
    recipe = recipes.get("demo", [*settings, "balanced_sampling=1"])
    few = dataclasses.replace(faces.select(np.arange(120)).resized((16, 16)))
    run = Run.create(tmp_path / "run", recipe, data=records.data_of(few, few), setup=records.setup())
    loop.train(run, few, few)
    assert checkpoint.load(run.best, BestEpoch)[1].epoch == 3
