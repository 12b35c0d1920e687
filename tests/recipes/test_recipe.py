"""The fields of a recipe: explained, checked, and kept in JSON."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

import pytest

from mien import recipes
from mien.errors import RecipeError
from mien.recipes import Augment, Recipe
from mien.training import networks


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_a_recipe_survives_json(name: str) -> None:
    import json

    recipe = recipes.get(name)
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_every_field_is_explained() -> None:
    for cls in (recipes.Recipe, recipes.Augment):
        hints = typing.get_type_hints(cls, include_extras=True)
        for field in dataclasses.fields(cls):
            text = hints[field.name].__metadata__[-1]
            assert isinstance(text, str), field.name
            assert text.endswith("."), field.name


@pytest.mark.parametrize("change", [{"schedule": "cosin"}, {"optimizer": "adam"}, {"epochs": 1.5}, {"seed": True}])
def test_python_callers_are_checked_too(change: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match="doesn't fit"):
        dataclasses.replace(recipes.base(), **change)


@pytest.mark.parametrize("values", [{}, {"augment": 3}, {"augment": {}, "name": "x"}, {"augment": {"spin": 1}}])
def test_a_damaged_recipe_says_so(values: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match="doesn't fit this version"):
        Recipe.from_dict(values)


def wrong_values() -> list[tuple[type[Any], str, object]]:
    """For each field of Recipe and Augment a value of another kind, and numbers that are none."""
    odd: list[object] = ["no", 1.5, [1], None, float("nan"), 10**12, -1, b"x", True]
    cases = []
    for cls in (Recipe, Augment):
        for field in dataclasses.fields(cls):
            kind = typing.get_type_hints(cls)[field.name]
            cases += [(cls, field.name, value) for value in odd if not fits_by_kind(kind, value)]
    return cases


def fits_by_kind(kind: Any, value: object) -> bool:
    """Kept apart from mien.checks: the plain reading of an annotation."""
    if kind is float:
        return type(value) in (int, float) and value == value
    if kind is int:
        return type(value) is int
    return kind in (bool, str) and type(value) is kind


@pytest.mark.parametrize(("cls", "name", "value"), wrong_values())
def test_each_field_refuses_values_of_another_kind(cls: type[Any], name: str, value: object) -> None:
    original: Any = recipes.base() if cls is Recipe else Augment()
    with pytest.raises(RecipeError, match=f"{name}=.* doesn't fit: it must be "):
        dataclasses.replace(original, **{name: value})


def test_a_recipe_names_a_network_that_there_is() -> None:
    assert set(typing.get_args(typing.get_type_hints(Recipe)["network"])) == set(networks.NETWORKS)
    with pytest.raises(
        RecipeError,
        match="network=nope doesn't fit: it must be one of vgg, large, large_wide, large_deep, base, tiny",
    ):
        dataclasses.replace(recipes.base(), network="nope")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"momentum": 0.0}, "nesterov=True doesn't fit: it must be false where momentum is 0"),
        ({"resize_from": 64}, "resize_from=64 doesn't fit: it must be 0, or an integer from 16 to 48"),
        ({"distillation_weight": 0.5}, "distillation_weight=0.5 doesn't fit: it must be 0 where there is no teacher"),
        ({"teacher": "base"}, "distillation_weight=0.0 doesn't fit: it must be above 0 where there is a teacher"),
        ({"teacher_sees": "view"}, "teacher_sees=view doesn't fit: it must be face where there is no teacher"),
        ({"teacher": "base", "distillation_weight": 0.5, "teacher_views": 3}, "teacher_views=3 doesn't fit: it must be 0 where"),
    ],
)  # fmt: skip
def test_fields_that_contradict_one_another_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        dataclasses.replace(recipes.base(), **change)
    assert str(caught.value).startswith(message)
