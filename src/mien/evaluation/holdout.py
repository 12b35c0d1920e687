"""The rows that a model's training held out; its model file records how the data was divided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mien.data import identity, splits
from mien.data.faceset import UNLABELLED, FaceSet
from mien.errors import DataError
from mien.inference.classifier import Classifier

HOLD_OUT = "hold_out"
"""Name of the held-out rows, used like the name of a split."""


def divided(classifier: Classifier, faceset: FaceSet) -> tuple[FaceSet, FaceSet]:
    """The training rows and the held-out rows of a model; for an ensemble, the rows that all members held out.

    Raises:
        DataError: the model was trained on other data, or its file has no record of the training.
    """
    training = classifier.spec.training
    records = training.get("members") or [training]
    (train, valid), *others = [_by_record(classifier, faceset, record) for record in records]
    for _, other in others:
        learned = ~identity.are_in(valid.images, other.images)
        train, valid = splits.moved(train, valid, learned)
    if not len(valid):
        raise DataError(f"No row was held out by all members of '{classifier.name}': name a split of the data instead.")
    return train, valid


def divided_or_none(classifier: Classifier, faceset: FaceSet) -> tuple[FaceSet, FaceSet] | None:
    """``divided``, or None if the division is unknown."""
    try:
        return divided(classifier, faceset)
    except DataError:
        return None


def chose_epoch(classifier: Classifier) -> bool:
    """Whether the held-out rows were used to choose the epoch or to stop; true if the record is missing."""
    training = classifier.spec.training
    chosen = [record.get("recipe", {}) for record in training.get("members") or [training]]
    return any(
        recipe.get("keep", "best") == "best" or recipe.get("patience") or recipe.get("stop_accuracy")
        for recipe in chosen
    )


def is_held_out(division: tuple[FaceSet, FaceSet], faceset: FaceSet, split: str) -> bool:
    """Whether a split is the hold-out of the training."""
    return split == HOLD_OUT or (split in faceset.split_names and set(division[1].splits.tolist()) == {split})


def training_rows(classifier: Classifier, faceset: FaceSet) -> FaceSet | None:
    """The rows of a data set that a model was trained on, without the held-out rows; None if it was trained on other data."""
    known = divided_or_none(classifier, faceset)
    return known[0] if known else None


def held_out(classifier: Classifier, faceset: FaceSet, split: str | None = None) -> tuple[FaceSet, FaceSet]:
    """The training rows of a model, and other rows for fitting decision rules.

    Args:
        classifier: the model.
        faceset: the data.
        split: split of the other rows; None or ``HOLD_OUT`` takes the rows that the model's training held out.

    Raises:
        DataError: these rows are unknown, or the split is missing or has no labels.
    """
    if split is None or split == HOLD_OUT:
        train, valid = divided(classifier, faceset)
    else:
        labelled = faceset.select(faceset.labels != UNLABELLED)
        train, valid = labelled.split("train"), labelled.split(split)
    if not len(valid):
        raise DataError(f"No row of the split '{split}' has a label: there is nothing to choose on.")
    classes = classifier.spec.classes
    return train.to_classes(classes), valid.to_classes(classes)


def _by_record(classifier: Classifier, faceset: FaceSet, training: Mapping[str, Any]) -> tuple[FaceSet, FaceSet]:
    """The rows of one training by its record in the model file."""
    which = f"The rows that '{classifier.name}' held out of its training can't be determined"
    if "adapted_from" in training:
        raise DataError(f"'{classifier.name}' was adapted, which holds nothing out: name a split of the data instead.")
    if "recipe" not in training or "train_hash" not in training:
        raise DataError(f"{which}, as its model file doesn't say how it was trained: name a split of the data instead.")
    recipe = training["recipe"]
    try:
        train, valid = splits.divide(faceset, recipe["hold_out"], recipe["valid_split"], recipe["split_seed"])
    except DataError as error:
        raise DataError(f"{which} ({str(error).rstrip('.')}): name a split of the data instead.") from None
    if train.resized(classifier.spec.size).faces_hash != training["train_hash"]:
        asked = training.get("options") or {}
        how = f" (it was read with {', '.join(f'{key} {value}' for key, value in asked.items())})" if asked else ""
        raise DataError(
            f"{which}, as '{faceset.source.path}' isn't what it was trained on, row by row{how}: give that data, or name a split of this one."
        )
    return train, valid
