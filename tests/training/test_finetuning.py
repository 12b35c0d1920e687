from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mien
from mien import Classifier, recipes
from mien.data import store
from mien.data.faceset import FaceSet
from mien.errors import DataError, ModelFileError, RecipeError
from mien.progress import Lines
from mien.run import Run
from mien.training import finetuning, job, pretrained

SHORT = ["epochs=1", "batch_size=16"]


@pytest.fixture
def own_file(faces: FaceSet, tmp_path: Path) -> Path:
    """Faces of three classes that no model knows."""
    rows = np.isin(faces.labels, (0, 3, 5))
    labels = np.searchsorted((0, 3, 5), faces.labels[rows])
    own = replace(faces.select(rows), labels=labels, classes=("pain", "joy", "calm"), votes=None)
    store.write_parquet(own, tmp_path / "own.parquet")
    return tmp_path / "own.parquet"


def test_the_recipe_takes_network_and_size_from_the_model(run: Run) -> None:
    recipe = finetuning.recipe_for(run.model_file, settings="epochs=3")
    assert (recipe.name, recipe.network, recipe.image_size, recipe.epochs) == ("finetune", "tiny", 48, 3)
    assert recipe.init == str(run.model_file)
    assert recipes.get("finetune", recipes.changes(recipe)) == recipe


def test_without_a_model_the_recipe_starts_from_base() -> None:
    recipe = recipes.get("finetune")
    assert recipe.init == "base"
    finetuning.check(recipe, pretrained.load("base"))


@pytest.mark.parametrize(
    ("name", "setting", "message"),
    [
        ("base", (), "network=base doesn't fit: init='tiny' has network=tiny"),
        ("finetune", ("network=base",), "network=base doesn't fit"),
        ("finetune", ("image_size=64",), "image_size=64 doesn't fit: init='tiny' has image_size=48"),
    ],
)
def test_a_recipe_for_another_network_or_size_is_refused(name: str, setting: tuple[str, ...], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        finetuning.recipe_for("tiny", name, setting)


def test_training_refuses_it_too_and_makes_no_folder(faces_file: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="image_size=40"):
        job.start(faces_file, recipes.get("tiny", ["init=tiny", "image_size=40"]), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_new_last_layer_is_right_before_training(
    own_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = finetuning.recipe_for("tiny", settings=[*SHORT, "learning_rate=1e-7", "hold_out=0.3"])
    own = job.start(own_file, recipe, tmp_path / "run", progress=Lines(print))
    assert own.history[-1].valid_accuracy > 0.6  # of three classes
    assert "the last is new, for 3 classes (pain, joy, calm)" in capsys.readouterr().out


def test_the_model_file_tells_where_it_comes_from(own_file: Path, tmp_path: Path) -> None:
    run = mien.train(own_file, recipes.get("finetune", [*SHORT, "network=tiny"]), tmp_path / "run", init="tiny")
    model, source = Classifier.load(run.model_file), Classifier.load("tiny")
    assert model.spec.training["init"] == {"name": "tiny", "sha256": pretrained.digest("tiny")}
    assert model.classes == ("pain", "joy", "calm")
    assert model.seen is not None
    assert source.seen is not None
    assert np.isin(source.seen.learned, model.seen.learned).all()
    assert len(model.seen.learned) > len(source.seen.learned)


def test_the_same_classes_in_another_order_keep_their_rows(
    faces: FaceSet, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    turned = replace(faces, classes=faces.classes[::-1], labels=len(faces.classes) - 1 - faces.labels, votes=None)
    store.write_parquet(turned, tmp_path / "turned.parquet")
    recipe = finetuning.recipe_for(run.model_file, settings=[*SHORT, "learning_rate=1e-7"])
    more = job.start(tmp_path / "turned.parquet", recipe, tmp_path / "run", progress=Lines(print))
    assert more.history[0].valid_accuracy == pytest.approx(max(row.valid_accuracy for row in run.history), abs=0.1)
    assert "with its 7 classes, in the order of the data" in capsys.readouterr().out


def test_a_model_of_another_package_and_one_class_are_refused(faces: FaceSet, tmp_path: Path) -> None:
    (tmp_path / "other.onnx").write_bytes(b"no model")
    with pytest.raises(ModelFileError, match="not a valid ONNX file"):
        finetuning.recipe_for(tmp_path / "other.onnx")
    with pytest.raises(ModelFileError, match="There is no model file"):
        finetuning.recipe_for("nothing")
    few = [*np.flatnonzero(faces.labels == 3)[:4], *np.flatnonzero(faces.labels == 4)[:4]]
    store.write_parquet(faces.select(np.array(few)), tmp_path / "few.parquet")
    with pytest.raises(DataError, match="Fine-tuning needs at least 10 training faces: there are 7, and 1 held out"):
        job.start(tmp_path / "few.parquet", finetuning.recipe_for("tiny"), tmp_path / "run")
    store.write_parquet(faces.select(faces.labels == 3), tmp_path / "one.parquet")
    with pytest.raises(DataError, match="fewer than two classes"):
        job.start(tmp_path / "one.parquet", finetuning.recipe_for("tiny"), tmp_path / "run")
    assert not (tmp_path / "run").exists()
