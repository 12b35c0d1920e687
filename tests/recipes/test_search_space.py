from __future__ import annotations

from pathlib import Path

import pytest

from mien import recipes
from mien.errors import RecipeError
from mien.recipes import search_space
from mien.recipes.search_space import Choice, Range

TINY = recipes.get("tiny")


def test_axes_are_read_by_their_fields_type() -> None:
    given = [
        "learning_rate=0.01..0.3:log",
        "batch_size = 32..256 : log",
        "network=tiny|base",
        "augment.scale=0.9,1.1|0.8,1.2",
        "augment.erase=0..0.5",
        "nesterov=yes|no",
        "teacher=../a.onnx|",
    ]
    read = search_space.build(given[:-1], TINY, has_votes=False)
    assert read == (
        Range("learning_rate", 0.01, 0.3, log=True),
        Range("batch_size", 32, 256, log=True, is_integer=True),
        Choice("network", ("tiny", "base")),
        Choice("augment.scale", ("0.9,1.1", "0.8,1.2")),
        Range("augment.erase", 0.0, 0.5),
        Choice("nesterov", ("yes", "no")),
    )
    assert search_space.build([str(axis) for axis in read], TINY, has_votes=False) == read
    with pytest.raises(
        RecipeError, match="distillation_weight"
    ):  # a teacher alone is no recipe: a choice is no range either way
        search_space.build(given[-1:], TINY, has_votes=False)


@pytest.mark.parametrize("name", recipes.RECIPES)
@pytest.mark.parametrize("has_votes", [True, False])
def test_the_default_space_suits_every_recipe(name: str, has_votes: bool) -> None:
    recipe = recipes.get(name)
    fields = [axis.field for axis in search_space.build([], recipe, has_votes)]
    assert ("muon" in fields, "auxiliary_head" in fields) == (recipe.muon > 0, has_votes)
    assert {"learning_rate", "label_smoothing", "augment.rotation"} <= set(fields)


@pytest.mark.parametrize("name", ["large", "base", "tiny", "demo"])
def test_a_recipe_lies_in_its_default_space(name: str) -> None:
    recipe = recipes.get(name)
    space = search_space.build([], recipe, has_votes=True)
    own = search_space.point(space, recipe)
    assert own is not None
    assert recipes.changed(recipe, search_space.settings(space, own)) == recipe
    assert search_space.point(space, recipes.get(name, ["augment.rotation=45"])) is None


def test_a_place_in_a_space_is_settings() -> None:
    space = search_space.build(["learning_rate=0.012349..0.3", "batch_size=30..40", "network=tiny|base"], TINY, False)
    values: dict[str, float | str] = {"learning_rate": 0.0456789, "batch_size": 37, "network": "base"}
    assert search_space.settings(space, values) == ["learning_rate=0.04568", "batch_size=37", "network=base"]
    assert search_space.settings(space, {**values, "learning_rate": 0.012349})[0] == "learning_rate=0.01235"
    assert search_space.settings(space, {**values, "learning_rate": 0.29999})[0] == "learning_rate=0.3"
    assert search_space.point(space, TINY) is None  # its batches are of 128
    inside = search_space.build(["network=base|tiny", "augment.scale=1,1|0.9,1.1"], TINY, False)
    assert search_space.point(inside, TINY) == {"network": "tiny", "augment.scale": "0.9,1.1"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learning_rate", "'learning_rate' is not a range: write it as FIELD=LOW..HIGH"),
        ("learning_rate=0.1", "'learning_rate=0.1' is not a range"),
        ("learning_rates=0.1..0.2", "no setting 'learning_rates': did you mean 'learning_rate'"),
        ("augment.spin=0..1", "no setting 'augment.spin': choose augment.flip"),
        ("learning_rate=0.2..0.1", "learning_rate=0.2..0.1 doesn't fit: LOW must be below HIGH"),
        ("learning_rate=0..0.1:log", "LOW must be below HIGH, and above 0"),
        ("learning_rate=0..0.1", "learning_rate=0.0 doesn't fit: it must be a number above 0"),
        ("learning_rate=0.1..nan", "LOW must be below HIGH"),
        ("learning_rate=0.1..many", "learning_rate=many doesn't fit: it must be a number"),
        ("learning_rate=0.1..0.2..0.3", "a range has two numbers, LOW..HIGH or LOW..HIGH:log"),
        ("learning_rate=0.1..0.2:cubic", "a range has two numbers"),
        ("batch_size=32.5..64", "batch_size=32.5 doesn't fit: it must be a whole number"),
        ("batch_size=1..64", "batch_size=1 doesn't fit"),
        ("network=tiny..base", "write other values as ONE|OTHER"),
        ("nesterov=no..yes", "write other values as ONE|OTHER"),
        ("optimizer=sgd|adam", "optimizer=adam doesn't fit: it must be one of sgd, adamw"),
        ("network=tiny|tiny", "it contains a value twice"),
        ("nesterov=yes|true", "it contains a value twice"),
        ("epochs=5..10", "epochs can't vary: trials are compared"),
        ("seed=0|1", "seed can't vary: the best of several seeds is chance"),
        ("auxiliary_head=0..1", "needs annotators' votes, but the data has none"),
        ("ema=0.9..1", "ema=1.0 doesn't fit"),
    ],
)
def test_a_space_that_doesnt_fit_says_why(text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message.replace("|", r"\|")):
        search_space.build([text], TINY, has_votes=False)


def test_a_field_stands_once() -> None:
    with pytest.raises(RecipeError, match="contains momentum twice"):
        search_space.build(["momentum=0.8..0.9", "momentum=0.1|0.2"], TINY, has_votes=False)


def test_the_document_has_the_default_space() -> None:
    page = (Path(__file__).parents[2] / "docs" / "tuning.md").read_text(encoding="utf-8")
    for field, _, extent in (text.partition("=") for text in search_space.DEFAULT):
        assert f"| `{field}` | {extent} |" in page
