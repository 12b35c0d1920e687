"""FER+ as folders of pictures, each with its label.csv."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import listed
from mien.data.layouts import read

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def test_ferplus_pictures_have_the_class_of_most_votes(make: Maker) -> None:
    votes = {
        "fer0000000.png": (4, 0, 0, 1, 3, 2, 0, 0, 0, 0),
        "fer0000001.png": (0, 10, 0, 0, 0, 0, 0, 0, 0, 0),
        "fer0000002.png": (5, 5, 0, 0, 0, 0, 0, 0, 0, 0),
        "fer0000003.png": (0, 1, 0, 0, 0, 0, 0, 0, 0, 9),
        "fer0000004.png": (0, 1, 0, 0, 0, 0, 0, 9, 0, 0),
    }
    for folder, seed in (("FER2013Train", 0), ("FER2013Valid", 10), ("FER2013Test", 20)):
        lines = [f'{name},"(0, 0, 48, 48)",{",".join(map(str, row))}' for name, row in votes.items()]
        make.file(f"{folder}/label.csv", "\n".join(lines) + "\n")
        for number, name in enumerate(votes):
            make.picture(f"{folder}/{name}", seed + number)
    faces = read(make.root)
    assert faces.source.layout == "ferplus-pictures"
    assert faces.splits.tolist() == ["train"] * 3 + ["valid"] * 3 + ["test"] * 3
    assert listed.classes(faces)[:3] == ["neutral", "happy", "contempt"]
    np.testing.assert_array_equal(faces.images[4], make.face(11))
    assert faces.votes is not None
    assert dict(zip(faces.classes, faces.votes[0].tolist(), strict=True)) == {"happy": 0, "neutral": 4, "contempt": 0}
    reasons = [row.reason for row in faces.source.dropped[:2]]
    assert reasons == [
        "its votes are tied between neutral and happiness",
        "most of its votes are for 'NF', which is no class",
    ]
