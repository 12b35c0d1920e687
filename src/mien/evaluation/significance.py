"""Tests of hypotheses on paired answers: McNemar's exact test, and Holm's correction for several of them."""

from __future__ import annotations

from collections.abc import Sequence

from mien.errors import ArgumentError


def mcnemar(only_first: int, only_second: int) -> float:
    """The two-sided p-value of McNemar's exact test (McNemar, Psychometrika 12, 1947).

    If two models are equally accurate, each of the rows that one of them alone predicts correctly is as likely to be the one's as the
    other's. The test takes rows as independent of one another.

    Args:
        only_first, only_second: rows that only the first, or only the second, predicts correctly.

    Raises:
        ArgumentError: a count is negative.
    """
    from scipy.stats import binomtest  # scikit-learn brings SciPy

    if min(only_first, only_second) < 0:
        raise ArgumentError(f"Counts of rows must be 0 or more, not {only_first} and {only_second}.")
    num = only_first + only_second
    return float(binomtest(only_first, num, 0.5).pvalue) if num else 1.0


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """P-values corrected for their number, in the order given (Holm, Scandinavian Journal of Statistics 6, 1979).

    Those below 0.05 reject together: the chance that any of them rejects a true hypothesis is at most 0.05.
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    corrected, highest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = highest
    return tuple(corrected)
