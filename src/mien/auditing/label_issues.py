"""Label issues: rows whose label is unlikely according to out-of-sample probabilities (confident learning, by cleanlab).

C. G. Northcutt, L. Jiang and I. L. Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", Journal of Artificial
Intelligence Research 70, 2021. The probabilities are those of a given model on rows that it wasn't trained on, or those of a
small classifier that is fitted here by cross-validation.

The small classifier is a ridge regression on responses to random patches of the faces, whitened, rectified and pooled: A. Coates
and A. Y. Ng, "The Importance of Encoding Versus Training with Sparse Coding and Vector Quantization", ICML 2011. It needs no
deep-learning framework and takes 15 seconds of processor time for FER2013; its accuracy is low.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mien import images
from mien.data import identity
from mien.data.duplicates import Copies
from mien.data.faceset import UNLABELLED, FaceSet
from mien.errors import MissingExtraError
from mien.evaluation.holdout import training_rows
from mien.inference.classifier import Classifier

NUM_FOLDS = 5
MIN_ROWS = 50
"""Minimum number of labelled rows; with fewer, no labels are checked."""

SIDE, PATCH, STRIDE, GRID = 48, 6, 2, 4
"""Of the small classifier: side of the faces, side and stride of the patches (pixels), and pooling cells per side."""

NUM_PATCHES = 64
_THRESHOLD = 0.25  # of the rectifier: smaller responses are noise
_RIDGE = 0.05  # penalty per row, for features with standard deviation 1
_BLOCK = 16  # faces whose responses are computed at the same time: so few stay in the processor's cache


@dataclass(frozen=True, eq=False)
class LabelIssues:
    """Label issues and the out-of-sample probabilities behind them.

    Attributes:
        judge: name of the model, or ``""`` for the cross-validated small classifier.
        judged: ``(J,)`` indices of the checked rows.
        probabilities: ``(J, K)`` class probabilities of the checked rows.
        rows: ``(S,)`` indices of the rows with label issues, most likely first.
        num_learned: number of labelled rows that the model was trained on, or duplicates of them; they are not checked.
        knows_training: whether the training rows of the model are known.
    """

    judge: str
    judged: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    rows: NDArray[np.int64]
    num_learned: int = 0
    knows_training: bool = True

    @property
    def judge_name(self) -> str:
        """What checked the labels, in words."""
        return self.judge or f"{NUM_FOLDS} folds of a small classifier"

    def of(self, row: int) -> NDArray[np.float64]:
        """The probabilities ``(K,)`` of a checked row."""
        (found,) = np.flatnonzero(self.judged == row)
        return np.asarray(self.probabilities[found])


def find(
    faceset: FaceSet, copies: Copies, usable: NDArray[np.bool_], classifier: Classifier | None = None
) -> LabelIssues:
    """Find label issues.

    Args:
        faceset: the data.
        copies: duplicates of its rows; they are in the same fold, and duplicates of the model's training rows are not checked.
        usable: ``(N,)`` mask of the rows to check, such as those that aren't blank.
        classifier: the model; None fits the small classifier by cross-validation.

    Raises:
        DataError: rows have a class that the model doesn't have.
        MissingExtraError: scikit-learn or cleanlab isn't installed.
    """
    labelled = np.flatnonzero(usable & (faceset.labels != UNLABELLED))
    if classifier is None:
        probabilities = np.empty((0, len(faceset.classes)))
        if len(labelled) < MIN_ROWS or len(np.unique(faceset.labels[labelled])) < 2:
            labelled = labelled[:0]
        else:
            probabilities = out_of_fold(faceset.images[labelled], faceset.labels[labelled], copies.groups[labelled])
            probabilities = _widened(probabilities, np.unique(faceset.labels[labelled]), len(faceset.classes))
        return LabelIssues("", labelled, probabilities, labelled[_issues(faceset.labels[labelled], probabilities)])
    learned, is_known = learned_rows(classifier, faceset)
    judged = labelled[~np.isin(copies.groups[labelled], copies.groups[learned])]
    probabilities = _by_model(classifier, faceset.select(judged))
    rows = judged[_issues(faceset.labels[judged], probabilities)]
    return LabelIssues(classifier.name, judged, probabilities, rows, len(labelled) - len(judged), is_known)


def learned_rows(classifier: Classifier, faceset: FaceSet) -> tuple[NDArray[np.int64], bool]:
    """Indices of the rows that a model was trained on, and whether this is known."""
    if classifier.seen is not None:
        learned, _ = classifier.seen.find(faceset.resized(classifier.spec.size).images)
        return np.flatnonzero(learned), True
    train = training_rows(classifier, faceset)
    if train is None:
        return np.empty(0, np.int64), False
    of_train = faceset.splits == "train"
    return np.flatnonzero(of_train & identity.are_in(faceset.images, train.images)), True


def out_of_fold(
    faces: NDArray[np.uint8], labels: NDArray[np.int64], groups: NDArray[np.int64], seed: int = 0
) -> NDArray[np.float64]:
    """Cross-validated probabilities of the small classifier.

    Args:
        faces: ``(N, H, W)`` ``uint8``.
        labels: ``(N,)``.
        groups: ``(N,)`` group numbers; rows of one group are in one fold.
        seed: seed of the patches and the folds.

    Returns:
        ``(N, C)``, for the classes that occur, in the order of their codes; each row sums to 1.
    """
    x = patch_features(faces, seed)  # (N, F)
    targets = (labels[:, None] == np.unique(labels)).astype(np.float32)  # (N, C)
    shares = targets.mean(0)
    fold_of_group = np.random.default_rng(seed).integers(0, NUM_FOLDS, int(groups.max()) + 1)
    folds = fold_of_group[groups]
    fit = _ridge_of_few if len(x) <= x.shape[1] else _ridge_of_many
    scores = fit(x, targets - shares, folds) + shares
    return _calibrated(scores.astype(np.float64), targets.argmax(1))


def _ridge_of_many(
    x: NDArray[np.float32], targets: NDArray[np.float32], folds: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Cross-validated scores ``(N, C)`` of a ridge regression, from the products of features ``(F, F)``."""
    scores = np.empty(targets.shape, np.float32)
    gram, products = x.T @ x, x.T @ targets
    for fold in range(NUM_FOLDS):
        held = folds == fold
        own = x[held]  # the fold is subtracted from the sums over all rows, which are computed once
        penalty = np.float32(_RIDGE * (len(x) - len(own) + 1)) * np.eye(x.shape[1], dtype=np.float32)
        scores[held] = own @ np.linalg.solve(gram - own.T @ own + penalty, products - own.T @ targets[held])
    return scores


