from __future__ import annotations

from pathlib import Path

import pytest

from mien import files
from mien.errors import OutputError


def test_a_file_appears_whole(tmp_path: Path) -> None:
    files.write_json(tmp_path / "a.json", {"név": 1})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "név": 1\n}\n'
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_failure_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail_in_the_middle() -> None:
        with files.whole(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail_in_the_middle()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_missing_folder_and_a_folder_as_target_say_so(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"the folder '.*nope' does not exist; make it first"):
        files.write_text(tmp_path / "nope" / "a.txt", "x")
    with pytest.raises(OutputError, match="is a folder: choose the name of a file"):
        files.write_text(tmp_path, "x")
