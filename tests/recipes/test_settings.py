"""Recipes by name, changed by settings, and back."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from mien import recipes
from mien.errors import ArgumentError, RecipeError
from mien.recipes import Augment


def test_settings_change_fields_by_their_type() -> None:
    settings = [
        "epochs=15",
        "learning_rate=0.05",
        "nesterov=no",
        "schedule=cosine",
        "augment.scale=0.9,1.1",
        "augment.flip=0",
        "valid_split=valid",
    ]
    recipe = recipes.get("base", settings)
    assert (recipe.epochs, recipe.learning_rate, recipe.nesterov, recipe.schedule, recipe.valid_split) == (
        15,
        0.05,
        False,
        "cosine",
        "valid",
    )
    assert (recipe.augment.scale, recipe.augment.flip) == ((0.9, 1.1), 0.0)
    assert recipe.augment.rotation == recipes.base().augment.rotation


@pytest.mark.parametrize(
    "settings",
    [
        [],
        ["epochs=15", "nesterov=false", "augment.scale=0.1,1.7", "learning_rate=3e-05"],
        ["augment=none", "valid_split=dev"],
    ],
)
def test_changes_make_a_recipe_again(settings: list[str]) -> None:
    recipe = recipes.get("base", settings)
    assert recipes.get("base", recipes.changes(recipe)) == recipe
    assert bool(recipes.changes(recipe)) == bool(settings)


def test_augmentation_can_be_turned_off_and_parts_on_again() -> None:
    assert recipes.get("base", ["augment=none"]).augment == Augment(flip=0.0)
    assert recipes.get("base", ["augment=none", "augment.flip=0.5"]).augment == Augment()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("epochs", "'epochs' is not a setting: write it as field=value"),
        ("epoch=3", "no setting 'epoch': did you mean 'epochs'"),
        ("augment.spin=3", "no setting 'augment.spin': choose augment.flip"),
        ("augment=much", "augment=much doesn't fit: choose none, robust, strong"),
        ("name=mine", "no setting 'name'"),
        ("epochs=0", "epochs=0 doesn't fit: it must be a whole number from 1"),
        ("epochs=many", "epochs=many doesn't fit: it must be a whole number"),
        ("epochs=1.5", "epochs=1.5 doesn't fit: it must be a whole number"),
        ("batch_size=1", "batch_size=1 doesn't fit: it must be a whole number from 2"),
        ("learning_rate=0", "learning_rate=0.0 doesn't fit"),
        ("learning_rate=nan", "learning_rate=nan doesn't fit"),
        ("momentum=1", "momentum=1.0 doesn't fit: it must be a number from 0 to below 1"),
        ("nesterov=maybe", "nesterov=maybe doesn't fit: it must be true or false"),
        ("momentum=0", "nesterov=True doesn't fit: it must be false where momentum is 0"),
        ("optimizer=adam", "optimizer=adam doesn't fit: it must be one of sgd, adamw"),
        ("schedule=step", "schedule=step doesn't fit: it must be one of linear, cosine, constant"),
        ("hold_out=0.95", "hold_out=0.95 doesn't fit: it must be a number above 0 and below 0.9"),
        ("hold_out=0", "hold_out=0.0 doesn't fit"),
        ("label_smoothing=1", "label_smoothing=1.0 doesn't fit"),
        ("votes=2", "votes=2.0 doesn't fit: it must be a number from 0 to 1"),
        ("patience=-1", "patience=-1 doesn't fit"),
        ("seed=-1", "seed=-1 doesn't fit"),
        ("clip_norm=-1", "clip_norm=-1.0 doesn't fit"),
        ("image_size=8", "image_size=8 doesn't fit: it must be a whole number from 16 to 512"),
        ("augment.flip=2", "augment.flip=2.0 doesn't fit: it must be a number from 0 to 1"),
        ("augment.scale=1.2,0.8", "augment.scale=1.2,0.8 doesn't fit: it must be two numbers"),
        ("augment.scale=1", "augment.scale=1 doesn't fit: it must be two numbers with a comma"),
        ("augment.rotation=-5", "augment.rotation=-5.0 doesn't fit"),
        ("augment.perspective=0.9", "augment.perspective=0.9 doesn't fit"),
        ("augment.noise=nan", "augment.noise=nan doesn't fit"),
    ],
)
def test_bad_settings_say_what_would_fit(setting: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        recipes.get("base", [setting])
    assert caught.value.exit_code == 2


def test_a_recipe_of_ones_own_has_no_settings() -> None:
    assert recipes.changes(dataclasses.replace(recipes.base(), name="mine")) == []


def test_an_unknown_recipe_lists_the_known() -> None:
    with pytest.raises(RecipeError, match="no recipe 'best': choose vgg, large, base, tiny, demo"):
        recipes.get("best")


def test_a_recipe_is_named_by_a_text_or_a_path(tmp_path: Path) -> None:
    recipes.write(tmp_path / "own.toml", recipes.get("tiny", "epochs=3"))
    assert recipes.get(tmp_path / "own.toml").epochs == 3
    wrong: Any = 3
    with pytest.raises(ArgumentError, match="name=3 doesn't fit"):
        recipes.get(wrong)
    with pytest.raises(RecipeError, match="3 is not a setting"):
        recipes.get("tiny", [wrong])
