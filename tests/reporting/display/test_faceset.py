"""Labelled faces show themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import bars
from mien.data import info
from mien.data.faceset import FaceSet


def test_faces_show_their_classes_and_splits(faces: FaceSet) -> None:
    assert str(faces) == info.as_text(info.describe(faces))
    assert faces.to_dict() == info.describe(faces)
    page = faces._repr_html_()
    for name in faces.split_names:
        for count in faces.split(name).counts().tolist():
            assert f">{count}</td>" in page
    assert page.count("<img") == 1


def test_the_frame_of_faces_has_what_is_known_of_each(faces: FaceSet) -> None:
    labels = faces.labels.copy()
    labels[0] = -1
    people = np.array([f"p{row}" for row in range(len(faces))])
    known = replace(faces, labels=labels, subjects=people, groups={"sex": np.where(faces.labels > 2, "f", "m")})
    frame = known.to_frame()
    assert frame.columns.tolist() == ["name", "split", "label", "person", "sex"]
    assert frame["label"].isna().tolist() == [True] + [False] * (len(faces) - 1)
    assert frame["label"].tolist()[1:] == [faces.classes[code] for code in labels[1:]]
    assert frame["person"].tolist() == people.tolist()
    assert replace(faces, subjects=None).to_frame().columns.tolist() == ["name", "split", "label"]


def test_faces_are_drawn(faces: FaceSet) -> None:
    ax = faces.plot_faces(num=3)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(faces.classes)
    drawn = np.asarray(ax.images[0].get_array())
    height, width = faces.size
    assert drawn.shape == (7 * (height + 2) - 2, 3 * (width + 2) - 2)
    np.testing.assert_array_equal(drawn[:height, :width], faces.images[faces.labels == 0][0])
    counts = [bar.get_width() for bar in bars.of(faces.plot_classes())]
    assert counts == [num for name in faces.split_names for num in faces.split(name).counts().tolist()]


def test_no_faces_show_themselves_too(faces: FaceSet) -> None:
    none = faces.select(np.zeros(len(faces), bool))
    assert "<img" not in none._repr_html_()
    assert none.to_frame().empty
    assert "0 faces" in str(none)
