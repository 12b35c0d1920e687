from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.errors import RecipeError
from mien.experiments import studies
from mien.experiments.results import StudyResult
from mien.reporting.pages import study as study_page
from mien.run import Run
from mien.training.task import Task

Invoke = Callable[..., tuple[int, str, str]]


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
    answers = result.answers
    assert answers is not None
    for arm in result.arms:
        right = answers.predicted[arm.arm] == answers.labels
        assert float(right.mean()) == pytest.approx(arm.compared.scores[0]["accuracy"])  # of the first seed
    assert list(answers.confidence) == [arm.arm for arm in result.arms[:4]]  # decision rules have none of their own
    assert len(answers.faces) == result.n
    assert "answers" not in result.to_dict()
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
