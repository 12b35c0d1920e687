from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from mien import files, temporaries
from mien.errors import OutputError

KILLED = """
import os, sys
from mien import files
with files.atomic_write(sys.argv[1], sys.argv[2]) as temporary:
    temporary.mkdir() if sys.argv[2] == "folder" else temporary.write_text("half")
    print(flush=True)
    if sys.stdin.read() == "die":
        os.kill(os.getpid(), 9)
"""


def writer(target: Path, kind: str = "file") -> subprocess.Popen[str]:
    """A process in the middle of a write."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(target), kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "\n"
    return process


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporaries, "_due", {})


def test_the_next_write_sweeps_what_was_killed_and_nothing_else(tmp_path: Path) -> None:
    own = [".notes.personal", ".a.txt.x1y2z3w4", ".mien-notes", ".mien-0123.tmp"]
    for name in own:
        (tmp_path / name).mkdir()
    (tmp_path / ".mien-0123456789abcdef.tmp").write_text("a file of the user's")
    first, second = writer(tmp_path / "a.txt"), writer(tmp_path / "b", "folder")
    living = writer(tmp_path / "c.txt")
    for process in (first, second):
        process.communicate("die")
    assert len(hidden(tmp_path)) == len(own) + 1 + 3
    files.write_text(tmp_path / "another.txt", "x")
    assert len(hidden(tmp_path)) == len(own) + 1 + 1  # the living one's stays
    living.communicate("go on")
    assert hidden(tmp_path) == sorted([*own, ".mien-0123456789abcdef.tmp"])
    assert (tmp_path / "c.txt").read_text() == "half"
    assert not (tmp_path / "a.txt").exists()


def test_looking_for_what_is_left_takes_a_small_share_of_the_time(tmp_path: Path) -> None:
    for number in range(2000):
        (tmp_path / f"{number}.txt").touch()
    temporaries.sweep(tmp_path)
    before = temporaries._due[tmp_path]
    temporaries.sweep(tmp_path)
    assert temporaries._due[tmp_path] == before > time.monotonic()


def fill(folder: Path, name: str) -> Path:
    folder.mkdir()
    (folder / name).write_text(name)
    return folder


@pytest.mark.parametrize("can", [True, False])
def test_a_folder_takes_the_place_of_another(tmp_path: Path, can: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    target = fill(tmp_path / "set", "old")
    target.chmod(0o750)
    renamed: list[Path] = []
    if can:
        real = Path.rename

        def note(path: Path, to: Path) -> Path:
            renamed.append(to)
            return real(path, to)

        monkeypatch.setattr(Path, "rename", note)
    else:
        monkeypatch.setattr(temporaries, "_exchanged", lambda one, other: False)
    with files.atomic_write(target, "folder") as temporary:
        fill(temporary, "new")
    assert [path.name for path in target.iterdir()] == ["new"]
    assert target.stat().st_mode & 0o777 == 0o750
    assert list(tmp_path.iterdir()) == [target]
    if sys.platform == "linux":
        assert renamed == []  # it was exchanged in one step


def test_a_folder_killed_between_its_two_steps_is_put_in_its_place(tmp_path: Path) -> None:
    place = tmp_path / ".mien-0123456789abcdef.tmp"
    (place / "new").mkdir(parents=True)
    fill(place / "new" / "set", "new")
    fill(place / "old", "old")
    files.write_text(tmp_path / "x.txt", "x")
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["new"]
    assert hidden(tmp_path) == []


def test_a_failed_exchange_puts_the_old_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = fill(tmp_path / "set", "old")
    monkeypatch.setattr(temporaries, "_exchanged", lambda one, other: False)
    real = Path.rename

    def fail(path: Path, to: Path) -> Path:
        if path.parent.name == "new":
            raise OSError(28, "No space left on device")
        return real(path, to)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OutputError, match="No space left"), files.atomic_write(target, "folder") as temporary:
        fill(temporary, "new")
    assert [path.name for path in target.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [target]
