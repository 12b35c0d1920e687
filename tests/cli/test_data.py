"""The verbs on data sets, as a user types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mien import images, read
from mien.data import store
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


def test_the_verb_writes_page_and_clean_data(invoke: Invoke, planted: FaceSet, tmp_path: Path) -> None:
    data, page, cleaned = (tmp_path / name for name in ("faces.parquet", "audit.html", "clean.parquet"))
    store.write_parquet(planted, data)
    code, out, err = invoke("data", "audit", data, "-o", page, "--write", cleaned, "--json")
    record = json.loads(out)
    assert code == 0, err
    assert record["leakage"][0]["near"] == 2
    assert record["groups"][0]["labels"] == 2
    assert {"name", "split", "label", "reading"} <= set(record["label_issues"]["rows"][0])
    assert record["written"]["rows"] == len(read(cleaned))
    assert "<title>Data audit" in page.read_text(encoding="utf-8")

    code, out, err = invoke("data", "audit", data, "--model", "tiny", "--correlation", "0.99", "--mirrored")
    assert code == 0, err
    assert "duplicates across splits" in out
    assert "its training rows are unknown" not in out  # tiny's file tells
    code, out, _ = invoke("evaluate", "tiny", data, "--without-duplicates-of", data, "--json")
    assert (code, json.loads(out)["without_duplicates_of"]["left_out"]) == (0, 2)


def test_the_verb_refuses_before_it_works(invoke: Invoke, tmp_path: Path) -> None:
    for arguments, message in (
        (("--remove", "faces"), "There is no 'faces' to drop"),
        (("--fix", "blank"), "There is no 'blank' to fix"),
        (("--model", tmp_path / "no.onnx"), "no.onnx"),
    ):
        code, out, err = invoke("data", "audit", tmp_path / "no.parquet", *arguments)
        assert (code, out) == (1, "")
        assert message in err
        assert "copies:" not in err
    assert invoke("data", "audit", tmp_path, "--correlation", "2")[0] == 2
