from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mien import locks
from mien.errors import OutputError

HOLD = """
import sys
from pathlib import Path
from mien.locks import locked
with locked(Path(sys.argv[1]), "busy"):
    print(flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_another_process_is_refused_until_the_holder_ends(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "it"
    path.mkdir() if kind == "folder" else path.touch()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(OutputError, match="it is busy"), locks.locked(path, "it is busy"):
        pass
    threading.Timer(0.3, holder.kill).start()
    with locks.locked(path, "it is busy", patience=30):
        assert holder.wait() == -9
    holder.communicate()
    assert list(tmp_path.iterdir()) == [path]


def test_two_holders_in_one_process_exclude_each_other(tmp_path: Path) -> None:
    with locks.locked(tmp_path, "busy"):
        assert locks.Lock.take(tmp_path) is None
    lock = locks.Lock.take(tmp_path)
    assert lock is not None
    lock.release()
    lock.release()


def test_what_was_removed_meanwhile_can_not_be_locked(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="can't be written to: No such file"),
        locks.locked(tmp_path / "absent", "busy"),
    ):
        pass


def test_a_file_system_without_locks_keeps_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    first, second = locks.Lock.take(tmp_path), locks.Lock.take(tmp_path)
    assert first is not None
    assert second is not None
    assert (first.real, second.real) == (False, False)
    first.release()
    second.release()
