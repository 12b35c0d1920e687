"""Agreement of a model with human annotators: its probabilities compared with the votes on the same faces.

FER+ (Barsoum et al., Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label Distribution, ICMI 2016) has ten
votes for each image of FER2013. Votes for classes that the model doesn't have are ignored, as are faces with only such votes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import DataError
from mien.evaluation import metrics, predictions
from mien.evaluation.metrics import Interval, Score
from mien.typed_json import JsonObject

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Upper bounds of the levels of agreement, the share of the most frequent vote of a face."""

FEWEST = 3
"""Minimum number of faces with votes for correlations."""


@dataclass(frozen=True)
class Level:
    """Faces with a similar agreement of the annotators.

    Attributes:
        above, most: bounds of the majority's share, ``above < share <= most``.
        n: number of faces.
        confidence: the model's mean confidence on them.
        accuracy: share on which the prediction is the majority vote, without ties; NaN if all are tied.
        interval: 95% Wilson interval of the accuracy.
    """

    above: float
    most: float
    n: int
    confidence: float
    accuracy: float
    interval: Interval


@dataclass(frozen=True)
class Agreement:
    """Agreement of a model with annotators.

    Attributes:
        n: number of faces with a vote for a class of the model.
        num_tied: faces on which several classes have the most votes; they have no majority.
        against_majority: share of the faces without a tie on which the prediction is the majority vote, with 95% Wilson interval.
        against_labels: share of the same faces on which the prediction is the label, with interval.
        nearer_people: 95% interval of the paired difference, ``against_majority - against_labels``.
        labels_right: share of the same faces on which the label is the majority vote, with interval.
        spearman, pearson: correlations of the entropies of probabilities and votes, with 95% bootstrap intervals; None if an
            entropy is constant or there are too few faces.
        distance: mean Jensen-Shannon distance between votes and probabilities (square root of the divergence in bits, 0 to 1).
        label_distance: the same between votes and one-hot labels.
        cross_entropy: mean cross-entropy of the probabilities under the votes, in nats.
        vote_entropy: mean entropy of the votes, in nats, the minimum of the cross-entropy.
        model_entropy: mean entropy of the probabilities, in nats.
        levels: results by agreement of the annotators, without empty levels.
    """

    n: int
    num_tied: int
    against_majority: Score
    against_labels: Score
    nearer_people: Interval
    labels_right: Score
    spearman: Score | None
    pearson: Score | None
    distance: float
    label_distance: float
    cross_entropy: float
    vote_entropy: float
    model_entropy: float
    levels: tuple[Level, ...]

    def to_dict(self) -> JsonObject:
        """A dictionary for JSON."""

        def bounded(score: Score | None) -> JsonObject | None:
            if score is None:
                return None
            return {"value": _known(score.value), "interval": [*map(_known, score.interval)]}

        return {
            "n": self.n,
            "num_tied": self.num_tied,
            "accuracy_against_majority": bounded(self.against_majority),
            "accuracy_against_labels": bounded(self.against_labels),
            "majority_less_labels_interval": [*map(_known, self.nearer_people)],
            "labels_against_majority": bounded(self.labels_right),
            "entropy_spearman": bounded(self.spearman),
            "entropy_pearson": bounded(self.pearson),
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
    """Compare a model with annotators.

    Args:
        labels: ``(N,)``.
        probabilities: ``(N, K)``.
        votes: ``(N, K)`` number of votes for each class, or None.

    Returns:
        The agreement; None if there are no votes for these classes.

    Raises:
        ArgumentError: labels or probabilities aren't numbers.
        DataError: shapes don't match, or a row of probabilities doesn't sum to 1.
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
    model_entropy, vote_entropy = entropy(p), entropy(shares)
    spearman, pearson = correlations(model_entropy, vote_entropy)
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
        vote_entropy=float(vote_entropy.mean()),
        model_entropy=float(model_entropy.mean()),
        levels=tuple(_levels(p, shares.max(1), top, has_one)),
    )


def majority(votes: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The class ``(N,)`` with most of the votes ``(N, K)``, and a mask ``(N,)`` of the rows with votes and without a tie."""
    most = votes.max(1, keepdims=True)
    return votes.argmax(1), ((votes == most).sum(1) == 1) & (most[:, 0] > 0)


def entropy(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropy ``(N,)`` of each row of shares ``(N, K)``, in nats."""
    from scipy.special import entr  # scikit-learn brings SciPy

    nats: NDArray[np.float64] = entr(shares).sum(1)
    return nats


def js_distance(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Jensen-Shannon distance ``(N,)`` of rows: square root of the divergence in bits, 0 to 1 (Endres and Schindelin, 2003)."""
    from scipy.spatial.distance import jensenshannon

    distances: NDArray[np.float64] = np.nan_to_num(jensenshannon(p, q, base=2, axis=1))  # identical shares may give -0
    return distances


def correlations(
    a: NDArray[np.float64], b: NDArray[np.float64], num_draws: int = 1000, seed: int = 0
) -> tuple[Score | None, Score | None]:
    """Spearman's and Pearson's correlation, each with a 95% percentile bootstrap interval over rows; None where undefined."""
    from scipy.stats import rankdata  # scikit-learn brings SciPy

    if len(a) < FEWEST or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None, None
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(a), size=(num_draws, len(a)))
    found = []
    for values in (rankdata, np.asarray):  # Spearman's correlation is Pearson's correlation of the ranks
        with np.errstate(invalid="ignore"):  # all rows of a draw may be the same face
            drawn = np.array([_pearson(values(a[rows]), values(b[rows])) for rows in draws])
        low, high = np.nanpercentile(drawn, [2.5, 97.5])
        own = min(1.0, max(-1.0, _pearson(values(a), values(b))))
        found.append(Score(own, min(own, max(-1.0, float(low))), max(own, min(1.0, float(high)))))
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
            score = _share((p.argmax(1) == majority)[there & has_one])
            confidence = float(p[there].max(1).mean())
            found.append(Level(low, high, int(there.sum()), confidence, score.value, score.interval))
    return found


def _share(hits: NDArray[np.bool_]) -> Score:
    """A share with its Wilson interval; NaN and 0 to 1 if there is no row."""
    if not len(hits):
        return Score(float("nan"), 0.0, 1.0)
    return Score(float(hits.mean()), *metrics.wilson(int(hits.sum()), len(hits)))


def _difference(hits: NDArray[np.bool_], others: NDArray[np.bool_]) -> Interval:
    """95% interval of the paired difference of two shares of the same rows; -1 to 1 if there are too few rows."""
    if len(hits) < 2:
        return -1.0, 1.0
    differences = hits.astype(np.float64) - others
    low, high = metrics.mean_interval(differences, lowest=-1.0) or (-1.0, 1.0)
    if not differences.any():  # no row differs: rule of three
        return -3 / len(hits), 3 / len(hits)
    return low, min(1.0, high)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
