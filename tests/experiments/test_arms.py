"""The arms of the studies."""

from __future__ import annotations

import pytest

from mien import recipes
from mien.cli.studying import NAMES
from mien.experiments import arms as known_arms
from mien.reporting.pages import study as study_page
from mien.reporting.texts import Texts


def keys(study: str, recipe: str, *settings: str, votes: bool = True) -> list[str]:
    return [arm.key for arm in known_arms.STUDIES[study](recipes.get(recipe, settings), votes)]


def test_each_family_of_a_recipe_has_an_arm_of_its_own() -> None:
    assert keys("augmentation", "vgg") == [
        "none", "flip_alone", "warp_alone", "perspective_alone", "blur_alone", "noise_alone", "all",
    ]  # fmt: skip
    assert keys("augmentation", "tiny") == ["none", "flip_alone", "warp_alone", "tone_alone", "erase_alone", "all"]


def test_a_family_alone_is_that_family_alone() -> None:
    recipe = recipes.get("vgg")
    arms = {arm.key: recipes.changed(recipe, arm.settings).augment for arm in known_arms.augmentation(recipe, False)}
    assert arms["none"] == recipes.no_augment()
    assert arms["all"] == recipe.augment
    assert (arms["blur_alone"].blur, arms["blur_alone"].flip, arms["blur_alone"].rotation) == (1.0, 0.0, 0.0)
    assert (arms["warp_alone"].rotation, arms["warp_alone"].perspective) == (15.0, 0.0)


def test_votes_are_an_arm_only_where_the_data_has_them() -> None:
    assert keys("labels", "tiny", votes=False) == ["hard_labels", "smoothed"]
    assert "votes_only" in keys("labels", "tiny", votes=True)


@pytest.mark.parametrize("study", NAMES)
@pytest.mark.parametrize("recipe", ["vgg", "tiny", "base"])
def test_every_arm_is_a_recipe_and_has_a_name_in_every_language(study: str, recipe: str) -> None:
    start = recipes.get(recipe)
    arms = known_arms.STUDIES[study](start, True)
    made = [recipes.changed(start, arm.settings) for arm in arms]
    assert len(set(made)) == len(arms)
    assert {one.epochs for one in made} == {start.epochs}
    for lang in ("en", "zh-TW"):
        t = Texts(lang)
        shown = [study_page.arm_name(arm, t) for arm in arms]
        assert len(set(shown)) == len(arms)
        assert lang == "en" or all(
            name.replace(" ", "_") != arm.key for name, arm in zip(shown, arms, strict=True) if arm.key != "focal_loss"
        )
        assert all("{" not in name for name in shown)
