"""Drift: differences between the splits of a data set, with p-values."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from mien.data.faceset import FaceSet
from mien.errors import MissingExtraError
from mien.typed_json import JsonObject

NUM_PERMUTATIONS = 999


@dataclass(frozen=True)
class SplitDrift:
    """Comparison of one split with the reference.

    Attributes:
        split: name of the split.
        rows: number of rows.
        variation: total variation distance of the class shares, 0 to 1.
        classes_p: p-value of the chi-square test of the class counts; None if undefined.
        gray, contrast: mean over the rows of a face's mean gray level and of the standard deviation of its gray levels.
        gray_p, contrast_p: p-values of permutation tests of the differences of these means.
    """

    split: str
    rows: int
    variation: float
    classes_p: float | None
    gray: float
    contrast: float
    gray_p: float | None
    contrast_p: float | None

    def to_dict(self) -> JsonObject:
        """A dictionary for JSON."""
        return asdict(self)


def of_splits(faceset: FaceSet, contrast: NDArray[np.float64]) -> list[SplitDrift]:
    """Compare each split with the first, which is ``train`` if it exists.

    Args:
        faceset: the data.
        contrast: ``(N,)`` standard deviation of each face's gray levels.

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
        # The mean of a random part determines the difference of both means, because the sum of all is 0.
        part = rng.choice(both, len(a), replace=False, shuffle=False).mean()
        num_as_far += abs(part / (1 - share)) >= seen - 1e-12
    return float((1 + num_as_far) / (1 + NUM_PERMUTATIONS))
