"""Whether a model doubts where people doubt: its probabilities beside the votes of people on the same faces.

FER+ (Barsoum et al., Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label Distribution, ICMI 2016) has ten
votes for each picture of FER2013. Votes for classes that the model doesn't know are not counted, nor are faces without any other vote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import DataError
from mien.evaluation import metrics, predictions
from mien.evaluation.metrics import Interval

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Upper ends of the levels of agreement: the majority's share of a face's votes."""

FEWEST = 3
"""Fewest faces with votes that correlations are computed for."""


@dataclass(frozen=True)
class Level:
    """Faces on which people agree alike.

    Attributes:
        above, most: the ends of the majority's share; the lower one belongs to the level below, unless it is 0.
        n: faces.
        confidence: the model's mean confidence on them.
        accuracy: share of them that it reads as the voters' majority, ties left out; NaN where all are tied.
        interval: its 95% Wilson interval.
    """

    above: float
    most: float
    n: int
    confidence: float
    accuracy: float
    interval: Interval


@dataclass(frozen=True)
class Agreement:
    """A model beside voters.

    Attributes:
        n: faces with a vote for a class that the model knows.
        num_tied: of these, faces where several classes share the most votes; they have no majority and don't count below.
        against_majority: share of the rest that the model reads as the majority, and its 95% Wilson interval.
        against_labels: share of the same rows that it reads as labelled, and its interval.
        nearer_people: 95% interval of the first share less the second, paired, as both are of the same rows.
        labels_right: share of the same rows whose label is the majority, and its interval.
        spearman, pearson: correlations of the model's entropy with the voters', each with a 95% bootstrap interval; None where
            either entropy is the same on all faces, or there are too few of them.
        distance: mean Jensen-Shannon distance between votes and probabilities (square root of the divergence in bits, 0 to 1).
        label_distance: the same between votes and the bare label.
        cross_entropy: mean cross-entropy of the probabilities under the votes, in nats.
        vote_entropy: mean entropy of the votes, in nats: what the cross-entropy would be for a perfect copy of the voters.
        model_entropy: mean entropy of the probabilities, in nats.
        levels: by agreement of the voters, levels without a face left out.
    """

    n: int
    num_tied: int
    against_majority: tuple[float, Interval]
    against_labels: tuple[float, Interval]
    nearer_people: Interval
    labels_right: tuple[float, Interval]
    spearman: tuple[float, Interval] | None
    pearson: tuple[float, Interval] | None
    distance: float
    label_distance: float
    cross_entropy: float
    vote_entropy: float
    model_entropy: float
    levels: tuple[Level, ...]

    def to_dict(self) -> dict[str, Any]:
        """All figures, fit for JSON."""

        def told(value: tuple[float, Interval] | None) -> dict[str, Any] | None:
            return None if value is None else {"value": _known(value[0]), "interval": [*map(_known, value[1])]}

        return {
            "n": self.n,
            "num_tied": self.num_tied,
            "accuracy_against_majority": told(self.against_majority),
            "accuracy_against_labels": told(self.against_labels),
            "majority_less_labels_interval": [*map(_known, self.nearer_people)],
            "labels_against_majority": told(self.labels_right),
            "entropy_spearman": told(self.spearman),
            "entropy_pearson": told(self.pearson),
            "js_distance": self.distance,
            "label_js_distance": self.label_distance,
            "cross_entropy": self.cross_entropy,
            "vote_entropy": self.vote_entropy,
            "model_entropy": self.model_entropy,
            "levels": [
                {
                    "above": level.above,
                    "most": level.most,
                    "n": level.n,
                    "confidence": level.confidence,
                    "accuracy": _known(level.accuracy),
                    "interval": [*map(_known, level.interval)],
                }
                for level in self.levels
            ],
        }


