"""The verbs on data sets, as a user types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mien import images
from mien.data.faceset import FaceSet

Invoke = Callable[..., tuple[int, str, str]]


def test_data_info_tells_what_is_there(invoke: Invoke, faces_file: Path, faces: FaceSet, tmp_path: Path) -> None:
    code, out, _ = invoke("data", "info", faces_file, "--json")
    described = json.loads(out)
    assert code == 0
    assert described["hash"] == faces.hash
    assert described["splits"]["train"]["rows"] == 280
    assert sum(described["splits"]["test"]["shares"].values()) == pytest.approx(1)
    code, out, _ = invoke("data", "info", faces_file, "--augmented", tmp_path / "seen.png", "--recipe", "vgg")
    assert "350 faces of 48x48" in out
    assert "dropped rows  none" in out
    assert images.decode(tmp_path / "seen.png", "L").shape == (6 * 64, 10 * 64)  # at the recipe's size


def test_data_draw_and_convert_go_round(invoke: Invoke, tmp_path: Path) -> None:
    assert invoke("data", "draw", tmp_path / "a.parquet", "--num", 40, "--seed", 3)[0] == 0
    assert invoke("data", "convert", tmp_path / "a.parquet", tmp_path / "folders", "--size", 32)[0] == 0
    code, out, _ = invoke("data", "info", tmp_path / "folders", "--json")
    assert (code, json.loads(out)["rows"], json.loads(out)["size"]) == (0, 40, [32, 32])


def test_dropped_rows_are_named(invoke: Invoke, tmp_path: Path) -> None:
    pixels = " ".join(["7"] * 2304)
    (tmp_path / "fer2013.csv").write_text(
        f"emotion,pixels,Usage\n0,{pixels},Training\n9,{pixels},Training\n3,1 2 3,Training\n"
    )
    code, out, _ = invoke("data", "info", tmp_path / "fer2013.csv")
    assert code == 0
    assert "dropped rows  2" in out
    assert "unknown class code '9'" in out