def _ridge_of_few(
    x: NDArray[np.float32], targets: NDArray[np.float32], folds: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The same from the products of rows ``(N, N)``, for fewer rows than features."""
    scores = np.empty(targets.shape, np.float32)
    kernel = x @ x.T
    for fold in range(NUM_FOLDS):
        held, others = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        penalty = np.float32(_RIDGE * (len(others) + 1)) * np.eye(len(others), dtype=np.float32)
        weights = np.linalg.solve(kernel[np.ix_(others, others)] + penalty, targets[others])
        scores[held] = kernel[np.ix_(held, others)] @ weights
    return scores


def patch_features(faces: NDArray[np.uint8], seed: int = 0) -> NDArray[np.float32]:
    """Pooled responses to random patches, ``(N, 2 * NUM_PATCHES * GRID ** 2)``; features have mean 0 and deviation about 1."""
    small = images.resize_faces(faces, (SIDE, SIDE))
    windows = np.lib.stride_tricks.sliding_window_view(small, (PATCH, PATCH), axis=(1, 2))  # (N, 43, 43, 6, 6)
    mean, filters = _filters(windows, np.random.default_rng(seed))
    windows = windows[:, ::STRIDE, ::STRIDE]
    num = windows.shape[1]
    edges = np.linspace(0, num, GRID + 1).astype(int).tolist()
    features = np.empty((len(faces), 2 * NUM_PATCHES * GRID**2), np.float32)
    for start in range(0, len(faces), _BLOCK):
        block = windows[start : start + _BLOCK]
        # One product per line of patches: BLAS would divide larger ones among threads, which wait for each other most of the time.
        lines = (_normalised(block) - mean).reshape(-1, num, PATCH * PATCH)
        responses = (lines @ filters).reshape(len(block), num, num, NUM_PATCHES)
        both = np.concatenate([responses, -responses], -1)
        both -= np.float32(_THRESHOLD)
        np.maximum(both, 0, out=both)
        pooled = _sums(_sums(both, edges).swapaxes(1, 2), edges).swapaxes(1, 2)
        features[start : start + _BLOCK] = np.sqrt(pooled.reshape(len(block), -1))
    features -= features.mean(0)
    features /= features.std(0) + np.float32(0.1)
    return features


def _sums(maps: NDArray[np.float32], edges: Sequence[int]) -> NDArray[np.float32]:
    """The sums of ``(N, H, W, C)`` between edges of the second axis: those of ``np.add.reduceat`` to the bit, many times as fast."""
    return np.stack([maps[:, start] + maps[:, start + 1 : end].sum(1) for start, end in pairwise(edges)], 1)


def _filters(
    windows: NDArray[np.uint8], rng: np.random.Generator, num_drawn: int = 40_000
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The mean patch ``(36,)``, and the filters ``(36, NUM_PATCHES)``, including whitening."""
    place = [rng.integers(0, length, num_drawn) for length in windows.shape[:3]]
    patches = _normalised(windows[place[0], place[1], place[2]])
    mean = patches.mean(0)
    values, vectors = np.linalg.eigh(np.cov((patches - mean).T))
    whitening = ((vectors / np.sqrt(values + 0.1)) @ vectors.T).astype(np.float32)
    chosen = (patches[:NUM_PATCHES] - mean) @ whitening
    chosen /= np.maximum(np.linalg.norm(chosen, axis=1, keepdims=True), 1e-6)
    return mean, np.asarray(whitening @ chosen.T, np.float32)


def _normalised(patches: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Patches ``(..., 6, 6)`` as rows ``(M, 36)`` with mean 0 and deviation about 1 (less for patches of low contrast)."""
    rows = patches.reshape(-1, PATCH * PATCH).astype(np.float32)
    rows -= rows.mean(1, keepdims=True)
    rows /= np.sqrt(np.square(rows).mean(1, keepdims=True) + np.float32(10))
    return rows


def _calibrated(scores: NDArray[np.float64], codes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Softmax of scores ``(N, C)`` times the factor with the lowest log-loss (temperature scaling)."""
    try:
        from scipy.optimize import minimize_scalar
        from scipy.special import log_softmax
    except ImportError:
        raise MissingExtraError("scikit-learn", "report") from None
    rows = np.arange(len(codes))

    def loss(log_factor: float) -> float:
        return -float(log_softmax(scores * np.exp(log_factor), 1)[rows, codes].mean())

    factor = np.exp(minimize_scalar(loss, bounds=(-2, 4), method="bounded").x)
    return np.asarray(np.exp(log_softmax(scores * factor, 1)))


def _by_model(classifier: Classifier, rows: FaceSet) -> NDArray[np.float64]:
    """A model's probabilities ``(J, K)`` for the data's classes."""
    rows.to_classes(classifier.spec.classes)  # raises an error for unknown classes
    known = [name for name in rows.classes if name in classifier.spec.classes]
    probabilities = classifier.probabilities(rows.images).astype(np.float64) + 1e-12  # a row must not sum to 0
    probabilities = probabilities[:, [classifier.spec.classes.index(name) for name in known]]
    codes = np.array([rows.classes.index(name) for name in known])
    return _widened(probabilities / probabilities.sum(1, keepdims=True), codes, len(rows.classes))


def _widened(probabilities: NDArray[np.float64], codes: NDArray[np.int64], num: int) -> NDArray[np.float64]:
    wide = np.zeros((len(probabilities), num))
    wide[:, codes] = probabilities
    return wide


def _issues(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    """Positions of label issues, lowest probability of the label first."""
    present = np.unique(labels)
    if len(present) < 2:
        return np.empty(0, np.int64)
    try:
        with warnings.catch_warnings():  # without ipywidgets, its bars warn in a notebook; they aren't used
            warnings.filterwarnings("ignore", message="IProgress not found")
            from cleanlab.filter import find_label_issues
    except ImportError:
        raise MissingExtraError("cleanlab", "report") from None
    shares = probabilities[:, present] + 1e-9  # cleanlab needs every class to occur
    found = find_label_issues(
        np.searchsorted(present, labels),
        shares / shares.sum(1, keepdims=True),
        return_indices_ranked_by="self_confidence",
        n_jobs=1,
    )
    return np.asarray(found, np.int64)
