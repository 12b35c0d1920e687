"""Numbers as text: counts with their noun, and percentages that never round to 0% or 100%."""

from __future__ import annotations

import math


def counted(num: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 face``, ``2,000 faces``.

    Args:
        num: the count.
        one: the noun in the singular, with the words that agree with it.
        many: the plural; by default ``one`` with an s.
    """
    return f"{num:,} {agreed(num, one, many or f'{one}s')}"


def agreed(num: int, one: str, many: str) -> str:
    """``one`` if ``num`` is 1, else ``many``: for a verb or a noun that is apart from its number."""
    return one if num == 1 else many


def percent(share: float, decimals: int = 1) -> str:
    """A share as a percentage, with a number of decimals.

    A share other than 0 and 1 is never shown as 0% or 100%: an accuracy of 0.9995 is ``>99.9%``.
    """
    shown, step = f"{share:.{decimals}%}", 0.01 * 10.0**-decimals
    if share != 0 and not shown.strip("-0.%"):
        return ("<" if share > 0 else "-<") + f"{step:.{decimals}%}"
    if share < 1 and shown == f"{1:.{decimals}%}":
        return f">{1 - step:.{decimals}%}"
    return shown


def p_value(value: float) -> str:
    """A p-value with three decimals; smaller ones are shown as ``<0.001``."""
    return "<0.001" if value < 0.0005 else f"{value:.3f}"


def whole_interval(low: float, high: float) -> str:
    """An interval in integer percents, rounded outwards, so that it contains values with more decimals."""
    return f"{math.floor(100 * low + 1e-9)}–{math.ceil(100 * high - 1e-9)}"


def exact_percent(share: float) -> str:
    """A share as a percentage with all its decimals, for settings: ``66.5%``, ``12%``."""
    return f"{round(100 * share, 6):g}%"


def minutes(value: float) -> str:
    """Minutes with one decimal; below one minute, with as many decimals as needed."""
    return f"{value:,.1f}" if value >= 1 else f"{value:.1g}"


def points(share: float, *, signed: bool = False) -> str:
    """A share, or a difference of two, in percentage points with one decimal; never ``-0.0``."""
    value = round(100 * share, 1) + 0.0  # -0.0 + 0.0 is 0.0
    return f"{value:+.1f}" if signed and value else f"{value:.1f}"


def duration_text(seconds: float) -> str:
    """Seconds as ``M:SS``, or ``H:MM:SS``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
