"""Numbers as people read them: how many of a thing, and shares that no rounding makes 0% or 100%."""

from __future__ import annotations

import math


def counted(num: int, one: str, many: str = "") -> str:
    """A number and its noun: ``1 face``, ``2,000 faces``.

    Args:
        num: how many there are.
        one: the noun, with all that agrees with it, where there is one of it.
        many: the same where there is none, or several; by default ``one`` with an s.
    """
    return f"{num:,} {agreed(num, one, many or f'{one}s')}"


def agreed(num: int, one: str, many: str) -> str:
    """The first word where there is one of a thing, else the second: for a verb or a noun that stands apart from its number."""
    return one if num == 1 else many


def percent(share: float, decimals: int = 1) -> str:
    """A share as a percentage with so many decimals.

    A share that isn't 0 or 1 is never shown as 0% or 100%: an error in two thousand is an accuracy of ``>99.9%``.
    """
    shown, step = f"{share:.{decimals}%}", 0.01 * 10.0**-decimals
    if share != 0 and not shown.strip("-0.%"):
        return ("<" if share > 0 else "-<") + f"{step:.{decimals}%}"
    if share < 1 and shown == f"{1:.{decimals}%}":
        return f">{1 - step:.{decimals}%}"
    return shown


def p_value(value: float) -> str:
    """A chance with three decimals; a smaller one isn't shown as 0."""
    return "<0.001" if value < 0.0005 else f"{value:.3f}"


def whole_interval(low: float, high: float) -> str:
    """An interval of a share in whole percents, rounded outwards: a value with more decimals stays inside."""
    return f"{math.floor(100 * low + 1e-9)}–{math.ceil(100 * high - 1e-9)}"


def exact_percent(share: float) -> str:
    """A share as a percentage with as many decimals as it has, for settings: ``66.5%``, ``12%``."""
    return f"{round(100 * share, 6):g}%"


def minutes(value: float) -> str:
    """Minutes with one decimal; fewer than one with as many as it takes to be seen."""
    return f"{value:,.1f}" if value >= 1 else f"{value:.1g}"


def points(share: float, *, signed: bool = False) -> str:
    """A share, or a difference of two, as points out of a hundred with one decimal; nothing rounds to a negative 0."""
    value = round(100 * share, 1) + 0.0  # -0.0 + 0.0 is 0.0
    return f"{value:+.1f}" if signed and value else f"{value:.1f}"
