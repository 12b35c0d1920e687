"""Recipes in TOML files."""

from __future__ import annotations

from pathlib import Path

import pytest

from mien import recipes
from mien.errors import RecipeError


@pytest.mark.parametrize(
    "settings",
    [
        [],
        ["epochs=15", "nesterov=false", "augment.scale=0.1,1.7", "learning_rate=3e-05", "valid_split=dev"],
        ["augment=none", 'teacher=C:\\dir "x"\t\x7f\N{GRINNING FACE}.onnx', "distillation_weight=0.25"],
    ],
)
def test_a_recipe_survives_its_file(settings: list[str], tmp_path: Path) -> None:
    recipe, path = recipes.get("base", settings), tmp_path / "mine.toml"
    recipes.write(path, recipe, ["made by hand\nepochs = 3", "", "\x00"])
    assert recipes.get(str(path)) == recipe
    assert recipes.get(str(path), ["epochs=7"]).epochs == 7


def test_a_recipes_file_is_written_as_one_would(tmp_path: Path) -> None:
    recipe = recipes.get("tiny", ["epochs=15", "augment.scale=0.9,1.2", "augment.rotation=12.5"])
    recipes.write(tmp_path / "mine.toml", recipe, ["found by hand"])
    assert (tmp_path / "mine.toml").read_text() == (
        '# found by hand\nrecipe = "tiny"\nepochs = 15\n\n[augment]\nrotation = 12.5\nscale = [0.9, 1.2]\n'
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", 'not a recipe: it needs a line such as  recipe = "tiny"'),
        (b"recipe = 3", "it needs a line"),
        (b'recipe = "best"', "no recipe 'best': choose vgg"),
        (b'recipe = "other.toml"', "no recipe 'other.toml'"),
        (b'recipe = "tiny"\nepoch = 3', "no setting 'epoch'"),
        (b'recipe = "tiny"\nname = "x"', "no setting 'name'"),
        (b'recipe = "tiny"\nepochs = 1.5', "epochs=1.5 doesn't fit: it must be a whole number"),
        (b'recipe = "tiny"\nepochs = "many"', "epochs=many doesn't fit"),
        (b'recipe = "tiny"\nepochs = "3"', "epochs=3 doesn't fit: it must be a whole number, without quotes"),
        (b'recipe = "tiny"\nnesterov = "no"', "nesterov=no doesn't fit: it must be true or false, without quotes"),
        (b'recipe = "tiny"\nsync_norm = 1', "sync_norm=1 doesn't fit: it must be true or false"),
        (b'recipe = "tiny"\ninit = 1', "init=1 doesn't fit: it must be a string"),
        (b'recipe = "tiny"\n[augment]\njpeg = 50.0', "augment.jpeg=50.0 doesn't fit: it must be a whole number"),
        (b'recipe = "tiny"\nlearning_rate = nan', "learning_rate=nan doesn't fit"),
        (b'recipe = "tiny"\nlearning_rate = 2020-01-01', "learning_rate must be a number, a text"),
        (b'recipe = "tiny"\nepochs = {a = 1}', "epochs must be a number, a text"),
        (b'recipe = "tiny"\nepochs = [[1], 2]', "epochs must be a number, a text"),
        (b'recipe = "tiny"\nepochs = 0x' + b"f" * 9999, "is not a recipe: Exceeds the limit"),
        (b'recipe = "tiny"\n"epochs=3" = 4', "'epochs=3' is not a setting"),
        (b'recipe = "tiny"\naugment = "much"', "augment=much doesn't fit"),
        (b'recipe = "tiny"\naugment = 3', "augment=3 doesn't fit"),
        (b'recipe = "tiny"\n[augment]\nspin = 3', "no setting 'augment.spin'"),
        (b'recipe = "tiny"\n[augment]\nscale = [1, 2, 3]', "augment.scale=1,2,3 doesn't fit: it must be two numbers"),
        (b'recipe = "tiny"\nx = ' + b"[" * 9999, "is not a recipe"),
        (b"recipe = ", "is not a recipe: Invalid value"),
        (b"\xff\xfe", "is not a recipe: 'utf-8' codec"),
        (b"#" * 99_999, "is not a recipe: it is too large"),
    ],
)
def test_a_file_that_is_no_recipe_says_why(text: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(text)
    with pytest.raises(RecipeError, match=message):
        recipes.get(str(tmp_path / "bad.toml"))


def test_a_recipes_file_that_cant_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"none.toml' can't be read: No such file"):
        recipes.get(str(tmp_path / "none.toml"))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(RecipeError, match="can't be read: Is a directory"):
        recipes.get(str(tmp_path / "folder.toml"))
