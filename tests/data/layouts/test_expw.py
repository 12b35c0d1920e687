"""ExpW: photos and label.lst."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

import listed
from mien.data.layouts import read

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def test_expw_cuts_each_face_at_the_square_around_its_box(make: Maker) -> None:
    photo = np.zeros((100, 200), np.uint8)
    photo[10:58, 20:68] = make.face(1)
    photo[40:70, 100:160] = 200
    make.file("image/origin/a.png", b"")
    Image.fromarray(photo).save(make.root / "image/origin/a.png")
    make.file("label/label.lst", "a.png 0 10 20 68 58 22.9 3\na.png 1 40 100 160 70 9 4\nb.png 0 1 1 9 9 9 0\n")
    faces = read(make.root)
    assert (faces.source.layout, listed.classes(faces)) == ("expw", ["happy", "sad"])
    np.testing.assert_array_equal(faces.images[0], make.face(1))
    assert faces.names.tolist() == ["a.png#0", "a.png#1"]
    assert [row.reason for row in faces.source.dropped] == ["no such picture is there"]
