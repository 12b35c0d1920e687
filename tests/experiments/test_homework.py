"""The course homework: what is asked for, and which arms it trains."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mien import recipes
from mien.errors import ArgumentError
from mien.experiments import homework
from mien.experiments.arms import STUDIES
from mien.experiments.homework import ARMS, Options


def test_an_ensemble_takes_two_seeds() -> None:
    assert Options().num_seeds == 0
    for wrong, words in (({"num_seeds": 1}, "two seeds or more"), ({"minutes": 0.0}, "minutes=0.0 doesn't fit")):
        with pytest.raises(ArgumentError, match=words):
            Options(**wrong)


@pytest.mark.parametrize("name", ["tiny", "base", "vgg"])
def test_each_study_has_its_arms_and_the_recipe_as_it_is(name: str) -> None:
    recipe = recipes.get(name)
    found = homework.arms_of(recipe)
    assert set(found) == set(ARMS) <= set(STUDIES)
    for study, arms in found.items():
        keys = {arm.key for arm in arms}
        assert set(ARMS[study]) <= keys
        others = [arm for arm in arms if arm.key not in ARMS[study]]
        assert all(recipes.changed(recipe, arm.settings) == recipe for arm in others)


def test_an_arm_that_leaves_the_recipe_as_it_is_is_kept() -> None:
    recipe = replace(recipes.get("tiny"), patience=0, stop_accuracy=0.0, keep="best")
    assert "best_epoch" in {arm.key for arm in homework.arms_of(recipe)["early-stopping"]}
