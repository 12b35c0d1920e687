from __future__ import annotations

import dataclasses
import typing
from pathlib import Path
from typing import Any

import pytest

from mien import recipes
from mien.errors import ArgumentError, RecipeError
from mien.recipes import Augment, Recipe
from mien.run_record import Hardware
from mien.training import job, networks


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_each_recipe_is_named_as_it_is_called_and_builds(name: str) -> None:
    recipe = recipes.get(name)
    assert recipe.name == name
    networks.build(recipe.network, 7, recipe.image_size)


def test_the_reports_recipe_is_the_reports() -> None:
    recipe = recipes.get("vgg")
    assert (recipe.network, recipe.image_size, recipe.batch_size, recipe.hold_out) == ("vgg", 64, 128, 0.12)
    assert (recipe.optimizer, recipe.epochs, recipe.stop_accuracy) == ("sgd", 1000, 0.66)
    augment = recipe.augment
    assert all((augment.flip, augment.rotation, augment.blur, augment.noise, augment.perspective))
    assert not any((augment.translation, augment.shear, augment.brightness, augment.erase))


def test_settings_change_fields_by_their_type() -> None:
    settings = [
        "epochs=15",
        "learning_rate=0.05",
        "nesterov=no",
        "schedule=cosine",
        "augment.scale=0.9,1.1",
        "augment.flip=0",
        "valid_split=valid",
    ]
    recipe = recipes.get("base", settings)
    assert (recipe.epochs, recipe.learning_rate, recipe.nesterov, recipe.schedule, recipe.valid_split) == (
        15,
        0.05,
        False,
        "cosine",
        "valid",
    )
    assert (recipe.augment.scale, recipe.augment.flip) == ((0.9, 1.1), 0.0)
    assert recipe.augment.rotation == recipes.base().augment.rotation


@pytest.mark.parametrize(
    "settings",
    [
        [],
        ["epochs=15", "nesterov=false", "augment.scale=0.1,1.7", "learning_rate=3e-05"],
        ["augment=none", "valid_split=dev"],
    ],
)
def test_changes_make_a_recipe_again(settings: list[str]) -> None:
    recipe = recipes.get("base", settings)
    assert recipes.get("base", recipes.changes(recipe)) == recipe
    assert bool(recipes.changes(recipe)) == bool(settings)


