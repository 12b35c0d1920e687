from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import platformdirs
import pytest

from mien.data import cache, layouts
from mien.data.faceset import FaceSet

if TYPE_CHECKING:
    from tests.data.conftest import Maker


@pytest.fixture
def data(make: Maker) -> Path:
    for number in range(4):
        make.picture(f"set/happy/{number}.png", number)
        make.picture(f"set/sad/{number}.png", number + 4)
    make.file("set/happy/broken.png", "no picture")
    return make.root / "set"


def entries(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def forbid_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> FaceSet:
        raise AssertionError("read although it is cached")

    monkeypatch.setattr(layouts, "LAYOUTS", tuple(replace(layout, read=fail) for layout in layouts.LAYOUTS))


def test_a_second_reading_comes_from_the_cache_and_is_the_same(
    data: Path, isolated_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = layouts.read(data)
    assert len(entries(isolated_cache)) == 1
    forbid_reading(monkeypatch)
    second = layouts.read(data)
    assert second.hash == first.hash
    assert second.names.tolist() == first.names.tolist()
    assert second.source == first.source
    assert second.source.dropped[0].name == "happy/broken.png"


def test_a_moved_folder_is_still_known_but_the_path_is_the_new_one(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = layouts.read(data)
    (data.parent / "elsewhere").mkdir()
    moved = data.rename(data.parent / "elsewhere" / data.name)
    forbid_reading(monkeypatch)
    assert layouts.read(moved).hash == first.hash
    assert layouts.read(moved).source.path == str(moved)


def test_options_and_changed_files_have_entries_of_their_own(data: Path, isolated_cache: Path, make: Maker) -> None:
    layouts.read(data)
    assert layouts.read(data, size=32).size == (32, 32)
    assert len(entries(isolated_cache)) == 2
    make.picture("set/sad/0.png", 99)
    np.testing.assert_array_equal(layouts.read(data).images[4], make.face(99))
    (data / "sad" / "1.png").rename(data / "sad" / "11.png")
    assert "sad/11.png" in layouts.read(data).names
    assert len(entries(isolated_cache)) == 4


def test_without_cache_nothing_is_written(data: Path, isolated_cache: Path) -> None:
    layouts.read(data, cache=False)
    assert entries(isolated_cache) == []


def test_a_list_whose_pictures_lie_beside_it_is_not_cached(make: Maker, isolated_cache: Path) -> None:
    make.picture("1.png", 1)
    path = make.table("list.csv", "id,label", [(1, 0)])
    layouts.read(path, coding="fer2013")
    make.picture("1.png", 2)
    np.testing.assert_array_equal(layouts.read(path, coding="fer2013").images[0], make.face(2))
    assert entries(isolated_cache) == []


def test_what_cannot_be_fingerprinted_is_read_all_the_same(
    data: Path, isolated_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(cache, "fingerprint", refuse)
    assert len(layouts.read(data)) == 8
    assert entries(isolated_cache) == []


@pytest.mark.parametrize("damage", ["truncated", "junk", "empty", "flipped"])
def test_a_damaged_entry_is_thrown_away_and_read_anew(data: Path, isolated_cache: Path, damage: str) -> None:
    first = layouts.read(data)
    (entry,) = entries(isolated_cache)
    content = bytearray(entry.read_bytes())
    content[9000] ^= 255
    entry.write_bytes(
        {"truncated": bytes(content[:5000]), "junk": b"PK junk", "empty": b"", "flipped": bytes(content)}[damage]
    )
    assert layouts.read(data).hash == first.hash
    assert layouts.read(data).hash == first.hash
    assert len(entries(isolated_cache)) == 1


def test_a_folder_that_cannot_be_written_does_not_stop_reading(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "file" / "below"))
    assert len(layouts.read(data)) == 8


def test_a_failed_save_leaves_nothing_behind(data: Path, isolated_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert len(layouts.read(data)) == 8
    assert entries(isolated_cache) == []


def test_votes_and_subjects_survive(isolated_cache: Path) -> None:
    faces = FaceSet.from_arrays(np.zeros((2, 8, 8), np.uint8), [0, -1], ("happy", "sad"))
    faces = replace(faces, votes=np.ones((2, 2), np.float32), subjects=np.array(["a", "bc"]))
    cache.save("k", faces)
    loaded = cache.load("k")
    assert loaded is not None
    assert loaded.hash == faces.hash
    assert cache.load("other") is None


def test_reading_loads_nothing_heavy_before_it_is_needed() -> None:
    code = "import sys, mien.data.layouts, mien.data.splits, mien.data.store; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pyarrow", "torch", "matplotlib", "sklearn", "onnxruntime"} & set(loaded)


def test_a_renamed_table_is_read_anew(make: Maker) -> None:
    """The name of a file can decide its split, so a renamed file is not the same source."""
    path = make.table("train.csv", "emotion,pixels", [(3, make.pixels(1))])
    assert layouts.read(path, coding="fer2013").split_names == ("train",)
    renamed = path.rename(path.with_name("test.csv"))
    assert (
        layouts.read(renamed, coding="fer2013").split_names
        == layouts.read(renamed, coding="fer2013", cache=False).split_names
        == ("test",)
    )


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, isolated_cache: Path) -> None:
    assert cache.folder() == isolated_cache
    monkeypatch.setenv("MIEN_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == platformdirs.user_cache_path("mien", appauthor=False)


def test_the_fingerprint_counts_names_and_contents(make: Maker) -> None:
    make.file("one/a.txt", "x")
    make.file("one/b/c.txt", "y")
    make.file("two/a.txt", "x")
    make.file("two/b/c.txt", "y")
    one, two = make.root / "one", make.root / "two"
    assert cache.fingerprint(one) == cache.fingerprint(two)
    assert cache.fingerprint(one, {one / "b" / "c.txt": "b/c.txt", one / "a.txt": "a.txt"}) == cache.fingerprint(one)
    make.file("two/b/c.txt", "z")
    assert cache.fingerprint(one) != cache.fingerprint(two)
    make.file("two/b/c.txt", "y").rename(two / "b" / "d.txt")
    assert cache.fingerprint(one) != cache.fingerprint(two)


def test_only_the_user_may_read_it(data: Path, isolated_cache: Path) -> None:
    (isolated_cache / "facesets").mkdir(mode=0o755)  # as an older mien made it
    layouts.read(data)
    (entry,) = entries(isolated_cache)
    assert entry.stat().st_mode & 0o777 == 0o600
    assert entry.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("value", ["off", "OFF", "0", "no", "false", "none", " off "])
def test_every_way_to_say_off_is_off(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_CACHE", value)
    assert cache.folder() is None
    monkeypatch.setenv("MIEN_CACHE", "~/kept")
    assert cache.folder() == Path.home() / "kept"


def test_it_can_be_turned_off(data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIEN_CACHE", "off")
    assert len(layouts.read(data)) == 8
    assert cache.contents() == cache.Contents(None, 0, 0)
    assert not (tmp_path / "off").exists()


def test_what_was_used_least_recently_makes_room(isolated_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faces = FaceSet.from_arrays(np.zeros((2, 8, 8), np.uint8), [0, 1], ("happy", "sad"))
    for number, key in enumerate("abc"):
        cache.save(key, faces)
        os.utime(isolated_cache / "facesets" / f"{key}.npz", (number, number))
    size = cache.contents().bytes // 3
    assert cache.load("a") is not None
    monkeypatch.setattr(cache, "LIMIT", 3 * size)
    cache.save("d", faces)
    assert sorted(path.stem for path in entries(isolated_cache)) == ["a", "c", "d"]
    monkeypatch.setattr(cache, "LIMIT", size - 1)
    cache.save("e", faces)
    assert entries(isolated_cache) == []


def test_it_is_told_and_cleared(data: Path, isolated_cache: Path, invoke: Callable[..., tuple[int, str, str]]) -> None:
    layouts.read(data)
    (isolated_cache / "notes.txt").write_text("the user's own")
    size = entries(isolated_cache / "facesets")[0].stat().st_size
    code, out, _ = invoke("data", "cache", "--json")
    record = {"folder": str(isolated_cache), "entries": 1, "bytes": size, "removed": 0, "limit": cache.LIMIT}
    assert (code, json.loads(out)) == (0, record)
    code, out, _ = invoke("data", "cache", "--clear")
    assert (code, out.startswith(f"{isolated_cache}: 1 set of faces, 0.0 MB removed")) == (0, True)
    assert [path.name for path in entries(isolated_cache)] == ["notes.txt"]
