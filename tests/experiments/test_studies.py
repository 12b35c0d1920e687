from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien import recipes
from mien.cli.studying import NAMES
from mien.errors import RecipeError
from mien.experiments import arms as known_arms
from mien.experiments import studies
from mien.experiments.results import StudyResult
from mien.reporting.pages import study as study_page
from mien.reporting.texts import Texts
from mien.run import Run
from mien.training.task import Task

Invoke = Callable[..., tuple[int, str, str]]


def keys(study: str, recipe: str, *settings: str, votes: bool = True) -> list[str]:
    return [arm.key for arm in known_arms.STUDIES[study](recipes.get(recipe, settings), votes)]


def test_each_family_of_a_recipe_has_an_arm_of_its_own() -> None:
    assert keys("augmentation", "vgg") == [
        "none", "flip_alone", "warp_alone", "perspective_alone", "blur_alone", "noise_alone", "all",
    ]  # fmt: skip
    assert keys("augmentation", "tiny") == ["none", "flip_alone", "warp_alone", "tone_alone", "erase_alone", "all"]


def test_a_family_alone_is_that_family_alone() -> None:
    recipe = recipes.get("vgg")
    arms = {arm.key: recipes.changed(recipe, arm.settings).augment for arm in known_arms.augmentation(recipe, False)}
    assert arms["none"] == recipes.no_augment()
    assert arms["all"] == recipe.augment
    assert (arms["blur_alone"].blur, arms["blur_alone"].flip, arms["blur_alone"].rotation) == (1.0, 0.0, 0.0)
    assert (arms["warp_alone"].rotation, arms["warp_alone"].perspective) == (15.0, 0.0)


def test_votes_are_an_arm_only_where_the_data_has_them() -> None:
    assert keys("labels", "tiny", votes=False) == ["hard_labels", "smoothed"]
    assert "votes_only" in keys("labels", "tiny", votes=True)


@pytest.mark.parametrize("study", NAMES)
@pytest.mark.parametrize("recipe", ["vgg", "tiny", "base"])
def test_every_arm_is_a_recipe_and_has_a_name_in_every_language(study: str, recipe: str) -> None:
    start = recipes.get(recipe)
    arms = known_arms.STUDIES[study](start, True)
    made = [recipes.changed(start, arm.settings) for arm in arms]
    assert len(set(made)) == len(arms)
    assert {one.epochs for one in made} == {start.epochs}
    for lang in ("en", "zh-TW"):
        t = Texts(lang)
        shown = [study_page.arm_name(arm, t) for arm in arms]
        assert len(set(shown)) == len(arms)
        assert lang == "en" or all(
            name.replace(" ", "_") != arm.key for name, arm in zip(shown, arms, strict=True) if arm.key != "focal_loss"
        )
        assert all("{" not in name for name in shown)


def study(name: str, run: Run, faces_file: Path, num_seeds: int, asked: list[Task] | None = None) -> StudyResult:
    """A study whose every arm is the short training that the tests share: what comes after training is tested, not training."""

    def give(tasks: Sequence[Task]) -> list[Run]:
        (asked if asked is not None else []).extend(tasks)
        return [run] * len(tasks)

    place = run.folder.parent
    return studies.run(name, faces_file, run.recipe, place, num_seeds=num_seeds, train_all=give)


def test_imbalance_also_judges_other_rules_than_argmax(run: Run, faces_file: Path) -> None:
    asked: list[Task] = []
    result = study("imbalance", run, faces_file, 2, asked)
    shown = [str(arm.arm) for arm in result.arms]
    assert shown[:4] == ["plain", "class_weights", "focal_loss", "balanced_sampling"]
    assert "plain_logit_adjustment 1" in shown
    assert len(shown) == 9
    assert [task.recipe.seed for task in asked] == [0] * 4 + [1] * 4
    assert all(len(arm.compared.scores) == 2 for arm in result.arms)
    text = study_page.as_text(result, "zh-TW")
    assert "平衡抽樣" in text
    assert "{" not in text


def test_an_ensemble_of_one_model_twice_is_that_model(run: Run, faces_file: Path) -> None:
    result = study("ensemble", run, faces_file, 3)
    assert [(arm.arm.key, arm.arm.value) for arm in result.arms] == [("models", 1), ("models", 2), ("models", 3)]
    assert [len(arm.compared.scores) for arm in result.arms] == [3, 3, 1]
    last = result.arms[2].compared.difference
    assert last is not None
    np.testing.assert_allclose(last["accuracy"], 0, atol=1e-12)
    minutes = [float(np.mean(arm.minutes)) for arm in result.arms]
    np.testing.assert_allclose(minutes, [minutes[0], 2 * minutes[0], 3 * minutes[0]])
    assert "mien study ensemble" in study_page.render(result, command=("mien", "study", "ensemble"), lang="en")
    shares = zip(result.arms, (0.5, 0.75, 0.6), strict=True)
    voted = tuple(replace(arm, majority=(share,)) for arm, share in shares)  # as where the judged rows have votes
    told = study_page.as_text(replace(result, study="labels", arms=voted))
    assert "“2 models” is highest with 75.0%; “1 model” has 50.0%" in told


def test_what_makes_no_study_is_refused(run: Run, faces_file: Path, invoke: Invoke) -> None:
    with pytest.raises(RecipeError, match="two or more seeds"):
        study("ensemble", run, faces_file, 1)
    code, _, said = invoke("study", "labels", faces_file, "--split", "private_test", "--out", run.folder.parent / "no")
    assert (code, said.count("epoch")) == (1, 0)
    assert "has no split 'private_test'" in said
    code, _, said = invoke("study", "luck", faces_file)
    assert code == 2
    assert "augmentation" in said
