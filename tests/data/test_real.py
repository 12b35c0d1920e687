"""The readers on the FER2013 files themselves."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from mien.data.faceset import FaceSet
from mien.data.layouts import read
from mien.data.splits import hold_out
from mien.emotions import EMOTIONS

FER2013 = Path(os.environ.get("MIEN_FER2013") or Path(__file__).parents[2].parent / "shared" / "fer2013")

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not (FER2013 / "train.parquet").exists(), reason="the FER2013 files are absent"),
]


@pytest.fixture(scope="module")
def faces() -> FaceSet:
    return read(FER2013, cache=False)


def test_splits_and_counts_are_those_of_the_data_set(faces: FaceSet) -> None:
    assert faces.classes == EMOTIONS
    assert faces.size == (48, 48)
    assert faces.split_names == ("train", "public_test")
    assert faces.split("train").counts().tolist() == [3995, 436, 4097, 7215, 4830, 3171, 4965]
    assert faces.split("public_test").counts().tolist() == [467, 56, 496, 895, 653, 415, 607]
    assert faces.names[0] == "fer0000000.webp"
    assert faces.source.dropped == ()


def test_votes_come_along(faces: FaceSet) -> None:
    assert faces.votes is not None
    assert faces.votes.shape == (32298, 7)
    assert faces.votes[0].tolist() == [3, 2, 0, 0, 1, 0, 4]
    voted = faces.votes.sum(axis=1) > 0
    agreement = np.mean(faces.votes.argmax(axis=1)[voted] == faces.labels[voted])
    assert 0.6 < agreement < 0.75


def test_holding_out_leaves_no_copy_on_the_other_side(faces: FaceSet) -> None:
    train, valid = hold_out(faces.split("train"))
    assert abs(len(valid) / 28709 - 0.12) < 0.0005
    assert not {face.tobytes() for face in train.images} & {face.tobytes() for face in valid.images}
