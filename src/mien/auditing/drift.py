"""Drift: in what the splits of a data set differ, and whether chance explains it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.data.faceset import FaceSet
from mien.errors import MissingExtraError

NUM_PERMUTATIONS = 999


@dataclass(frozen=True)
class SplitDrift:
    """One split beside the reference.

    Attributes:
        split: its name.
        rows: how many rows it has.
        variation: total variation of the class shares: the share of rows that would need another class, 0 to 1.
        classes_p: chance of class counts at least as different, were both drawn alike (chi-square); None where it can't be said.
        gray, contrast: mean over its rows of a face's mean gray and of the deviation of its grays, in gray levels.
        gray_p, contrast_p: chance of a mean at least as far from the reference's, over random divisions of the rows of both.
    """

    split: str
    rows: int
    variation: float
    classes_p: float | None
    gray: float
    contrast: float
    gray_p: float | None
    contrast_p: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        return asdict(self)


def of_splits(faceset: FaceSet, contrast: NDArray[np.float64]) -> list[SplitDrift]:
    """Each split beside the first one, which is ``train`` where there is one.

    Args:
        faceset: the data.
        contrast: ``(N,)`` the deviation of each face's grays.

    Raises:
        MissingExtraError: scikit-learn, which brings scipy, isn't installed.
    """
    names = faceset.split_names
    grays = np.array([face.mean() for face in faceset.images])
    members = {name: faceset.splits == name for name in names}
    counts = {name: faceset.split(name).counts() for name in names}
    found = []
    for name in names:
        own, reference = members[name], members[names[0]]
        is_other = name != names[0]
        found.append(
            SplitDrift(
                name,
                int(own.sum()),
                _variation(counts[name], counts[names[0]]),
                _classes_p(counts[name], counts[names[0]]) if is_other else None,
                float(grays[own].mean()),
                float(contrast[own].mean()),
                _means_p(grays[own], grays[reference]) if is_other else None,
                _means_p(contrast[own], contrast[reference]) if is_other else None,
            )
        )
    return found


def _variation(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    return float(np.abs(a / max(1, a.sum()) - b / max(1, b.sum())).sum() / 2) if a.sum() and b.sum() else 0.0


def _classes_p(a: NDArray[np.int64], b: NDArray[np.int64]) -> float | None:
    table = np.stack([a, b])[:, (a + b) > 0]
    if table.shape[1] < 2 or not table.sum(1).all():
        return None
    try:
        from scipy.stats import chi2_contingency
    except ImportError:
        raise MissingExtraError("scikit-learn", "report") from None
    return float(chi2_contingency(table).pvalue)


def _means_p(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """A permutation test of the difference of two means, with a fixed seed."""
    rng, both = np.random.default_rng(0), np.concatenate([a, b])
    both = both - both.mean()
    seen = abs(both[: len(a)].mean() - both[len(a) :].mean())
    share = len(a) / len(both)
    num_as_far = 0
    for _ in range(NUM_PERMUTATIONS):
        # The sum of a random part tells the difference of both means, as the sum of all is 0.
        part = rng.choice(both, len(a), replace=False, shuffle=False).mean()
        num_as_far += abs(part / (1 - share)) >= seen - 1e-12
    return float((1 + num_as_far) / (1 + NUM_PERMUTATIONS))
