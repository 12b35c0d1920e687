from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mien import recipes
from mien.data.faceset import UNLABELLED, FaceSet
from mien.errors import DataError
from mien.training import division


def test_held_out_rows_come_from_where_the_recipe_says(faces: FaceSet) -> None:
    train_set, valid_set = division.divide(faces, recipes.get("demo"))
    assert set(valid_set.splits.tolist()) == {"valid"}
    assert not set(train_set.names.tolist()) & set(valid_set.names.tolist())
    _, by_name = division.divide(faces, recipes.get("demo", ["valid_split=test"]))
    assert by_name.hash == faces.split("test").hash
    with pytest.raises(DataError, match="no split 'dev': it has train, test"):
        division.divide(faces, recipes.get("demo", ["valid_split=dev"]))
    with pytest.raises(DataError, match="valid_split=train would validate on the training rows"):
        division.divide(faces, recipes.get("demo", ["valid_split=train"]))


def test_votes_that_the_data_lacks_are_an_error(faces: FaceSet) -> None:
    with pytest.raises(DataError, match=r"votes=0.5 needs annotators' votes, but the data has none"):
        division.divide(faces, recipes.get("demo", ["votes=0.5"]))


def test_rows_without_a_label_and_classes_of_one_face_are_told(faces: FaceSet) -> None:
    train_set, valid_set = division.divide(faces, recipes.get("demo"))
    assert division.notes(faces, train_set, valid_set) == []
    labels = faces.labels.copy()
    (in_train,) = np.nonzero(faces.splits == "train")
    labels[in_train[:3]] = UNLABELLED
    happy, sad = (faces.classes.index(name) for name in ("happy", "sad"))
    lone = np.flatnonzero((faces.splits == "train") & (labels == sad))[0]
    labels[labels == sad] = happy
    labels[lone] = sad
    changed = dataclasses.replace(faces, labels=labels)
    train_set, valid_set = division.divide(changed, recipes.get("demo"))
    assert division.notes(changed, train_set, valid_set) == [
        "3 training rows without a label were left out.",
        "No face is held out of the class sad (1 face): too few to evaluate.",
    ]
