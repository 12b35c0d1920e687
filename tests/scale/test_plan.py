"""The plan of a long scoring: one process at a time, and damage told in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

import scenes
from mien.errors import OutputError
from mien.scale import plan, scoring
from mien.scale.scoring import Options


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
                next(scoring.score([album], out, Options(model="tiny"), resume=resume))
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
