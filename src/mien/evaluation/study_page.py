"""A study's result as words for the terminal and as one HTML file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from mien import tables


def as_text(result: Mapping[str, Any]) -> str:
    """The arms with mean, deviation and paired difference from the first."""
    head = (
        f"{result['question']}  {result['recipe']} on {result['data']}, seeds {result['seeds'][0]} to {result['seeds'][-1]}, "
        f"judged on {result['split']}, n = {result['n']:,}"
    )
    first = result["arms"][0]["name"]
    rows = [
        [
            arm["name"],
            *(_with_deviation(arm, score) for score in ("accuracy", "macro_f1", "balanced_accuracy")),
            _difference(arm, "accuracy"),
            _difference(arm, "balanced_accuracy"),
            f"{_minutes(arm):.1f}" if arm["minutes"] else "",
        ]
        for arm in result["arms"]
    ]
    heads = ["arm", "accuracy", "macro-F1", "balanced", f"accuracy vs {first}", "balanced", "minutes"]
    return "\n\n".join([head, tables.render(heads, rows)])


def write(path: str | os.PathLike[str], result: Mapping[str, Any], *, lang: str = "en") -> None:
    """Write the page."""


def _with_deviation(arm: Mapping[str, Any], score: str) -> str:
    mean = f"{100 * arm['mean'][score]:.1f}"
    return f"{mean} ± {100 * arm['sd'][score]:.1f}" if arm["sd"] else mean


def _difference(arm: Mapping[str, Any], score: str) -> str:
    if arm["difference"] is None:
        return ""
    middle, low, high = (100 * value for value in arm["difference"][score])
    return f"{middle:+.1f} ({low:+.1f} to {high:+.1f})"


def _minutes(arm: Mapping[str, Any]) -> float:
    """Of one run, on average."""
    return float(sum(arm["minutes"]) / len(arm["minutes"]))
