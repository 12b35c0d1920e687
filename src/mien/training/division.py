"""The rows of a data set that a training learns from, and those that it holds out."""

from __future__ import annotations

import numpy as np

from mien.data import leakage, splits
from mien.data.faceset import UNLABELLED, FaceSet
from mien.errors import DataError
from mien.recipes import Recipe
from mien.words import agreed, counted

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


def notes(faceset: FaceSet, train_set: FaceSet, valid_set: FaceSet) -> list[str]:
    """Remarks on a division: rows without a label, and classes that the held-out rows lack."""
    found = []
    if num := int(((faceset.splits == "train") & (faceset.labels == UNLABELLED)).sum()):
        found.append(f"{counted(num, 'training row')} without a label {agreed(num, 'was', 'were')} left out.")
    counts = zip(train_set.classes, train_set.counts().tolist(), valid_set.counts().tolist(), strict=True)
    if lone := [f"{name} ({counted(own, 'face')})" for name, own, held_out in counts if own and not held_out]:
        found.append(
            f"No face is held out of the {'class' if len(lone) == 1 else 'classes'} {', '.join(lone)}: too few to evaluate."
        )
    return found
