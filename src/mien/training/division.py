"""The rows of a data set that a training learns from, and those that it holds out."""

from __future__ import annotations

import numpy as np

from mien.data import leakage, splits
from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.recipes import Recipe
from mien.words import counted

MIN_FINE_TUNING = 10
"""Training faces that fine-tuning needs at least."""


def divide(faceset: FaceSet, recipe: Recipe) -> tuple[FaceSet, FaceSet]:
    """Split a data set into training rows and held-out rows as the recipe defines, resized to its image size.

    Raises:
        DataError: the recipe uses votes and the data has none, or the splits share faces.
    """
    if recipe.votes and faceset.votes is None:
        raise DataError(
            f"votes={recipe.votes:g} needs annotators' votes, but the data has none: join FER+ votes, or set votes=0."
        )
    leakage.check(faceset, splits.validation_split(faceset, recipe.valid_split))
    size = (recipe.image_size, recipe.image_size)
    train_set, valid_set = splits.divide(faceset, recipe.hold_out, recipe.valid_split, recipe.split_seed)
    if np.count_nonzero(train_set.counts()) < 2:
        raise DataError(
            f"With {counted(len(valid_set), 'face')} held out, the other {len(train_set)} have one class: training needs more faces."
        )
    if recipe.init and len(train_set) < MIN_FINE_TUNING:
        raise DataError(
            f"Fine-tuning needs at least {MIN_FINE_TUNING} training faces: there are {len(train_set)}, and {len(valid_set)} held out."
        )
    return train_set.resized(size), valid_set.resized(size)
