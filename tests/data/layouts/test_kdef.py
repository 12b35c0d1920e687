"""KDEF: the file name holds all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import listed
from mien.data.layouts import read

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def test_kdef_names_hold_person_expression_and_angle(make: Maker) -> None:
    names = ["AF01ANS.JPG", "AF01AFS.JPG", "BF01HAHL.JPG", "BM35SUFR.JPG", "AM02NES.JPG"]
    for number, name in enumerate(names):
        make.picture(f"{name[:4]}/{name}", number)
    make.picture("AF01/readme.png")
    faces = read(make.root)
    assert faces.source.layout == "kdef"
    assert dict(zip(faces.names.tolist(), listed.classes(faces), strict=True)) == {
        "AF01/AF01ANS.JPG": "angry",
        "AF01/AF01AFS.JPG": "fear",
        "BF01/BF01HAHL.JPG": "happy",
        "BM35/BM35SUFR.JPG": "surprise",
        "AM02/AM02NES.JPG": "neutral",
    }
    assert faces.subjects is not None
    assert set(faces.subjects.tolist()) == {"F01", "M35", "M02"}
    assert any("1 picture shows a face in full profile" in note for note in faces.source.notes)
