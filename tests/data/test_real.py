"""The readers on the FER2013 files themselves."""

from __future__ import annotations

import numpy as np
import pytest

from mien.data.faceset import FaceSet
from mien.data.splits import hold_out
from mien.emotions import EMOTIONS

pytestmark = pytest.mark.real


def test_splits_and_counts_are_those_of_the_data_set(fer2013: FaceSet) -> None:
    assert fer2013.classes == EMOTIONS
    assert fer2013.size == (48, 48)
    assert fer2013.split_names == ("train", "public_test")
    assert fer2013.split("train").counts().tolist() == [3995, 436, 4097, 7215, 4830, 3171, 4965]
    assert fer2013.split("public_test").counts().tolist() == [467, 56, 496, 895, 653, 415, 607]
    assert fer2013.names[0] == "fer0000000.webp"
    assert fer2013.source.dropped == ()


def test_votes_come_along(fer2013: FaceSet) -> None:
    assert fer2013.votes is not None
    assert fer2013.votes.shape == (32298, 7)
    assert fer2013.votes[0].tolist() == [3, 2, 0, 0, 1, 0, 4]
    voted = fer2013.votes.sum(axis=1) > 0
    agreement = np.mean(fer2013.votes.argmax(axis=1)[voted] == fer2013.labels[voted])
    assert 0.6 < agreement < 0.75


def test_holding_out_leaves_no_copy_on_the_other_side(fer2013: FaceSet) -> None:
    train, valid = hold_out(fer2013.split("train"))
    assert abs(len(valid) / 28709 - 0.12) < 0.0005
    assert not {face.tobytes() for face in train.images} & {face.tobytes() for face in valid.images}
