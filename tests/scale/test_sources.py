from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mien import images
from mien.errors import DataError, ImageError
from mien.inference import stream
from mien.inference.stream import Photo
from mien.scale import places, sources
from mien.scale.sources import Member
from packs import write_table, write_tar

NAMES = ("b/2.jpg", "b/1.PNG", "a.webp", "notes.txt", "table.parquet", "odd[1].jpg")


def listed(*named: str | Path) -> list[str]:
    return [member.source for member in sources.members(map(str, named))]


def loaded(member: Member) -> list[tuple[str, bytes]]:
    return [(photo.name, photo.load()) for photo in sources.photos(member) if isinstance(photo, Photo)]


def test_a_folder_has_the_photos_that_one_process_finds(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert listed(tmp_path) == list(stream.expand([str(tmp_path)]))
    assert listed(tmp_path / "b", tmp_path / "b" / "1.PNG", tmp_path / "odd[1].jpg", tmp_path / "*.webp") == list(
        stream.expand([str(tmp_path / name) for name in ("b", "odd[1].jpg", "a.webp")])
    )
    assert list(sources.photos(Member(str(tmp_path / "absent.jpg")))) == [str(tmp_path / "absent.jpg")]
    with pytest.raises(DataError, match=r"The folder of '.*/gone/1.jpg' is not on every node"):
        list(sources.photos(Member(str(tmp_path / "gone" / "1.jpg"))))


def test_a_folder_without_photos_has_its_tables_and_tars(tmp_path: Path) -> None:
    write_table(tmp_path / "b.parquet", [{"image": b"x"}] * 6, groups=3)
    write_tar(tmp_path / "a.tar", {})
    found = list(sources.members([str(tmp_path)]))
    assert [(Path(member.source).name, member.group, member.weight) for member in found] == [
        ("a.tar", 0, None),
        ("b.parquet", 0, 2),
        ("b.parquet", 1, 2),
        ("b.parquet", 2, 2),
    ]
    assert listed(tmp_path / "*.tar") == [str(tmp_path / "a.tar")]


def test_rows_of_parquet_are_photos_with_names(tmp_path: Path) -> None:
    plain = write_table(tmp_path / "plain.parquet", [{"image": bytes([n])} for n in range(40)], groups=2)
    assert loaded(Member(str(plain), group=1)) == [(f"{plain}/{n}", bytes([n])) for n in range(20, 40)]
    rows: list[dict[str, Any]] = [
        {"image": {"bytes": b"x", "path": "x.jpg"}, "name": "first"},
        {"image": {"bytes": b"y", "path": "y.jpg"}, "name": None},
        {"image": {"bytes": None, "path": "z.jpg"}, "name": None},
        {"image": None, "name": None},
    ]
    path = write_table(tmp_path / "hugging.parquet", rows)
    found = [photo for photo in sources.photos(Member(str(path))) if isinstance(photo, Photo)]
    assert [photo.name for photo in found] == ["first", "y.jpg", "z.jpg", f"{path}/3"]
    assert found[0].load() == b"x"
    for photo in found[2:]:
        with pytest.raises(ImageError, match="has no encoded picture"):
            photo.load()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: write_table(path, [{"label": 1}]), r"no column of pictures .*: it has label\.$"),
        (lambda path: write_table(path, [{"image": "a path"}]), "no column of pictures"),
        (lambda path: path.write_bytes(b"PAR1" + bytes(100)), "is damaged or cut off .*: download or copy it again"),
        (lambda path: path.write_bytes(b""), "is damaged or cut off"),
    ],
)
def test_a_table_that_has_no_photos_is_told_when_listed(
    tmp_path: Path, make: Callable[[Path], object], message: str
) -> None:
    make(tmp_path / "t.parquet")
    with pytest.raises(DataError, match=message):
        listed(tmp_path)


def test_a_damaged_page_is_told_when_read(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.parquet", [{"image": os.urandom(1000)} for _ in range(100)])
    data = bytearray(path.read_bytes())
    data[4:2000] = bytes(1996)
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"t.parquet' is damaged or cut off"):
        loaded(Member(str(path)))


def test_pictures_of_a_tar_are_photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_BYTES", 100)
    tar = write_tar(tmp_path / "t.tar", {"1.jpg": b"one", "1.json": b"{}", "d/2.PNG": b"", "3.jpg": bytes(101)})
    found = [photo for photo in sources.photos(Member(str(tar))) if isinstance(photo, Photo)]
    assert [photo.name for photo in found] == [f"{tar}/{name}" for name in ("1.jpg", "d/2.PNG", "3.jpg")]
    assert [photo.load() for photo in found[:2]] == [b"one", b""]
    with pytest.raises(ImageError, match="has 101 bytes, more than the 100 allowed"):
        found[2].load()


@pytest.mark.parametrize(
    ("spoil", "after"),
    [
        (lambda data: data[:700], "its start"),  # in the first picture
        (lambda data: data[:1100], "'1.jpg'"),  # in the second header
        (lambda data: data[:1024], "'1.jpg'"),  # between two members: whole ones, but the mark of the end is missing
        (lambda data: data[:1024] + b"\xff" * 512 + data[1536:], "'1.jpg'"),
        (lambda data: b"", "its start"),
        (lambda data: b"<html>404</html>" * 100, "its start"),
    ],
)
def test_a_damaged_tar_loses_nothing_in_silence(tmp_path: Path, spoil: Callable[[bytes], bytes], after: str) -> None:
    tar = write_tar(tmp_path / "t.tar", {"1.jpg": bytes(400), "2.jpg": bytes(400)})
    tar.write_bytes(spoil(tar.read_bytes()))
    with pytest.raises(DataError, match=rf"t.tar' is damaged or cut off after {after} .*: download or copy it again"):
        loaded(Member(str(tar)))


def test_a_bucket_is_as_good_as_a_folder(bucket: str, tmp_path: Path) -> None:
    for name in (*NAMES, "name with blanks, ümläute #1%20?.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
        places.put(f"{bucket}/in/{name}", io.BytesIO(name.encode()))
    local = [str(Path(name).relative_to(tmp_path)) for name in listed(tmp_path)]
    assert listed(f"{bucket}/in") == [f"{bucket}/in/{name}" for name in local]
    assert listed(f"{bucket}/in/*/*.jpg") == [f"{bucket}/in/b/2.jpg"]
    for name in local:
        place = f"{bucket}/in/{name}"
        assert loaded(Member(place)) == [(place, name.encode())]
    with pytest.raises(ImageError, match="it no longer exists"):
        loaded(Member(f"{bucket}/in/gone.jpg"))
    tar = write_tar(tmp_path / "t.tar", {"1.jpg": b"one", "2.jpg": b"two"})
    table = write_table(tmp_path / "t.parquet", [{"image": b"one"}, {"image": b"two"}])
    for file in (tar, table):
        places.put(f"{bucket}/{file.name}", io.BytesIO(file.read_bytes()))
        (member,) = sources.members([f"{bucket}/{file.name}"])
        assert [data for _, data in loaded(member)] == [b"one", b"two"]
