"""Data sets as their makers hand them out: FER+ pictures, ExpW, AffectNet, CK+, KDEF."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from mien.data.layouts import read

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def classes(faces: object) -> list[str]:
    return [faces.classes[label] for label in faces.labels]  # type: ignore[attr-defined]


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
    assert classes(faces)[:3] == ["neutral", "happy", "contempt"]
    np.testing.assert_array_equal(faces.images[4], make.face(11))
    assert faces.votes is not None
    assert dict(zip(faces.classes, faces.votes[0].tolist(), strict=True)) == {"happy": 0, "neutral": 4, "contempt": 0}
    reasons = [row.reason for row in faces.source.dropped[:2]]
    assert reasons == [
        "its votes are tied between neutral and happiness",
        "most of its votes are for 'NF', which is no class",
    ]


def test_expw_cuts_each_face_at_the_square_around_its_box(make: Maker) -> None:
    photo = np.zeros((100, 200), np.uint8)
    photo[10:58, 20:68] = make.face(1)
    photo[40:70, 100:160] = 200
    make.file("image/origin/a.png", b"")
    Image.fromarray(photo).save(make.root / "image/origin/a.png")
    make.file("label/label.lst", "a.png 0 10 20 68 58 22.9 3\na.png 1 40 100 160 70 9 4\nb.png 0 1 1 9 9 9 0\n")
    faces = read(make.root)
    assert (faces.source.layout, classes(faces)) == ("expw", ["happy", "sad"])
    np.testing.assert_array_equal(faces.images[0], make.face(1))
    assert faces.names.tolist() == ["a.png#0", "a.png#1"]
    assert [row.reason for row in faces.source.dropped] == ["no such picture is there"]


@pytest.mark.parametrize("dtype", ["<U2", np.int64, np.float64])
def test_affectnet_takes_its_code_from_the_file_of_each_picture(make: Maker, dtype: str) -> None:
    for split, codes in (("train_set", [1, 4, 7, 8]), ("val_set", [0, 1])):
        (make.root / split / "annotations").mkdir(parents=True)
        for number, code in enumerate(codes):
            make.picture(f"{split}/images/{number}.png", number)
            for kind in ("exp", "val"):
                np.save(make.root / f"{split}/annotations/{number}_{kind}.npy", np.array(code).astype(dtype))
    make.file("train_set/annotations/9_exp.npy", b"\x93NUMPY junk")
    faces = read(make.root)
    assert (faces.source.layout, classes(faces)) == (
        "affectnet-npy", ["happy", "fear", "contempt", "neutral", "happy"],
    )  # fmt: skip
    assert faces.splits.tolist() == ["train"] * 3 + ["valid"] * 2
    assert [row.reason for row in faces.source.dropped] == [
        "expression 8 (none) is no class",
        "no picture of its name is there",
    ]


def test_original_ckplus_reads_the_frame_that_is_labelled(make: Maker) -> None:
    for subject, sequence, frames in (("S005", "001", 3), ("S010", "002", 2), ("S011", "001", 2)):
        for frame in range(1, frames + 1):
            make.picture(f"cohn-kanade-images/{subject}/{sequence}/{subject}_{sequence}_{frame:08}.png", frame)
    make.file("Emotion/S005/001/S005_001_00000003_emotion.txt", "   3.0000000e+00\n")
    make.file("Emotion/S010/002/S010_002_00000002_emotion.txt", "   7.0000000e+00\n")
    make.file("Emotion/S011/001/S011_001_00000009_emotion.txt", "   1.0000000e+00\n")
    make.file("Landmarks/S005/001/S005_001_00000003_landmarks.txt", "  1.0 2.0\n")
    faces = read(make.root)
    assert (faces.source.layout, classes(faces)) == ("ck+original", ["disgust", "surprise"])
    np.testing.assert_array_equal(faces.images[0], make.face(3))
    assert faces.subjects is not None
    assert faces.subjects.tolist() == ["S005", "S010"]
    assert "3 of 7 frames" in faces.source.notes[0]


def test_kdef_names_hold_person_expression_and_angle(make: Maker) -> None:
    names = ["AF01ANS.JPG", "AF01AFS.JPG", "BF01HAHL.JPG", "BM35SUFR.JPG", "AM02NES.JPG"]
    for number, name in enumerate(names):
        make.picture(f"{name[:4]}/{name}", number)
    make.picture("AF01/readme.png")
    faces = read(make.root)
    assert faces.source.layout == "kdef"
    assert dict(zip(faces.names.tolist(), classes(faces), strict=True)) == {
        "AF01/AF01ANS.JPG": "angry",
        "AF01/AF01AFS.JPG": "fear",
        "BF01/BF01HAHL.JPG": "happy",
        "BM35/BM35SUFR.JPG": "surprise",
        "AM02/AM02NES.JPG": "neutral",
    }
    assert faces.subjects is not None
    assert set(faces.subjects.tolist()) == {"F01", "M35", "M02"}
    assert any("1 picture shows a face in full profile" in note for note in faces.source.notes)