def compare(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], votes: NDArray[np.float32] | None
) -> Agreement | None:
    """Put a model beside voters.

    Args:
        labels: ``(N,)``.
        probabilities: ``(N, K)``.
        votes: ``(N, K)`` how many people chose each class, or None.

    Returns:
        None where nobody voted for any of the classes.

    Raises:
        ArgumentError: labels or probabilities are no numbers.
        DataError: the arrays don't fit one another, or a row of probabilities doesn't sum to 1.
    """
    labels, probabilities = predictions.check(labels, probabilities)
    if votes is not None and votes.shape != probabilities.shape:
        raise DataError(f"Votes must have shape {probabilities.shape}, as the probabilities have, not {votes.shape}.")
    voted = np.zeros(len(labels), bool) if votes is None else votes.sum(1) > 0
    if votes is None or not voted.any():
        return None
    labels, counts = labels[voted], votes[voted].astype(np.float64)
    shares = counts / counts.sum(1, keepdims=True)
    p = probabilities[voted].astype(np.float64)
    p /= p.sum(1, keepdims=True)
    top, has_one = majority(counts)
    doubt, their_doubt = entropy(p), entropy(shares)
    spearman, pearson = correlations(doubt, their_doubt)
    return Agreement(
        n=len(labels),
        num_tied=int((~has_one).sum()),
        against_majority=_share((p.argmax(1) == top)[has_one]),
        against_labels=_share((p.argmax(1) == labels)[has_one]),
        nearer_people=_difference((p.argmax(1) == top)[has_one], (p.argmax(1) == labels)[has_one]),
        labels_right=_share((labels == top)[has_one]),
        spearman=spearman,
        pearson=pearson,
        distance=float(js_distance(shares, p).mean()),
        label_distance=float(js_distance(shares, np.eye(p.shape[1])[labels]).mean()),
        cross_entropy=float(-(shares * np.log(np.maximum(p, 1e-12))).sum(1).mean()),
        vote_entropy=float(their_doubt.mean()),
        model_entropy=float(doubt.mean()),
        levels=tuple(_levels(p, shares.max(1), top, has_one)),
    )


def majority(votes: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The class ``(N,)`` with most of the votes ``(N, K)``, and which rows ``(N,)`` have one: not those without votes, nor ties."""
    most = votes.max(1, keepdims=True)
    return votes.argmax(1), ((votes == most).sum(1) == 1) & (most[:, 0] > 0)


def entropy(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(N,)`` entropy of each row of ``(N, K)`` shares, in nats."""
    from scipy.special import entr  # scikit-learn brings SciPy

    nats: NDArray[np.float64] = entr(shares).sum(1)
    return nats


def js_distance(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(N,)`` square root of the Jensen-Shannon divergence in bits, row by row: a metric from 0 to 1 (Endres and Schindelin, 2003)."""
    from scipy.spatial.distance import jensenshannon

    distances: NDArray[np.float64] = np.nan_to_num(jensenshannon(p, q, base=2, axis=1))  # the same shares may give -0
    return distances


def correlations(
    a: NDArray[np.float64], b: NDArray[np.float64], num_draws: int = 1000, seed: int = 0
) -> tuple[tuple[float, Interval] | None, tuple[float, Interval] | None]:
    """Spearman's and Pearson's correlation, each with a 95% percentile bootstrap interval over rows; None where undefined."""
    from scipy.stats import rankdata  # scikit-learn brings SciPy

    if len(a) < FEWEST or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None, None
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(a), size=(num_draws, len(a)))
    found = []
    for values in (rankdata, np.asarray):  # Spearman's is Pearson's of the ranks
        with np.errstate(invalid="ignore"):  # a draw may hold one face only, again and again
            drawn = np.array([_pearson(values(a[rows]), values(b[rows])) for rows in draws])
        low, high = np.nanpercentile(drawn, [2.5, 97.5])
        own = min(1.0, max(-1.0, _pearson(values(a), values(b))))
        found.append((own, (min(own, max(-1.0, float(low))), max(own, min(1.0, float(high))))))
    return found[0], found[1]


def _pearson(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    x, y = x - x.mean(), y - y.mean()
    return float((x @ y) / np.sqrt((x @ x) * (y @ y)))


def _levels(
    p: NDArray[np.float64], agreement: NDArray[np.float64], majority: NDArray[np.int64], has_one: NDArray[np.bool_]
) -> list[Level]:
    found = []
    for low, high in zip((0.0, *LEVELS[:-1]), LEVELS, strict=True):
        there = (agreement > low + 1e-9) & (agreement <= high + 1e-9)
        if there.any():
            accuracy, interval = _share((p.argmax(1) == majority)[there & has_one])
            found.append(Level(low, high, int(there.sum()), float(p[there].max(1).mean()), accuracy, interval))
    return found


def _share(hits: NDArray[np.bool_]) -> tuple[float, Interval]:
    """A share with its Wilson interval; NaN and the whole range where there is no row."""
    if not len(hits):
        return float("nan"), (0.0, 1.0)
    return float(hits.mean()), metrics.wilson(int(hits.sum()), len(hits))


def _difference(hits: NDArray[np.bool_], others: NDArray[np.bool_]) -> Interval:
    """The 95% interval of the difference of two shares of the same rows; the whole range where there are too few rows."""
    if len(hits) < 2:
        return -1.0, 1.0
    differences = hits.astype(np.float64) - others
    low, high = metrics.mean_interval(differences, lowest=-1.0) or (-1.0, 1.0)
    if not differences.any():  # never seen apart: rule of three
        return -3 / len(hits), 3 / len(hits)
    return low, min(1.0, high)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
