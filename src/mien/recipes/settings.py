"""Recipes by name with changed settings, written as for ``--set``, and the settings of a recipe."""

from __future__ import annotations

import dataclasses
import os
import typing
from collections.abc import Iterable, Sequence
from typing import Any

from mien.checks import checked, no_such
from mien.errors import RecipeError
from mien.recipes import parsing, recipe_file
from mien.recipes.catalogue import AUGMENTS, RECIPES
from mien.recipes.recipe import Augment, Recipe


@checked
def get(name: str | os.PathLike[str], settings: str | Iterable[str] = ()) -> Recipe:
    """Return a recipe by name, changed by settings such as ``"epochs=15"`` or ``"augment.scale=0.9,1.1"``.

    Args:
        name: a key of ``RECIPES``, or the path of a recipe file, which ends in ``.toml`` (see ``recipe_file``).
        settings: changes; they override those of the file.

    Raises:
        RecipeError: there is no such recipe or field, or a value doesn't fit; the message lists the valid values.
        ArgumentError: the name is neither a string nor a path.
    """
    own: list[str] = []
    name = os.fspath(name)
    if name.endswith(".toml"):
        name, own = recipe_file.read(name, _kinds())
    if name not in RECIPES:
        raise RecipeError(f"There is no recipe '{name}': choose {', '.join(RECIPES)}, or a recipe file (.toml).")
    return changed(RECIPES[name](), [*own, *([settings] if isinstance(settings, str) else settings)])


def _kinds() -> dict[str, Any]:
    """The annotation of each setting; names of fields of ``Augment`` start with ``augment.``."""
    parts = {f"augment.{name}": kind for name, kind in typing.get_type_hints(Augment).items()}
    return {
        name: kind for name, kind in typing.get_type_hints(Recipe).items() if name not in ("name", "augment")
    } | parts


def write(path: str | os.PathLike[str], recipe: Recipe, notes: Sequence[str] = ()) -> None:
    """Write a recipe as a file that ``get`` reads: its name in ``RECIPES``, and its changed fields.

    Args:
        path: the file to write; it ends in ``.toml``.
        recipe: one of ``RECIPES``, or a changed copy of one.
        notes: comment lines at the top of the file.

    Raises:
        OutputError: the file can't be written.
    """
    original = RECIPES[recipe.name]()
    values = {name: new for name, new, old in _pairs(recipe, original) if name != "augment" and new != old}
    parts = {name: new for name, new, old in _pairs(recipe.augment, original.augment) if new != old}
    recipe_file.write(path, recipe.name, {**values, "augment": parts}, notes)


def changed(recipe: Recipe, settings: Iterable[str]) -> Recipe:
    """The recipe with settings such as ``"epochs=15"`` changed; ``augment=NAME`` is applied before ``augment.FIELD=VALUE``.

    Raises:
        RecipeError: there is no such field, or the value doesn't fit.
    """
    changes: dict[str, Any] = {}
    augment: dict[str, Any] = {}
    for setting in settings:
        if not isinstance(setting, str):
            raise RecipeError(f"{setting!r:.60} is not a setting: write it as a text such as 'epochs=15'.")
        key, equals, text = setting.partition("=")
        key = key.strip()
        if not equals:
            raise RecipeError(f"'{setting}' is not a setting: write it as field=value, such as epochs=15.")
        if key == "augment":
            recipe = dataclasses.replace(recipe, augment=_augment_by_word(text))
        elif key.startswith("augment."):
            augment[key.removeprefix("augment.")] = parsing.parse(
                Augment, key.removeprefix("augment."), text, "augment."
            )
        else:
            changes[key] = parsing.parse(Recipe, key, text, "")
    return dataclasses.replace(recipe, **changes, augment=dataclasses.replace(recipe.augment, **augment))


def with_fields(recipe: Recipe, **fields: Any) -> Recipe:
    """The recipe with fields changed to typed values, such as ``epochs=15``, ``augment="robust"`` or ``augment=Augment(flip=0.5)``.

    Raises:
        RecipeError: there is no such field, or the value doesn't fit.
    """
    known = [field.name for field in dataclasses.fields(Recipe) if field.name != "name"]
    if unknown := [name for name in fields if name not in known]:
        raise RecipeError(no_such("field of a recipe", unknown[0], known))
    if isinstance(fields.get("augment"), str):
        fields["augment"] = _augment_by_word(fields["augment"])
    return dataclasses.replace(recipe, **fields)


def changes(recipe: Recipe) -> list[str]:
    """The settings that differ from the recipe of the same name: ``get(recipe.name, changes(recipe)) == recipe``."""
    if recipe.name not in RECIPES:
        return []  # a custom recipe, made in Python: the command line can't express it
    original = RECIPES[recipe.name]()
    changed = [
        f"{name}={parsing.as_text(new)}"
        for name, new, old in _pairs(recipe, original)
        if name != "augment" and new != old
    ]
    return changed + augment_changes(recipe.augment, original.augment)


def augment_changes(augment: Augment, original: Augment) -> list[str]:
    """The settings in which an augmentation differs from ``original``."""
    return [f"augment.{name}={parsing.as_text(new)}" for name, new, old in _pairs(augment, original) if new != old]


def _pairs(new: Recipe | Augment, old: Recipe | Augment) -> list[tuple[str, Any, Any]]:
    return [(field.name, getattr(new, field.name), getattr(old, field.name)) for field in dataclasses.fields(new)]


def _augment_by_word(text: str) -> Augment:
    name = text.strip().lower()
    if name not in AUGMENTS:
        raise RecipeError(
            f"augment={text} doesn't fit: choose {', '.join(AUGMENTS)}, or set a part such as augment.flip=0.5."
        )
    return AUGMENTS[name]()
