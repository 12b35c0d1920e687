"""The recipes and augmentations that have a name."""

from __future__ import annotations

import dataclasses

import pytest

from mien import recipes
from mien.training import networks


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_each_recipe_is_named_as_it_is_called_and_builds(name: str) -> None:
    recipe = recipes.get(name)
    assert recipe.name == name
    networks.build(recipe.network, 7, recipe.image_size)


def test_the_reports_recipe_is_the_reports() -> None:
    recipe = recipes.get("vgg")
    assert (recipe.network, recipe.image_size, recipe.batch_size, recipe.hold_out) == ("vgg", 64, 128, 0.12)
    assert (recipe.optimizer, recipe.epochs, recipe.stop_accuracy) == ("sgd", 1000, 0.66)
    augment = recipe.augment
    assert all((augment.flip, augment.rotation, augment.blur, augment.noise, augment.perspective))
    assert not any((augment.translation, augment.shear, augment.brightness, augment.erase))


def test_the_larger_recipes_are_the_base_with_few_changes() -> None:
    base, large, tiny = recipes.base(), recipes.large(), recipes.tiny()
    assert large == dataclasses.replace(base, name="large", network="large", epochs=120, ema=0.999)
    assert dataclasses.replace(tiny, name="base", network="base", augment=base.augment) == base


def test_augmentations_by_name() -> None:
    assert set(recipes.AUGMENTS) == {"none", "robust", "strong"}
    none, robust, strong = (recipes.AUGMENTS[name]() for name in ("none", "robust", "strong"))
    assert none == recipes.Augment(flip=0.0)
    for part in ("blur_probability", "noise_probability", "corruption"):
        assert getattr(strong, part) == pytest.approx(2 * getattr(robust, part))
    assert dataclasses.replace(strong, blur_probability=0.12, noise_probability=0.15, corruption=0.08) == robust
    kept = ("flip", "geometry", "rotation", "scale", "translation", "shear", "erase")
    assert all(getattr(robust, part) == getattr(recipes.base().augment, part) for part in kept)
