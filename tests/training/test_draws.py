"""Random numbers for augmentation."""

from __future__ import annotations

import torch

from mien.training.draws import Draws

CPU = torch.device("cpu")


def draws(num: int = 20_000, seed: int = 0) -> Draws:
    return Draws(num, torch.Generator().manual_seed(seed), CPU)


def test_each_face_has_a_number_of_its_own_and_the_seed_decides() -> None:
    numbers = draws(100).uniform(0, 1)
    assert numbers.shape == (100,)
    assert len(set(numbers.tolist())) == 100
    assert torch.equal(numbers, draws(100).uniform(0, 1))
    assert not torch.equal(numbers, draws(100, seed=1).uniform(0, 1))


def test_uniform_numbers_lie_in_their_range_with_its_mean_and_spread() -> None:
    numbers = draws().uniform(2, 5)
    assert 2 <= numbers.min() < 2.01
    assert 4.99 < numbers.max() <= 5
    torch.testing.assert_close(numbers.mean(), torch.tensor(3.5), atol=0.02, rtol=0)
    torch.testing.assert_close(numbers.std(), torch.tensor(3 / 12**0.5), atol=0.02, rtol=0)
    both = draws().both_ways(0.5)
    assert both.min() < -0.49
    assert both.max() > 0.49
    assert both.abs().max() <= 0.5


def test_a_chance_is_one_as_often_as_it_says() -> None:
    hits = draws().chance(0.3)
    assert set(hits.tolist()) == {0.0, 1.0}
    torch.testing.assert_close(hits.mean(), torch.tensor(0.3), atol=0.01, rtol=0)
    assert draws().chance(0).sum() == 0
    assert draws().chance(1).mean() == 1


def test_whole_numbers_are_all_met_equally_often() -> None:
    counts = torch.bincount(draws().integers(4), minlength=4)
    assert len(counts) == 4
    assert (counts - 5000).abs().max() < 250


def test_normal_numbers_have_any_shape_and_no_mean() -> None:
    numbers = draws(3).normal((3, 100, 100))
    assert numbers.shape == (3, 100, 100)
    assert abs(float(numbers.mean())) < 0.02
    assert abs(float(numbers.std()) - 1) < 0.02


def test_other_faces_take_from_the_same_generator() -> None:
    first = draws(5)
    numbers = torch.cat([first.uniform(0, 1), first.of(3).uniform(0, 1)])
    assert torch.equal(numbers, torch.rand(8, generator=torch.Generator().manual_seed(0)))
