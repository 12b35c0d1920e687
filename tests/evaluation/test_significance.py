from __future__ import annotations

import pytest

from mien.errors import ArgumentError
from mien.evaluation import significance


@pytest.mark.parametrize(
    ("only_first", "only_second", "p_value"),
    [(0, 0, 1.0), (5, 5, 1.0), (0, 6, 2 / 2**6), (1, 7, 2 * (1 + 8) / 2**8), (7, 1, 2 * (1 + 8) / 2**8)],
)
def test_mcnemar_is_twice_the_binomial_tail(only_first: int, only_second: int, p_value: float) -> None:
    assert significance.mcnemar(only_first, only_second) == pytest.approx(p_value)


def test_mcnemar_refuses_negative_counts() -> None:
    with pytest.raises(ArgumentError, match="0 or more"):
        significance.mcnemar(-1, 2)


def test_holm_multiplies_by_what_is_left_and_never_falls() -> None:
    assert significance.holm([0.04, 0.01, 0.03]) == pytest.approx((0.06, 0.03, 0.06))
    assert significance.holm([0.9, 0.8]) == (1.0, 1.0)
    assert significance.holm([0.02]) == (0.02,)
    assert significance.holm([]) == ()
