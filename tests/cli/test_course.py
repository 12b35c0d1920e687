"""The verbs of the course, as far as they go without training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mien import api, recipes
from mien.reporting import pdf
from mien.reporting.pages import homework as pages

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What is asked of the homework; nothing is trained."""
    given: dict[str, Any] = {}
    (tmp_path / "homework.html").touch()

    def homework(data: Any = None, test: Any = None, out: Any = None, **options: Any) -> Any:
        given.update(options, data=data, test=test, out=out)
        return SimpleNamespace(page=tmp_path / "homework.html", to_dict=lambda: {"accuracy": 0.5})

    monkeypatch.setattr(api, "homework", homework)
    monkeypatch.setattr(pages, "as_text", lambda done, printed, lang, is_drawn: f"done, PDF: {printed}, {lang}")
    return given


def test_the_options_reach_the_homework(
    invoke: Invoke, asked: dict[str, Any], faces_file: Path, tmp_path: Path
) -> None:
    words = (
        "--recipe",
        "tiny",
        "--set",
        "batch_size=64",
        "--minutes",
        "5",
        "--epochs",
        "3",
        "--seeds",
        "2",
        "--drop",
        "fear",
    )
    code, out, err = invoke("homework", faces_file, "--out", tmp_path / "hw", *words, "--lang", "zh-TW")
    assert (code, out.strip()) == (0, "done, PDF: None, zh-TW"), err
    assert (asked["data"], asked["test"], asked["out"]) == (faces_file, None, tmp_path / "hw")
    assert asked["recipe"] == recipes.get("tiny", ["batch_size=64"])
    assert (asked["minutes"], asked["epochs"], asked["num_seeds"], asked["quick"]) == (5, 3, 2, False)
    assert asked["reading"].drop == ("fear",)


def test_a_demo_is_the_quick_homework_on_drawn_faces(invoke: Invoke, asked: dict[str, Any], tmp_path: Path) -> None:
    code, out, _ = invoke("demo", "--out", tmp_path / "demo", "--json")
    assert (code, '"accuracy": 0.5' in out, '"pdf": null' in out) == (0, True, True)
    assert (asked["data"], asked["quick"], asked["out"]) == (None, True, tmp_path / "demo")


def test_the_page_is_printed_where_there_is_a_browser(
    invoke: Invoke, asked: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[tuple[Path, Path]] = []
    monkeypatch.setattr(pdf, "write", lambda path, page: printed.append((path, page)))
    for browser in (None, "a-browser"):
        monkeypatch.setattr(pdf, "browser", lambda found=browser: found)
        code, out, err = invoke("demo", "--out", tmp_path / "demo", "--pdf")
        assert code == 0
        assert ("No PDF was written" in err) == (browser is None)
    assert printed == [(tmp_path / "homework.pdf", tmp_path / "homework.html")]
    assert str(tmp_path / "homework.pdf") in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("homework",), "Name DATA, or draw faces with --quick"),
        (("homework", "--quick", "--set", "batch_size=64"), "--set is for --recipe"),
        (("homework", "--quick", "--recipe", "tiny", "--set", "epochs=3"), "Set the number of epochs with --epochs"),
        (("homework", "--quick", "--seeds", "1"), "'--seeds'"),
    ],
)
def test_what_does_not_fit_is_a_usage_error(
    invoke: Invoke, asked: dict[str, Any], tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    code, _, err = invoke(*words, "--out", tmp_path / "hw")
    assert (code, message in err, asked) == (2, True, {}), err
