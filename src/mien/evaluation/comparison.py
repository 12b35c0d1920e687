"""Ways to train or to answer, compared on the same rows: means over seeds, and paired differences with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.evaluation import metrics

NUM_DRAWS = 1000


def compare(
    labels: NDArray[np.int64],
    answers: Mapping[str, Sequence[NDArray[np.int64]]],
    num_classes: int,
    *,
    paired: bool = True,
    seed: int = 0,
) -> dict[str, dict[str, Any]]:
    """Compare ways on the same rows with the first of them.

    An interval is the 95% percentile bootstrap of the mean difference: in each of ``NUM_DRAWS`` draws the rows are drawn anew,
    the same for all ways, and so are the runs, in pairs.

    Args:
        labels: ``(N,)``.
        answers: for each way the answers ``(N,)`` of its runs, in the order of their seeds.
        num_classes: K.
        paired: whether a way's runs belong, one by one, to the first way's, as those of the same seed do; else runs stay.
        seed: of the draws.

    Returns:
        For each way: ``scores``, those of each run; ``mean`` and ``sd`` of each score over the runs (``sd`` None for one run);
        and ``difference``, for each score the mean difference from the first way and its interval, None for the first way.
    """
    codes = {name: np.stack(runs) + labels * num_classes for name, runs in answers.items()}  # (S, N), a cell of K x K
    first = next(iter(codes))
    whole = {name: metrics.scores(metrics.confusions(cells, num_classes)) for name, cells in codes.items()}  # (S, 4)
    drawn = _draws(codes, first, num_classes, paired, seed)
    result: dict[str, dict[str, Any]] = {}
    for name, values in whole.items():
        several = len(values) > 1
        difference = None
        if name != first:
            bounds = np.percentile(drawn[name], [2.5, 97.5], axis=0)  # (2, 4)
            middle = values.mean(0) - whole[first].mean(0)
            difference = {
                score: [float(middle[index]), float(bounds[0, index]), float(bounds[1, index])]
                for index, score in enumerate(metrics.SCORES)
            }
        result[name] = {
            "scores": [_named(run) for run in values],
            "mean": _named(values.mean(0)),
            "sd": _named(values.std(0, ddof=1)) if several else None,
            "difference": difference,
        }
    return result


def _draws(
    codes: Mapping[str, NDArray[np.int64]], first: str, num_classes: int, paired: bool, seed: int
) -> dict[str, NDArray[np.float64]]:
    """For each way but the first, the mean differences ``(NUM_DRAWS, 4)`` from it in rows and runs that are drawn anew."""
    rng = np.random.default_rng(seed)
    names = [name for name in codes if name != first]
    drawn = {name: np.empty((NUM_DRAWS, len(metrics.SCORES))) for name in names}
    num_rows = codes[first].shape[1]
    for draw in range(NUM_DRAWS):
        rows = rng.integers(num_rows, size=num_rows)
        runs = rng.integers(len(codes[first]), size=len(codes[first]))
        base = metrics.scores(metrics.confusions(codes[first][:, rows], num_classes))
        for name in names:
            values = metrics.scores(metrics.confusions(codes[name][:, rows], num_classes))
            drawn[name][draw] = (values[runs] - base[runs]).mean(0) if paired else values.mean(0) - base.mean(0)
    return drawn


def _named(values: NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(metrics.SCORES, map(float, values), strict=True))