def test_augmentation_can_be_turned_off_and_parts_on_again() -> None:
    assert recipes.get("base", ["augment=none"]).augment == Augment(flip=0.0)
    assert recipes.get("base", ["augment=none", "augment.flip=0.5"]).augment == Augment()


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_a_recipe_survives_json(name: str) -> None:
    import json

    recipe = recipes.get(name)
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_every_field_is_explained() -> None:
    for cls in (recipes.Recipe, recipes.Augment):
        hints = typing.get_type_hints(cls, include_extras=True)
        for field in dataclasses.fields(cls):
            text = hints[field.name].__metadata__[-1]
            assert isinstance(text, str), field.name
            assert text.endswith("."), field.name


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("epochs", "'epochs' is not a setting: write it as field=value"),
        ("epoch=3", "no setting 'epoch': choose network, image_size, epochs"),
        ("augment.spin=3", "no setting 'augment.spin': choose augment.flip"),
        ("augment=much", "augment=much doesn't fit: choose none, robust, strong"),
        ("name=mine", "no setting 'name'"),
        ("epochs=0", "epochs=0 doesn't fit: it must be a whole number from 1"),
        ("epochs=many", "epochs=many doesn't fit: it must be a whole number"),
        ("epochs=1.5", "epochs=1.5 doesn't fit: it must be a whole number"),
        ("batch_size=1", "batch_size=1 doesn't fit: it must be a whole number from 2"),
        ("learning_rate=0", "learning_rate=0.0 doesn't fit"),
        ("learning_rate=nan", "learning_rate=nan doesn't fit"),
        ("momentum=1", "momentum=1.0 doesn't fit: it must be a number from 0 to below 1"),
        ("nesterov=maybe", "nesterov=maybe doesn't fit: it must be true or false"),
        ("momentum=0", "nesterov=True doesn't fit: it must be false where momentum is 0"),
        ("optimizer=adam", "optimizer=adam doesn't fit: it must be one of sgd, adamw"),
        ("schedule=step", "schedule=step doesn't fit: it must be one of linear, cosine, constant"),
        ("hold_out=0.95", "hold_out=0.95 doesn't fit: it must be a number above 0 and below 0.9"),
        ("hold_out=0", "hold_out=0.0 doesn't fit"),
        ("label_smoothing=1", "label_smoothing=1.0 doesn't fit"),
        ("votes=2", "votes=2.0 doesn't fit: it must be a number from 0 to 1"),
        ("patience=-1", "patience=-1 doesn't fit"),
        ("seed=-1", "seed=-1 doesn't fit"),
        ("clip_norm=-1", "clip_norm=-1.0 doesn't fit"),
        ("image_size=8", "image_size=8 doesn't fit: it must be a whole number from 16 to 512"),
        ("augment.flip=2", "augment.flip=2.0 doesn't fit: it must be a number from 0 to 1"),
        ("augment.scale=1.2,0.8", "augment.scale=1.2,0.8 doesn't fit: it must be two numbers"),
        ("augment.scale=1", "augment.scale=1 doesn't fit: it must be two numbers with a comma"),
        ("augment.rotation=-5", "augment.rotation=-5.0 doesn't fit"),
        ("augment.perspective=0.9", "augment.perspective=0.9 doesn't fit"),
        ("augment.noise=nan", "augment.noise=nan doesn't fit"),
    ],
)
def test_bad_settings_say_what_would_fit(setting: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        recipes.get("base", [setting])
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("change", [{"schedule": "cosin"}, {"optimizer": "adam"}, {"epochs": 1.5}, {"seed": True}])
def test_python_callers_are_checked_too(change: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match="doesn't fit"):
        dataclasses.replace(recipes.base(), **change)


def test_a_recipe_of_ones_own_has_no_settings() -> None:
    assert recipes.changes(dataclasses.replace(recipes.base(), name="mine")) == []


def test_an_unknown_recipe_lists_the_known() -> None:
    with pytest.raises(RecipeError, match="no recipe 'best': choose vgg, large, base, tiny, demo"):
        recipes.get("best")


@pytest.mark.parametrize("values", [{}, {"augment": 3}, {"augment": {}, "name": "x"}, {"augment": {"spin": 1}}])
def test_a_damaged_recipe_says_so(values: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match="doesn't fit this version"):
        Recipe.from_dict(values)


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


def test_a_network_that_cant_be_built_leaves_no_run(faces_file: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="must be a multiple of 16, not 50"):
        job.start(faces_file, recipes.get("vgg", ["image_size=50"]), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def wrong_values() -> list[tuple[type[Any], str, object]]:
    """For each field of Recipe and Augment a value of another kind, and numbers that are none."""
    odd: list[object] = ["no", 1.5, [1], None, float("nan"), 10**12, -1, b"x", True]
    cases = []
    for cls in (Recipe, Augment):
        for field in dataclasses.fields(cls):
            kind = typing.get_type_hints(cls)[field.name]
            cases += [(cls, field.name, value) for value in odd if not fits_by_kind(kind, value)]
    return cases


def fits_by_kind(kind: Any, value: object) -> bool:
    """Kept apart from mien.checks: the plain reading of an annotation."""
    if kind is float:
        return type(value) in (int, float) and value == value
    if kind is int:
        return type(value) is int
    return kind in (bool, str) and type(value) is kind


@pytest.mark.parametrize(("cls", "name", "value"), wrong_values())
def test_each_field_refuses_values_of_another_kind(cls: type[Any], name: str, value: object) -> None:
    original: Any = recipes.base() if cls is Recipe else Augment()
    with pytest.raises(RecipeError, match=f"{name}=.* doesn't fit: it must be "):
        dataclasses.replace(original, **{name: value})


def test_a_recipe_names_a_network_that_there_is() -> None:
    assert set(typing.get_args(typing.get_type_hints(Recipe)["network"])) == set(networks.NETWORKS)
    with pytest.raises(
        RecipeError,
        match="network=nope doesn't fit: it must be one of vgg, large, large_wide, large_deep, base, tiny",
    ):
        dataclasses.replace(recipes.base(), network="nope")  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"hardware": "cpu"}, {"recipe": "tiny"}, {"out": 3}, {"data": None}])
def test_a_training_refuses_arguments_of_another_kind_before_it_writes(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=f"{next(iter(wrong))}=.* doesn't fit"):
        job.start(**{"data": tmp_path / "d", "recipe": recipes.demo(), "out": tmp_path / "run", **wrong})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "wrong", [{"precision": "fp16"}, {"precision": None}, {"device": 3}, {"device": "tpu"}, {"speed": 1}]
)
def test_hardware_that_there_is_not_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=f"{next(iter(wrong))}=.* doesn't fit"):
        Hardware(**wrong)


def test_a_recipe_is_named_by_a_text_or_a_path(tmp_path: Path) -> None:
    recipes.write(tmp_path / "own.toml", recipes.get("tiny", "epochs=3"))
    assert recipes.get(tmp_path / "own.toml").epochs == 3
    wrong: Any = 3
    with pytest.raises(ArgumentError, match="name=3 doesn't fit"):
        recipes.get(wrong)
    with pytest.raises(RecipeError, match="3 is not a setting"):
        recipes.get("tiny", [wrong])
