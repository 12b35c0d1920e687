"""An estimator of scikit-learn that adapts a model of mien: for cross-validation, grid search and scikit-learn's displays."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.checks import fits
from mien.data.faceset import FaceSet
from mien.errors import ArgumentError, DataError, EstimatorError, ModelFileError
from mien.evaluation.evaluation import Evaluation
from mien.extras import needed
from mien.inference.classifier import Classifier

with needed("adapt"):
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data

    from mien.training import adapt

WHITE = 255
"""The highest pixel value."""


@contextmanager
def _value_errors() -> Iterator[None]:
    """Errors of data and arguments as the ValueErrors that scikit-learn expects."""
    try:
        yield
    except (ArgumentError, DataError, ModelFileError) as error:
        raise EstimatorError(str(error)) from None


class ExpressionClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """Adapt a model to labelled faces: fit a new last layer on its features, as ``mien.adapt`` does.

    Faces are ``(N, H, W)``, or flat ``(N, H * W)``: whole numbers from 0 to 255, or floats, either from 0 to 255 or fractions from
    0 to 1, in the same range for ``fit`` and ``predict``.

    Args:
        model: name of a pretrained model, path of a model file, or a loaded model.
        penalty: weight of the squared weights of the layer beside the mean cross-entropy; None chooses it by cross-validation,
            which takes about ten times as long.
        shape: height and width of flat faces, as for ``numpy.reshape``: one of them may be -1; None for square faces.
        seed: of the division into folds.

    Attributes:
        classes_: ``(K,)`` the labels, sorted.
        classifier_: the adapted model; ``classifier_.content`` is its model file, with the names of the labels.
        evaluation_: its scores by out-of-fold predictions.
        scale_: factor of floats to 0 to 255: 255 if those of ``fit`` were fractions from 0 to 1, else 1.
        n_features_in_: number of pixels of a flat face; only after a fit on flat faces.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | Classifier = "base",
        *,
        penalty: float | None = None,
        shape: tuple[int, int] | None = None,
        seed: int = 0,
    ) -> None:
        self.model = model
        self.penalty = penalty
        self.shape = shape
        self.seed = seed

    def fit(self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None) -> Self:  # noqa: N803 # scikit-learn's name
        """Adapt the model.

        Args:
            X: the faces.
            y: ``(N,)`` the labels: texts or whole numbers.
            groups: ``(N,)`` the person on each face; the faces of a person stay in one fold. None if unknown.

        Raises:
            EstimatorError: faces, labels or parameters don't fit, or are too few.
        """
        values, labels = validate_data(
            self, X, y, allow_nd=True, dtype="numeric", ensure_min_samples=adapt.MIN_FACES, ensure_min_features=2
        )
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if values.ndim == 3:
            del self.n_features_in_  # scikit-learn takes the height for it
        self.scale_ = _scale(values)
        names = tuple(map(str, self.classes_.tolist()))
        with _value_errors():
            faces = FaceSet.from_arrays(self._faces(values), codes, names)
            if groups is not None:
                faces = _of_persons(faces, groups)
            model = self.model if isinstance(self.model, Classifier) else Classifier.load(self.model)
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "model.onnx"
                adapted = adapt.adapt(model, faces, path, seed=self.seed, penalty=self.penalty)
                name = f"{model.name}, adapted"
                self.classifier_ = Classifier.of_content(path.read_bytes(), name, name, 0, "argmax")
        self.evaluation_: Evaluation = adapted.evaluation
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float32]:  # noqa: N803
        """``(N, K)`` the calibrated probabilities of ``classes_``.

        Raises:
            NotFittedError: the estimator is not fitted.
            EstimatorError: the faces don't fit.
        """
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, allow_nd=True, dtype="numeric")
        with _value_errors():
            return self.classifier_.probabilities(self._faces(values))

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """``(N,)`` the most probable label of each face; errors as for ``predict_proba``."""
        places = self.predict_proba(X).argmax(1)
        predicted: NDArray[Any] = self.classes_[places]
        return predicted

    def _faces(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """``(N, H, W)`` the pixels of validated input."""
        if values.ndim == 2:
            values = values.reshape(len(values), *self._shape_of(values.shape[1]))
        if values.ndim != 3:
            raise EstimatorError(f"Faces must be of shape (N, H, W) or (N, H * W), not {values.shape}.")
        if values.dtype == np.uint8:
            return np.ascontiguousarray(values)
        scale = self.scale_ if values.dtype.kind == "f" else 1
        low, high, most = values.min(initial=0), values.max(initial=0), WHITE // scale
        if low < 0:
            raise EstimatorError(f"Negative values in data: {low:g} is not a pixel from 0 to {most}.")
        if high > most:
            raise EstimatorError(f"Values above {most}: {high:g} is not a pixel as in the fit, from 0 to {most}.")
        if values.dtype.kind == "f" and scale == 1 and 0 < high <= 1:
            raise EstimatorError(
                "These faces have fractions from 0 to 1, but those of the fit had pixels from 0 to 255: multiply by 255."
            )
        return np.floor(values * float(scale) + 0.5).astype(np.uint8)

    def _shape_of(self, num: int) -> tuple[int, int]:
        """Height and width of a flat face."""
        if self.shape is None:
            side = round(num**0.5)
            if side * side != num:
                raise EstimatorError(f"Faces of {num:,} pixels are not square: set shape=(height, width).")
            return side, side
        if not isinstance(self.shape, tuple) or len(self.shape) != 2 or not all(fits(side, int) for side in self.shape):
            raise EstimatorError(f"shape={self.shape!r} doesn't fit: it must be (height, width).")
        height, width = self.shape
        if height < 0 < width:
            height = num // width
        elif width < 0 < height:
            width = num // height
        if height * width != num or min(height, width) < 1:
            raise EstimatorError(f"Faces of {num:,} pixels don't have the shape {self.shape}.")
        return height, width

    def __sklearn_tags__(self) -> Any:
        """Input: pixels, flat or not, so that nothing is negative. Scores on data that isn't faces are poor."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = tags.input_tags.positive_only = True
        tags.classifier_tags.poor_score = True
        return tags


def _scale(values: NDArray[Any]) -> int:
    """The factor of the pixels of a fit to 0 to 255."""
    high = values.max(initial=0)
    if high == 1 and not (values % 1).any():
        raise EstimatorError(
            "The faces have only the values 0 and 1, of which 1 may be white or nearly black: multiply by 255 if it is white."
        )
    return WHITE if values.dtype.kind == "f" and high <= 1 else 1


def _of_persons(faces: FaceSet, groups: ArrayLike) -> FaceSet:
    """The faces with their persons."""
    return replace(faces, subjects=np.array([str(person) for person in np.asarray(groups).tolist()], np.str_))
