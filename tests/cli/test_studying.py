"""The verb study."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mien.cli.studying import NAMES
from mien.data import layouts
from mien.experiments import arms as known_arms

Invoke = Callable[..., tuple[int, str, str]]


def test_the_command_line_knows_every_study() -> None:
    assert tuple(known_arms.STUDIES) == NAMES


def test_a_study_trains_its_arms_once_and_goes_on_where_it_was(
    faces_file: Path, tmp_path: Path, invoke: Invoke
) -> None:
    words = [
        "study",
        "labels",
        faces_file,
        "--recipe",
        "demo",
        "--set",
        "epochs=1",
        "--set",
        "image_size=16",
        "--seeds",
        "1",
    ]
    words += ["--out", tmp_path / "s", "--json"]
    code, printed, said = invoke(*words)
    assert code == 0, said
    first = json.loads(printed)
    assert said.count("run folder") == 2
    assert [(arm["arm"]["key"], arm["arm"]["value"]) for arm in first["arms"]] == [
        ("hard_labels", None),
        ("smoothed", 0.1),
    ]
    assert first["n"] == (layouts.read(faces_file).splits == "test").sum()
    (tmp_path / "s" / "labels.json").unlink()  # as if it had been stopped before the last step
    code, printed, said = invoke(*words)
    assert code == 0, said
    assert said.count("run folder") == 0
    second = json.loads(printed)
    assert [arm["compared"] for arm in second["arms"]] == [arm["compared"] for arm in first["arms"]]
    assert json.loads((tmp_path / "s" / "labels.json").read_text())["arms"] == second["arms"]
    page = Path(second["page"]).read_text(encoding="utf-8")
    assert "<svg" in page
    assert "hard labels" in page


@pytest.mark.parametrize(
    ("words", "message"),
    [(("--seeds", "0"), "'--seeds'"), (("--cpus-per-run", "2"), "--cpus-per-run is for --engine ray"), (("--engine", "abacus"), "'--engine'")],
)  # fmt: skip
def test_what_does_not_fit_is_a_usage_error(
    invoke: Invoke, faces_file: Path, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    code, _, err = invoke("study", "labels", faces_file, *words, "--out", tmp_path / "s")
    assert (code, message in err, (tmp_path / "s").exists()) == (2, True, False), err
