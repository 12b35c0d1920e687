"""Agreement of a model's predictions with each possible coding of the labels, and a test whether one coding fits clearly best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from mien import emotions
from mien.data.layouts.codes import Coding
from mien.words import counted, percent

MIN_AGREEMENT = 0.4
"""Minimum share of faces on which model and coding agree. Chance is 1 in 7; true codings measured 0.55 to 0.7."""

MIN_LEAD = 0.08
"""Minimum lead over every other coding, as a share of the faces."""

MIN_LEAD_OF_ORDER = 0.03
"""Minimum lead of an unknown order over the known codings at which the known ones are rejected."""

ALPHA = 0.05
"""Significance level of a lead (sign test, one-sided)."""


@dataclass(frozen=True)
class Evidence:
    """The agreement of a model with several codings.

    Attributes:
        model: name of the model.
        num_faces: number of predicted faces.
        agreement: share of faces on which the model agrees with each coding, by name, best first.
        best: the coding that fits clearly best; None if there is none.
        objection: the reason why there is none, as one sentence; empty otherwise.
        other: an unknown order that fits better than all codings, as pairs; empty if there is none.
    """

    model: str
    num_faces: int
    agreement: Mapping[str, float]
    best: Coding | None = None
    objection: str = ""
    other: str = ""

    @property
    def figures(self) -> str:
        """The best codings with their agreement: ``rafdb 64%, fer2013-from-1 31%``."""
        best = list(self.agreement.items())[:2]
        return (
            ", ".join(f"{name} {percent(share, 0)}" for name, share in best) + f" of {counted(self.num_faces, 'face')}"
        )


def weigh(given: Sequence[str], answers: Sequence[str], candidates: Sequence[Coding], model: str) -> Evidence:
    """Compare codings by the faces on which a model agrees with them.

    Args:
        given: code of each face.
        answers: predicted expression of each face.
        candidates: the codings, which all have these codes.
        model: name of the model.
    """
    known = sorted(set(given), key=int)
    counts = np.zeros((len(known), len(emotions.ALL_EMOTIONS)), np.int64)  # (codes, answers)
    for code, answer in zip(given, answers, strict=True):
        if answer in emotions.ALL_EMOTIONS:
            counts[known.index(code), emotions.ALL_EMOTIONS.index(answer)] += 1
    orders = {
        coding.name: np.array([emotions.ALL_EMOTIONS.index(coding.classes[code]) for code in known])
        for coding in candidates
    }
    num = max(1, len(given))
    ranked = sorted(candidates, key=lambda coding: -_agreeing(counts, orders[coding.name]))
    agreement = {coding.name: _agreeing(counts, orders[coding.name]) / num for coding in ranked}
    found = Evidence(model, len(given), agreement)
    order = _best_order(counts)
    share = _agreeing(counts, order) / num
    if share >= MIN_AGREEMENT and _leads(counts, order, orders[ranked[0].name], MIN_LEAD_OF_ORDER * num):
        other = ",".join(f"{code}={emotions.ALL_EMOTIONS[place]}" for code, place in zip(known, order, strict=True))
        objection = f"it agrees better ({share:.0%}) with an order that is none of these, {other}"
    else:
        other, objection = "", _objection(counts, [orders[coding.name] for coding in ranked], num)
    if objection:
        message = f"The model '{model}' can't tell ({found.figures}): {objection}."
        return replace(found, objection=message, other=other)
    return replace(found, best=ranked[0])


def _agreeing(counts: NDArray[np.int64], order: NDArray[np.int64]) -> int:
    return int(counts[np.arange(len(order)), order].sum())


def _objection(counts: NDArray[np.int64], ranked: Sequence[NDArray[np.int64]], num: int) -> str:
    """The reason why the best of ranked orders of the known codes can't be used; empty if it can."""
    best = ranked[0]
    if _agreeing(counts, best) < MIN_AGREEMENT * num:
        return "it agrees with none of them often enough"
    if not all(_leads(counts, best, other, MIN_LEAD * num) for other in ranked[1:]):
        return "they are too near to each other for so few faces"
    return ""


def _leads(counts: NDArray[np.int64], one: NDArray[np.int64], other: NDArray[np.int64], margin: float) -> bool:
    """Whether one order agrees on more faces than another, by a margin and significantly."""
    differing = one != other
    codes = np.flatnonzero(differing)
    wins, losses = int(counts[codes, one[codes]].sum()), int(counts[codes, other[codes]].sum())
    return wins - losses >= margin and wins > losses and _sign_test(wins, losses) <= ALPHA


def _sign_test(wins: int, losses: int) -> float:
    """The probability of at least this many wins by chance."""
    num = wins + losses
    return math.fsum(math.comb(num, won) / 2**num for won in range(wins, num + 1))


def _best_order(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The order of distinct expressions, known as a coding or not, that agrees on most faces."""
    num_codes = len(counts)
    num_classes = max(num_codes, len(emotions.EMOTIONS))
    orders = np.array(list(permutations(range(num_classes), num_codes)), np.int64)  # at most 8! rows
    best: NDArray[np.int64] = orders[counts[np.arange(num_codes), orders].sum(1).argmax()]
    return best
