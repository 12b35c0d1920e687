"""The plan of a long scoring: one process at a time, and damage told in one sentence."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import scenes
from mien.errors import DataError, OutputError
from mien.inference.options import PhotoOptions
from mien.scale import plan, scoring
from packs import write_table, write_tar


@pytest.fixture
def album(tmp_path: Path) -> str:
    folder = tmp_path / "album"
    folder.mkdir()
    scenes.save(scenes.scene(side=100, width=160, height=120), folder / "a.png")
    return str(folder)


def test_two_at_once_are_kept_apart(tmp_path: Path, album: str) -> None:
    out = str(tmp_path / "rows")
    with plan.held(out):
        for resume in (False, True):
            with pytest.raises(OutputError, match=r"Another process is scoring into '.*rows': wait until it has ended"):
                next(scoring.score([album], out, PhotoOptions(model="tiny"), resume=resume))
    assert not Path(out).exists()  # nothing was written
    with plan.held(out):
        plan.begin(out, [album], {})
    assert Path(out, plan.MANIFEST).is_file()


def test_what_another_user_has_is_left(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    with plan.held(str(tmp_path / "rows")):
        pass
    assert (tmp_path / "rows").is_dir()  # it was there before
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is a file"), plan.held(str(tmp_path / "file")):
        pass


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "null",
        "[1]",
        "[" * 100_000,
        '{"settings": {}}',
        '{"settings": {}, "parts": "many"}',
        '{"settings": {}, "parts": -1}',
        "\udcff",
    ],
)
def test_a_damaged_manifest_is_one_sentence(tmp_path: Path, album: str, manifest: str) -> None:
    out = tmp_path / "rows"
    out.mkdir()
    plan.begin(str(out), [album], {})
    (out / plan.MANIFEST).write_text(manifest, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(OutputError, match=r"_manifest.json' is damaged: remove '.*' to start again"):
        plan.take_up(str(out), {})


@pytest.mark.parametrize("content", [b"", b"PAR1", b"x" * 100, None])
def test_a_damaged_plan_is_one_sentence(tmp_path: Path, album: str, content: bytes | None) -> None:
    out = tmp_path / "rows"
    out.mkdir()
    plan.begin(str(out), [album], {})
    assert [member.source for member in plan.members(str(out), 0)] == [f"{album}/a.png"]
    whole = (out / plan.PLAN).read_bytes()
    (out / plan.PLAN).write_bytes(whole[:-20] if content is None else content)
    with pytest.raises(OutputError, match=r"_plan' is damaged: remove '.*' to start again"):
        plan.members(str(out), 0)
    (out / plan.PLAN).write_bytes(whole)
    with pytest.raises(OutputError, match="_plan' is damaged"):
        plan.members(str(out), 7)


def test_a_plan_cuts_the_work_into_parts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "PHOTOS", 3)
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/photos/caf\xe9.jpg")
    (tmp_path / "photos").mkdir()
    for number in range(6):
        (tmp_path / "photos" / f"{number}.jpg").touch()
    Path(odd).touch()
    write_table(tmp_path / "t.parquet", [{"image": b"x"}] * 8, groups=2)
    write_tar(tmp_path / "t.tar", {})
    named = [str(tmp_path / name) for name in ("photos", "t.parquet", "t.tar")]
    out = str(tmp_path / "out")
    assert plan.begin(out, named, {"a": 1}) == 5
    parts = [[Path(member.source).name for member in plan.members(out, number)] for number in range(5)]
    assert parts == [
        ["0.jpg", "1.jpg", "2.jpg"],
        ["3.jpg", "4.jpg", "5.jpg"],
        [Path(odd).name, "t.parquet"],
        ["t.parquet"],
        ["t.tar"],
    ]
    assert plan.take_up(out, {"a": 1}) == 5
    with pytest.raises(OutputError, match="started with other sources, another model or other options"):
        plan.take_up(out, {"a": 2})


def test_an_output_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (tmp_path / "1.jpg").touch()
    (tmp_path / "empty").mkdir()
    assert not plan.check(str(out), resume=False)
    with pytest.raises(DataError, match="There are no pictures at the given places"):
        plan.begin(str(out), [str(tmp_path / "empty")], {})
    assert not out.exists()
    plan.begin(str(out), [str(tmp_path / "1.jpg")], {})
    with pytest.raises(OutputError, match="has the results of a stopped run: resume with --resume, or remove it"):
        plan.check(str(out), resume=False)
    assert not plan.check(str(out), resume=True)
    plan.finish(str(out), {"face": 1})
    with pytest.raises(OutputError, match="is already complete"):
        plan.check(str(out), resume=False)
    assert plan.check(str(out), resume=True)
    for place, message in (
        (tmp_path, "not results of mien"),
        (tmp_path / "1.jpg", "is a file"),
        (tmp_path / "a" / "b", "create it first"),
    ):
        with pytest.raises(OutputError, match=re.escape(message)):
            plan.check(str(place), resume=True)
