"""Archives are read as they are, within limits; a hostile one gets one sentence and leaves nothing."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.data import archives
from mien.data.layouts import read
from mien.errors import DataError, MienError

if TYPE_CHECKING:
    from tests.data.conftest import Maker


MODES: dict[str, Literal["w", "w:gz", "w:bz2", "w:xz"]] = {".tar": "w", ".gz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}


def pictures(make: Maker) -> Path:
    for number, name in enumerate(["happy", "sad"] * 3):
        make.picture(f"set/{'train' if number < 4 else 'test'}/{name}/{number}.png", number)
    return make.root / "set"


def packed(make: Maker, name: str) -> Path:
    """The pictures, packed as the ending of ``name`` says."""
    folder, path = pictures(make), make.root / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(folder.rglob("*.png")):
                archive.write(file, file.relative_to(make.root))
    else:
        with tarfile.open(path, MODES[path.suffix]) as archive:
            archive.add(folder, "set")
    return path


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
def test_an_archive_is_read_like_what_it_holds(
    make: Maker, name: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    path = packed(make, name)
    faces = read(path)
    assert faces.hash == read(make.root / "set").hash
    assert (faces.source.layout, faces.source.path) == ("folders", str(path))
    assert read(path).hash == faces.hash  # out of the cache
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(("opener", "ending"), [(gzip.open, "gz"), (bz2.open, "bz2"), (lzma.open, "xz")])
def test_a_packed_table_is_read(make: Maker, opener: Callable[..., io.BufferedIOBase], ending: str) -> None:
    path = make.fer2013()
    with opener(make.root / f"fer2013.csv.{ending}", "wb") as file:
        file.write(path.read_bytes())
    assert read(make.root / f"fer2013.csv.{ending}").hash == read(path).hash


def test_the_archives_of_a_folder_are_splits_by_their_names_and_a_table_beside_them_is_used(make: Maker) -> None:
    for split, seed in (("train", 0), ("test", 10)):
        with zipfile.ZipFile(make.root / f"{split}.zip", "w") as archive:
            for number in range(3):
                archive.write(make.picture(f"{split}_{number}.png", seed + number), f"{split}_{number}.png")
                (make.root / f"{split}_{number}.png").unlink()
    make.table("labels.csv", "image,label", [("train_0.png", "happy"), ("train_1.png", "sad"), ("train_2.png", "sad")])
    faces = read(make.root)
    assert faces.splits.tolist() == ["train"] * 3 + ["test"] * 3
    assert faces.labels.tolist() == [0, 1, 1, -1, -1, -1]


def zip_of(make: Maker, **members: bytes) -> Path:
    with zipfile.ZipFile(make.root / "bad.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return make.root / "bad.zip"


def traversing_tar(make: Maker) -> Path:
    with tarfile.open(make.root / "bad.tar", "w") as archive:
        member = tarfile.TarInfo("set/../../evil.png")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"abc"))
    return make.root / "bad.tar"


def nested(make: Maker, depth: int) -> Path:
    content = b"PK"
    for level in range(depth):
        path = zip_of(make, **{f"{level}.zip" if level else "a.txt": content})
        content = path.read_bytes()
    return path


def encrypted(make: Maker) -> Path:
    path = zip_of(make, **{"a.png": b"abc"})
    data = bytearray(path.read_bytes())
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + place] |= 1
    path.write_bytes(data)
    return path


BAD: dict[str, tuple[Callable[[Maker], Path], str]] = {
    "out of the folder": (
        lambda make: zip_of(make, **{"../evil.png": b"x"}),
        r"would be written outside .*don't trust it",
    ),
    "absolute": (lambda make: zip_of(make, **{"/etc/evil.png": b"x"}), r"would be written outside"),
    "a drive": (lambda make: zip_of(make, **{"C:\\evil.png": b"x"}), r"would be written outside"),
    "backslashes": (lambda make: zip_of(make, **{"a\\..\\..\\evil.png": b"x"}), r"would be written outside"),
    "tar out of the folder": (traversing_tar, r"would be written outside"),
    "a bomb": (
        lambda make: zip_of(make, **{"a.csv": bytes(3_000_000)}),
        r"unpacks to more than .* possible denial of service",
    ),
    "nested": (lambda make: nested(make, 5), r"archives within archives within an archive"),
    "encrypted": (encrypted, r"is encrypted: unpack it with its password"),
    "cut": (
        lambda make: make.file("b.zip", packed(make, "a.zip").read_bytes()[:-100]),
        r"can't be unpacked .*: download it again",
    ),
    "cut tar": (
        lambda make: make.file("b.tar.gz", packed(make, "a.tar.gz").read_bytes()[:-100]),
        r"can't be unpacked .*: download it again",
    ),
    "empty": (zip_of, r"is an empty archive"),
    "nothing that is known": (
        lambda make: zip_of(make, **{"a.txt": b"x"}),
        r"bad\.zip' holds 1 \.txt file, which fits no",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_archive_gets_one_sentence_and_leaves_nothing(
    make: Maker, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    monkeypatch.setattr(archives, "FREE_BYTES", 2**20)
    monkeypatch.setattr(tempfile, "tempdir", str(make.root / "temporary"))
    (make.root / "temporary").mkdir()
    path = BAD[case][0](make)
    with pytest.raises(DataError, match=BAD[case][1]) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert "temporary" not in str(caught.value).replace(str(path), "")
    assert not list((make.root / "temporary").iterdir())
    assert not list(make.root.glob("**/evil*"))


def test_too_many_files(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_FILES", 3)
    with pytest.raises(DataError, match="more than 3 files"):
        read(packed(make, "a.zip"))


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links")
def test_links_are_passed_over_and_told(make: Maker) -> None:
    folder = pictures(make)
    (folder / "train/happy/link.png").symlink_to("/etc/passwd")
    with tarfile.open(make.root / "a.tar", "w") as archive:
        archive.add(folder, "set")
    faces = read(make.root / "a.tar")
    assert len(faces) == 6
    assert any(
        "1 entry that is not a file, such as a link, was skipped in 'a.tar'" in note for note in faces.source.notes
    )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(
    st.sampled_from(["a.zip", "a.tar", "a.tar.gz"]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6),
    st.floats(0.2, 1),
)
def test_archives_with_changed_bytes(
    archive_bytes: Callable[[str], bytes],
    tmp_path: Path,
    name: str,
    changes: list[tuple[float, int]],
    share: float,
) -> None:
    data = bytearray(archive_bytes(name))
    data = data[: max(1, int(len(data) * share))]
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    path = tmp_path / name
    path.write_bytes(data)
    try:
        read(path, cache=False)
    except MienError as error:
        assert "\n" not in str(error)  # noqa: PT017 # one sentence


@pytest.fixture
def archive_bytes(make: Maker) -> Callable[[str], bytes]:
    found = {name: packed(make, "sound." + name[2:]).read_bytes() for name in ("a.zip", "a.tar", "a.tar.gz")}
    return found.__getitem__
