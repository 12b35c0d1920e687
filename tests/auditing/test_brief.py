"""A brief audit, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.auditing import brief
from mien.auditing.brief import SharedRows, SplitCount
from mien.data.faceset import FaceSet
from mien.synthetic import drawn


@pytest.fixture(scope="module")
def planted() -> FaceSet:
    """Ten faces: the first one thrice, once with another label; one blank; one of the copies in ``test``."""
    images = drawn.draw(10, seed=4).images.copy()
    images[[1, 8]] = images[0]
    images[9] = 7
    faces = FaceSet.from_arrays(images, [0, 0, 1, 1, 1, 0, 0, 1, 1, 0], ("happy", "sad"))
    return replace(faces, splits=np.array(["train"] * 7 + ["test"] * 3))


def test_rows_copies_and_conflicts_are_counted(planted: FaceSet) -> None:
    found = brief.audit(planted)
    assert found.splits == (SplitCount("train", 7, (4, 3)), SplitCount("test", 3, (1, 2)))
    assert (found.rows, found.size, found.classes) == (10, (48, 48), ("happy", "sad"))
    assert (found.exact_copies, found.near_copies, found.conflicts, found.blank) == (2, 2, 1, 1)
    assert found.shared == (SharedRows("test", "train", 3, 1, 1),)


def test_a_test_set_elsewhere_counts_as_the_split_test(planted: FaceSet) -> None:
    train, test = planted.split("train"), planted.split("test")
    assert brief.audit(train, test) == brief.audit(planted)
    assert brief.audit(train).shared == ()
