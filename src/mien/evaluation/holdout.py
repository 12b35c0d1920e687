"""Which rows a model's training held out: its model file tells how its data was divided, so the same data gives the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mien.data import identity, splits
from mien.data.faceset import UNLABELLED, FaceSet
from mien.errors import DataError
from mien.inference.classifier import Classifier

HOLD_OUT = "hold_out"
"""The name of the rows that a training held out, among those of the splits that data has."""


def divided(classifier: Classifier, faceset: FaceSet) -> tuple[FaceSet, FaceSet]:
    """The rows that a model learned from and those that its training held out; of an ensemble, those that all members held out.

    Raises:
        DataError: this is other data than the model was trained on, or its file doesn't tell how it was trained.
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
    """What ``divided`` gives, or None where it can't tell."""
    try:
        return divided(classifier, faceset)
    except DataError:
        return None


def chose_epoch(classifier: Classifier) -> bool:
    """Whether the rows that a training held out chose its epoch, or its end; true where its record doesn't say."""
    training = classifier.spec.training
    chosen = [record.get("recipe", {}) for record in training.get("members") or [training]]
    return any(
        recipe.get("keep", "best") == "best" or recipe.get("patience") or recipe.get("stop_accuracy")
        for recipe in chosen
    )


def is_held_out(division: tuple[FaceSet, FaceSet], faceset: FaceSet, split: str) -> bool:
    """Whether a split of the data is what the training held out, by either of its names."""
    return split == HOLD_OUT or (split in faceset.split_names and set(division[1].splits.tolist()) == {split})


def training_rows(classifier: Classifier, faceset: FaceSet) -> FaceSet | None:
    """The rows of a data set that a model learned from, without those that its training held out; None where it learned from others."""
    known = divided_or_none(classifier, faceset)
    return known[0] if known else None


def held_out(classifier: Classifier, faceset: FaceSet, split: str | None = None) -> tuple[FaceSet, FaceSet]:
    """The rows that a model learned from, and others on which things about it may be chosen.

    Args:
        classifier: the model.
        faceset: the data.
        split: where to choose; None or ``HOLD_OUT`` takes the rows that the model's own training held out.

    Raises:
        DataError: these rows can't be told, or the split is missing or has no labels.
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
    which = f"The rows that '{classifier.name}' held out of its training can't be told"
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
