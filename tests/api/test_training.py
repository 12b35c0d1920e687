"""Training as Python callers begin it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from mien import api, recipes
from mien.errors import ArgumentError, RecipeError
from mien.run import Run
from mien.scale import training as on_ray
from mien.training import job
from mien.training.resuming import UNCHANGED, Changes


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """What is asked of the modules that train; nothing is trained."""
    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
    for place, module in (("here", job), ("ray", on_ray)):
        for name in ("start", "resume", "start_or_resume"):
            if hasattr(module, name):
                monkeypatch.setattr(
                    module, name, lambda *given, _at=f"{place} {name}", **more: calls.append((_at, given, more))
                )
    return calls


def test_a_training_takes_a_recipe_or_its_name_and_a_folder_or_none(asked: list[Any], tmp_path: Path) -> None:
    api.train("faces.csv", "demo", command=("mien", "train"))
    api.train("faces.csv", recipes.get("tiny", ["epochs=3"]), tmp_path / "run")
    (_, first, options), (_, second, _) = asked
    assert [call[0] for call in asked] == ["here start", "here start"]
    assert (first[0], first[1], options["command"]) == ("faces.csv", recipes.demo(), ("mien", "train"))
    assert re.fullmatch(r"demo-\d{8}-\d{6}", first[2].name)
    assert first[2].parent == Path("runs")
    assert (second[1].epochs, second[2]) == (3, tmp_path / "run")


def test_fields_of_the_recipe_are_keywords(asked: list[Any]) -> None:
    api.train("faces.csv", "demo", epochs=3, augment="none", seed=7)
    wanted = asked[0][1][1]
    assert wanted == recipes.get("demo", ["epochs=3", "augment=none", "seed=7"])
    for keyword, value, sentence in (
        ("epoch", 3, "no field of a recipe 'epoch': did you mean 'epochs'"),
        ("epochs", 0, "epochs=0 doesn't fit: it must be a whole number from 1 to 100,000"),
        ("epochs", "3", "epochs=3 doesn't fit"),
        ("augment", "much", "augment=much doesn't fit: choose none, robust, strong"),
    ):
        changes: dict[str, Any] = {keyword: value}
        with pytest.raises(RecipeError, match=sentence):
            api.train("faces.csv", "demo", **changes)


def test_a_wrong_keyword_names_the_near_one() -> None:
    with pytest.raises(ArgumentError, match="There is no argument of evaluate 'filp': did you mean 'flip'"):
        api.evaluate("tiny", "faces.csv", filp=True)  # type: ignore[call-arg]
    with pytest.raises(ArgumentError, match="flip='yes' doesn't fit: it must be true or false"):
        api.evaluate("tiny", "faces.csv", flip="yes")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="by='sex' doesn't fit: it must be a list of strings"):
        api.evaluate("tiny", "faces.csv", by="sex")


def test_workers_that_were_started_again_go_on(asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from mien.training import ranks

    monkeypatch.setattr(ranks, "started_again", lambda: True)
    api.train("faces.csv", "demo", "run")
    assert asked[0][0] == "here start_or_resume"


def test_several_workers_train_on_ray(asked: list[Any]) -> None:
    api.train("faces.csv", "demo", "run", workers=2)
    api.resume("run", workers=3)
    assert [(at, more["workers"]) for at, _, more in asked] == [("ray start", 2), ("ray resume", 3)]
    assert asked[1][2]["changes"] == UNCHANGED


def test_a_run_goes_on_with_its_changes(asked: list[Any]) -> None:
    api.resume("run", changes=Changes(epochs=9))
    api.resume("run")
    assert [(at, given, more["changes"]) for at, given, more in asked] == [
        ("here resume", ("run",), Changes(epochs=9)),
        ("here resume", ("run",), UNCHANGED),
    ]


def test_an_export_writes_the_runs_own_file_or_another(run: Run, tmp_path: Path) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    copied = Run.open(tmp_path / "run")
    copied.model_file.unlink()
    assert api.export(tmp_path / "run").classes == run.record.data.classes
    assert copied.model_file.exists()
    spec = api.export(run, tmp_path / "other.onnx")
    assert (tmp_path / "other.onnx").exists()
    both = api.ensemble([run, tmp_path / "run"], tmp_path / "both.onnx")
    assert (len(both.training["members"]), spec.classes) == (2, both.classes)
