"""How much training fits a number of minutes, by arithmetic."""

from __future__ import annotations

import pytest

import records
from mien import recipes
from mien.data.faceset import FaceSet
from mien.errors import RecipeError
from mien.experiments import budget
from mien.experiments.budget import ENOUGH_EPOCHS, FOR_TRAINING, Timing
from mien.recipes import Recipe

BASE, TINY = recipes.base(), recipes.tiny()


def timed(recipe: Recipe) -> Timing:
    """``base`` takes ten times as long as ``tiny``, whose epoch takes six seconds."""
    return Timing(recipe.name, 60.0 if recipe.name == "base" else 6.0, 30.0)


def test_minutes_and_epochs_are_each_other_s_inverse() -> None:
    timing = Timing("tiny", epoch=6.0, overhead=30.0)
    assert timing.minutes(4, 10) == 4 * (30 + 60) / 60
    assert timing.epochs(4, timing.minutes(4, 10)) == 10
    assert timing.epochs(4, timing.minutes(4, 10) - 0.01) == 9


def test_the_best_recipe_that_has_enough_epochs_is_taken_with_as_many_seeds_as_fit() -> None:
    def fitting(minutes: float) -> tuple[str, int, int]:
        found = budget.fit((BASE, TINY), lambda recipe: 4, minutes / FOR_TRAINING, timed)
        return found.recipe.name, found.num_seeds, found.recipe.epochs

    for recipe, seeds in ((BASE, 3), (BASE, 2), (TINY, 3), (TINY, 2)):
        needed = timed(recipe).minutes(4 * seeds, ENOUGH_EPOCHS)
        assert fitting(needed + 0.01) == (recipe.name, seeds, ENOUGH_EPOCHS)
    assert fitting(1e6) == ("base", 3, BASE.epochs)  # no more than the recipe has


def test_what_does_not_fit_says_how_many_minutes_it_takes() -> None:
    with pytest.raises(RecipeError, match=r"takes 6 s here, so 8 trainings of 3 epochs take (\d+) minutes"):
        budget.fit((BASE, TINY), lambda recipe: 4, 1.0, timed)


@pytest.mark.parametrize(("device", "names"), [("cuda", ["large", "base", "tiny"]), ("cpu", ["base", "tiny"])])
def test_the_largest_network_is_for_gpus(device: str, names: list[str]) -> None:
    assert [recipe.name for recipe in budget.candidates(device)] == names


def test_with_little_time_the_last_recipe_has_fewer_epochs() -> None:
    minutes = timed(TINY).minutes(8, 5) / FOR_TRAINING + 0.01
    found = budget.fit((BASE, TINY), lambda recipe: 4, minutes, timed)
    assert (found.recipe.name, found.recipe.epochs, found.num_seeds) == ("tiny", 5, 2)


def test_a_recipe_is_timed_on_some_of_the_faces(faces: FaceSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "TIMED_FACES", 120)
    timing = budget.timing(recipes.get("demo", ["image_size=16"]), faces, records.CPU)
    assert timing.recipe == "demo"
    assert 0 < timing.epoch < 60
    assert timing.overhead > 0
