"""Bare numbers as cells of tables, in every language alike; a number within a sentence is formatted by its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mien.words import exact_percent, minutes, p_value, percent, points, whole_interval

if TYPE_CHECKING:
    from mien.evaluation.metrics import Interval, Score

__all__ = [
    "DASH",
    "bounded",
    "compact",
    "count",
    "decimal",
    "decimal_ends",
    "ends",
    "exact_percent",
    "magnitude",
    "megabytes",
    "minutes",
    "optional_p_value",
    "p_value",
    "percent",
    "points",
    "signed",
    "signed_tick",
    "true_minus",
    "whole_interval",
]

DASH = "–"
"""The cell of a figure that is not defined."""


def count(num: int) -> str:
    """A count with thousands separators: ``1,234``."""
    return f"{num:,}"


def decimal(value: float, places: int = 1) -> str:
    """A number with as many decimals as given: ``1,234.5``."""
    return f"{value:,.{places}f}"


def signed(value: float, places: int = 1) -> str:
    """The same with its sign: ``+0.5``."""
    return f"{value:+,.{places}f}"


def compact(value: float) -> str:
    """A number with at most six digits, for settings: ``0.05``."""
    return f"{value:g}"


def magnitude(value: float) -> str:
    """A small number by its first digit: ``2e-05``."""
    return f"{value:.1g}"


def megabytes(num_bytes: int, places: int = 1) -> str:
    """A size: ``12.3 MB``."""
    return f"{decimal(num_bytes / 1e6, places)} MB"


def signed_tick(value: float, position: float | None = None) -> str:
    """The label of a tick on an axis of differences; ``position`` is what matplotlib passes besides."""
    del position
    return true_minus(f"{value:+g}") if value else "0"


def true_minus(shown: str) -> str:
    """A number with a minus sign for its hyphen, as pages show it."""
    return shown.replace("-", "−")


def ends(interval: Interval, places: int = 1) -> str:
    """An interval of a share in English: ``61.0% to 65.2%``."""
    return f"{percent(interval[0], places)} to {percent(interval[1], places)}"


def decimal_ends(interval: Interval, places: int) -> str:
    """An interval of a number in English: ``0.9123 to 1.0456``."""
    return f"{decimal(interval[0], places)} to {decimal(interval[1], places)}"


def bounded(score: Score | None) -> str:
    """A share with its interval in integer percents: ``63.1% (61–66)``; a dash where it is not defined."""
    return DASH if score is None else f"{percent(score.value)} ({whole_interval(*score.interval)})"


def optional_p_value(value: float | None, otherwise: str = DASH) -> str:
    """A p-value; ``otherwise`` where it is not defined."""
    return otherwise if value is None else p_value(value)
