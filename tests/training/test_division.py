from __future__ import annotations

import pytest

from mien import recipes
from mien.data.faceset import FaceSet
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
