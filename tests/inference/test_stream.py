from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import scenes
from mien.data import store
from mien.data.faceset import FaceSet
from mien.inference import stream
from mien.inference.photo import Reader


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader("tiny", threads=1)


def test_photos_come_back_in_order_with_their_errors(reader: Reader, tmp_path: Path) -> None:
    one = scenes.save(scenes.scene(), tmp_path / "one.png")
    none = scenes.save(scenes.background(320, 240), tmp_path / "none.png")
    two = scenes.save(scenes.scene(("happy", "sad"), width=800), tmp_path / "two.png")
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    paths = [str(path) for path in (two, bad, none, one)] * 12
    readings = list(stream.read_photos(reader, paths))
    assert [reading.name for reading in readings] == paths
    assert [len(reading.faces) for reading in readings] == [2, 0, 0, 1] * 12
    assert [reading.error is not None for reading in readings] == [False, True, False, False] * 12
    assert "not a picture in a supported format" in str(readings[1].error)
    assert readings[0].pixels is None


def test_memory_is_bounded(reader: Reader, tmp_path: Path) -> None:
    """Only so many photos are ahead of what has been handed out, however many there are."""
    path = str(scenes.save(scenes.background(64, 64), tmp_path / "photo.png"))
    asked = 0

    def many() -> Iterator[str]:
        nonlocal asked
        while True:
            asked += 1
            yield path

    readings = stream.read_photos(reader, many(), workers=2)
    for _ in range(100):
        next(readings)
    assert asked <= 100 + stream.BATCH + 4 + 1
    readings.close()  # type: ignore[attr-defined] # it is a generator
    assert threading.active_count() < 20


def test_crops_have_the_very_bits_of_the_classifier(reader: Reader, faces: FaceSet, tmp_path: Path) -> None:
    few = faces.select(np.arange(20))
    store.write_folders(few, tmp_path / "faces")
    paths = list(stream.expand([str(tmp_path / "faces")]))
    by_image = {face.tobytes(): face for face in few.images}
    from mien import images

    for reading in stream.read_photos(reader, paths, crops=True):
        face = by_image[images.decode(reading.name, "L").tobytes()]
        row = reader.classifier.probabilities(face[None])[0]
        assert list(reading.faces[0].probabilities.values()) == [float(value) for value in row]
        assert reading.faces[0].box == (0, 0, 48, 48)


def test_pixels_are_handed_on_where_asked_for(reader: Reader, tmp_path: Path) -> None:
    photo = scenes.scene()
    path = str(scenes.save(photo, tmp_path / "one.png"))
    (reading,) = stream.read_photos(reader, [path], keep_pixels=True)
    assert reading.pixels is not None
    np.testing.assert_array_equal(reading.pixels, photo)


def test_folders_and_patterns_are_expanded_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b/2.jpg", "b/1.PNG", "a.webp", "notes.txt", "odd[1].jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    assert list(stream.expand(["."])) == ["./a.webp", "./odd[1].jpg", "./b/1.PNG", "./b/2.jpg"]
    assert list(stream.expand(["b/*"])) == ["b/1.PNG", "b/2.jpg"]
    assert list(stream.expand(["**/*.jpg"])) == ["b/2.jpg", "odd[1].jpg"]
    assert list(stream.expand(["odd[1].jpg", "notes.txt", "-", "absent"])) == ["odd[1].jpg", "notes.txt", "-", "absent"]
    assert list(stream.expand(["b", "b/1.PNG", "b"])) == ["b/1.PNG", "b/2.jpg"]
    listing = stream.expand(["*.nothing", "b", "absent", "b/*.gif"])
    assert list(listing) == ["b/1.PNG", "b/2.jpg", "absent"]
    assert listing.empty == ["*.nothing", "b/*.gif"]


def test_companions_of_macos_are_passed_over_and_counted(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a.jpg", "._a.jpg", "sub/._b.jpg", "sub/._notes.txt", "sub/c.AVIF"):
        (tmp_path / name).write_bytes(b"\0\5\x16\7")
    listing = stream.expand([str(tmp_path)])
    assert list(listing) == [str(tmp_path / "a.jpg"), str(tmp_path / "sub/c.AVIF")]
    assert listing.companions == 2
    assert list(stream.expand([str(tmp_path / "._a.jpg")])) == [str(tmp_path / "._a.jpg")]  # named by the user
    pattern = stream.expand([str(tmp_path / "sub" / "**")])
    assert str(tmp_path / "sub" / "c.AVIF") in list(pattern)


def test_a_folder_that_cannot_be_listed_is_an_error(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "closed", "open"):
        (tmp_path / name).mkdir()
        scenes.save(scenes.background(64, 48), tmp_path / name / "x.png")
    scandir = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    read = list(stream.read_photos(reader, stream.expand([str(tmp_path)])))
    assert [(Path(reading.name).relative_to(tmp_path).as_posix(), reading.error) for reading in read] == [
        ("a/x.png", None),
        ("closed", f"'{tmp_path / 'closed'}' can't be read: Permission denied."),
        ("open/x.png", None),
    ]
