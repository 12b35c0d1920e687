"""Search spaces: the fields of a recipe that may vary, and their ranges.

An axis is written as ``learning_rate=0.01..0.3:log``, ``batch_size=32..256`` or ``network=tiny|base``.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mien import recipes
from mien.errors import RecipeError
from mien.recipes import Augment, Recipe, parsing

DEFAULT = (
    "learning_rate=0.02..0.5:log",
    "muon=0.005..0.1:log",
    "ema=0.98..0.9995",
    "label_smoothing=0..0.2",
    "auxiliary_head=0..1",
    "augment.rotation=0..20",
    "augment.translation=0..0.12",
    "augment.shear=0..0.2",
    "augment.brightness=0..0.25",
    "augment.erase=0..0.6",
)
"""The default space; without ``muon`` and ``ema`` if they are 0 in the recipe, and without ``auxiliary_head`` if the data has no votes."""

FIXED = {
    "epochs": "trials are compared at the same epochs of the same schedule",
    "hold_out": "all trials are evaluated on the same rows",
    "valid_split": "all trials are evaluated on the same rows",
    "split_seed": "all trials are evaluated on the same rows",
    "seed": "the best of several seeds is chance",
}
"""Fields that can't vary, with the reason."""


@dataclass(frozen=True)
class Range:
    """A numeric field from ``low`` to ``high``.

    Attributes:
        field: name of the field, as for ``--set``.
        low, high: the bounds, both included; integers if the field is an integer.
        log: whether values are drawn uniformly on a logarithmic scale.
        is_integer: whether values are integers.
    """

    field: str
    low: float
    high: float
    log: bool = False
    is_integer: bool = False

    def __str__(self) -> str:
        return f"{self.field}={self.low!r}..{self.high!r}{':log' if self.log else ''}"

    def setting(self, value: float) -> str:
        """The setting ``field=value``, rounded to four significant digits or to an integer."""
        rounded = round(value) if self.is_integer else min(max(float(f"{value:.4g}"), self.low), self.high)
        return f"{self.field}={rounded!r}"


@dataclass(frozen=True)
class Choice:
    """A field that takes one of several values.

    Attributes:
        field: name of the field, as for ``--set``.
        options: the values, as for ``--set``.
    """

    field: str
    options: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.field}={'|'.join(self.options)}"

    def setting(self, value: str) -> str:
        """The setting of an option."""
        return f"{self.field}={value}"


Axis = Range | Choice


def build(given: Sequence[str], recipe: Recipe, has_votes: bool) -> tuple[Axis, ...]:
    """The given axes, or the default axes that apply to recipe and data.

    Args:
        given: axes as text; empty takes ``DEFAULT``.
        recipe: the recipe to vary.
        has_votes: whether the data has annotators' votes.

    Raises:
        RecipeError: a field doesn't exist, can't vary or is given twice, or a value doesn't fit.
    """
    axes = tuple(_axis(text, recipe) for text in given or _suitable(recipe, has_votes))
    seen: set[str] = set()
    for axis in axes:
        if axis.field in seen:
            raise RecipeError(f"The space contains {axis.field} twice: give each field one range.")
        seen.add(axis.field)
        if axis.field in ("votes", "auxiliary_head") and not has_votes:
            raise RecipeError(f"{axis} needs annotators' votes, but the data has none: join FER+ votes, or omit it.")
    return axes


def axes(texts: Iterable[str]) -> tuple[Axis, ...]:
    """Parse axes that were written by ``str``."""
    pairs = [text.split("=", 1) for text in texts]
    return tuple(_choice(name, extent) if "|" in extent else _range(name, extent) for name, extent in pairs)


def point(space: Iterable[Axis], recipe: Recipe) -> dict[str, float | str] | None:
    """The recipe's own values as a point of a space, or None if one is outside."""
    own: dict[str, float | str] = {}
    for axis in space:
        part, name = (recipe.augment, axis.field[8:]) if axis.field.startswith("augment.") else (recipe, axis.field)
        value = getattr(part, name)
        if isinstance(axis, Choice):
            values = {_parsed(axis.field, option): option for option in axis.options}
            if value not in values:
                return None
            own[axis.field] = values[value]
        elif axis.low <= value <= axis.high:
            own[axis.field] = value
        else:
            return None
    return own


def settings(space: Iterable[Axis], values: Mapping[str, float | str]) -> list[str]:
    """A point of a space as settings of a recipe."""
    return [axis.setting(values[axis.field]) for axis in space]  # type: ignore[arg-type] # each value is of its axis


def _suitable(recipe: Recipe, has_votes: bool) -> list[str]:
    """The default axes, without those that the recipe turns off, and without votes if the data has none."""
    suits = {"muon": recipe.muon > 0, "ema": recipe.ema > 0, "auxiliary_head": has_votes}
    return [text for text in DEFAULT if suits.get(text.partition("=")[0], True)]


def _axis(text: str, recipe: Recipe) -> Axis:
    name, equals, extent = (part.strip() for part in text.partition("="))
    if not equals or not ("|" in extent or ".." in extent):
        raise RecipeError(
            f"'{text}' is not a range: write it as FIELD=LOW..HIGH, FIELD=LOW..HIGH:log or FIELD=ONE|OTHER, "
            "such as learning_rate=0.01..0.3:log."
        )
    if name in FIXED:
        raise RecipeError(f"{name} can't vary: {FIXED[name]}.")
    axis = _choice(name, extent) if "|" in extent else _range(name, extent)
    for value in axis.options if isinstance(axis, Choice) else (repr(axis.low), repr(axis.high)):
        recipes.changed(recipe, [f"{name}={value}"])
    return axis


def _choice(name: str, extent: str) -> Choice:
    options = tuple(option.strip() for option in extent.split("|"))
    if len({_parsed(name, option) for option in options}) < len(options):
        raise RecipeError(f"{name}={extent} doesn't fit: it contains a value twice.")
    return Choice(name, options)


def _range(name: str, extent: str) -> Range:
    extent, colon, scale = extent.partition(":")
    ends = extent.split("..")
    low, high = (_parsed(name, end) for end in ends) if len(ends) == 2 else (None, None)
    if type(low) not in (int, float) or (colon and scale.strip() != "log"):
        raise RecipeError(
            f"{name}={extent}{colon}{scale} doesn't fit: a range has two numbers, LOW..HIGH or LOW..HIGH:log; "
            "write other values as ONE|OTHER."
        )
    assert low is not None
    assert high is not None
    if not low < high or (colon and low <= 0):
        raise RecipeError(
            f"{name}={extent}{colon}{scale} doesn't fit: LOW must be below HIGH{', and above 0' if colon else ''}."
        )
    return Range(name, low, high, bool(colon), isinstance(low, int))


def _parsed(name: str, text: str) -> typing.Any:
    if name.startswith("augment."):
        return parsing.parse(Augment, name.removeprefix("augment."), text, "augment.")
    return parsing.parse(Recipe, name, text, "")
