"""The verbs of the course: homework on the command line, and what it prints."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import homeworks
from mien import api
from mien.experiments import homework as homework_module
from mien.reporting import pdf
from mien.run import Run

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shared_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Every training of a homework is the run that the tests share."""
    monkeypatch.setattr(homework_module, "_train", lambda tasks, progress: homeworks.same(run)(tasks))
    return run


def small(*more: object) -> list[object]:
    return ["--recipe", "demo", "--epochs", 1, "--seeds", 2, *more]


def test_it_writes_page_model_and_predictions(
    shared_run: Run, invoke: Invoke, faces_file: Path, tmp_path: Path
) -> None:
    test = tmp_path / "test.csv"
    pixels = " ".join(["9"] * 2303 + ["8"])
    test.write_text(f"id,pixels\n0,{pixels}\n1,{pixels}\n")
    code, out, err = invoke("homework", faces_file, test, *small("--out", tmp_path / "hw", "--json", "--lang", "zh-TW"))
    assert code == 0, err
    told = json.loads(out)
    assert Path(told["page"]).read_text(encoding="utf-8").startswith('<!DOCTYPE html>\n<html lang="zh-TW"')
    assert Path(told["model"]).is_file()
    assert Path(told["predictions"]).read_text().splitlines()[0] == "id,label"
    assert (told["recipe"], told["epochs"], told["seeds"], told["pdf"]) == ("demo", 1, 2, None)
    assert 0 <= told["accuracy"]["interval"][0] <= told["accuracy"]["value"] <= told["accuracy"]["interval"][1] <= 1
    code, out, err = invoke("homework", faces_file, test, *small("--out", tmp_path / "hw"))
    assert code == 0, err
    assert "Data augmentation" in out
    assert str(tmp_path / "hw" / "homework.html") in out
    code, _, err = invoke("homework", faces_file, *small("--out", tmp_path / "hw"))
    assert (code, "holds a homework of other data or settings" in err) == (1, True), err


def test_a_pdf_without_a_browser_is_one_sentence(
    shared_run: Run, invoke: Invoke, faces_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "BROWSERS", ("no-such-browser",))
    code, _, err = invoke("homework", faces_file, *small("--out", tmp_path / "hw", "--pdf"))
    assert code == 0
    assert err.count("No PDF was written") == 1
    assert not list(tmp_path.rglob("*.pdf"))


def test_a_pdf_is_printed_where_there_is_a_browser(
    shared_run: Run, invoke: Invoke, faces_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "browser", lambda: "chromium")
    monkeypatch.setattr(pdf, "write", lambda path, page: shutil.copy(page, path))
    code, out, err = invoke("homework", faces_file, *small("--out", tmp_path / "hw", "--pdf", "--json"))
    assert code == 0, err
    assert Path(json.loads(out)["pdf"]) == tmp_path / "hw" / "homework.pdf"


def test_the_demo_is_the_quick_homework(invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def refuse(*arguments: Any, **named: Any) -> None:
        asked.append((arguments, named))
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "homework", refuse)
    for verb in (["demo"], ["homework", "--quick"]):
        code, _, err = invoke(*verb, "--out", tmp_path / "d")
        assert (code, "repeat the command to resume" in err) == (130, True)
    (_, demo), (positional, quick) = asked
    assert demo["quick"] is quick["quick"] is True
    assert positional[:2] == (None, None)
    assert demo["out"] == positional[2] == tmp_path / "d"
