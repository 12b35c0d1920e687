"""What a study's page says, made of its figures."""

from __future__ import annotations

from typing import Any

import pytest

from mien.evaluation.metrics import SCORES
from mien.reporting.pages import study as study_page


def result(accuracy: float = 0.55, *, seeds: int = 3, num_arms: int = 3, **told: Any) -> dict[str, Any]:
    """A study of some arms, each 2 points better than the first; the interval of all at once is twice as wide as its own."""

    def arm(number: int) -> dict[str, Any]:
        mean = accuracy + (0.02 if number else 0.0)
        return {
            "name": f"arm {number}",
            "paired": True,
            "scores": [dict.fromkeys(SCORES, mean)] * seeds,
            "mean": dict.fromkeys(SCORES, mean),
            "sd": dict.fromkeys(SCORES, 0.001) if seeds > 1 else None,
            "difference": {score: [0.02, 0.005, 0.035] for score in SCORES} if number else None,
            "family": {score: [-0.01, 0.05] for score in SCORES} if number else None,
            "runs": [],
            "epochs": [3] * seeds,
            "minutes": [1.0] * seeds,
            "curve": [0.4, 0.5, 0.55],
        }

    return {
        "study": "augmentation",
        "recipe": "tiny",
        "settings": [],
        "seeds": list(range(seeds)),
        "data": "faces.csv",
        "data_hash": "0" * 64,
        "train_rows": 1000,
        "split": "test",
        "n": 1000,
        "majority": 0.25,
        "device": "cpu",
        "device_name": "",
        "processor": "a processor",
        "precision": "fp32",
        "threads": 1,
        "torch": "2",
        "mien": "0",
        "arms": [arm(number) for number in range(num_arms)],
        "arm_settings": {f"arm {number}": [] for number in range(num_arms)},
    } | told


def test_an_arm_differs_only_where_the_interval_of_all_arms_at_once_says_so() -> None:
    """Each arm's own interval lies above 0, that of all at once doesn't."""
    assert "no arm differs from “arm 0”" in study_page.as_text(result())
    study = result()
    for arm in study["arms"][1:]:
        arm["family"] = {score: [0.001, 0.04] for score in SCORES}
    assert "these lie above “arm 0” by more than chance would make them, all arms taken together: arm 1; arm 2." in (
        study_page.as_text(study)
    )


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
@pytest.mark.parametrize(("accuracy", "told"), [(0.23, True), (0.255, True), (0.30, False)])
def test_a_study_in_which_nothing_was_learned_says_so(accuracy: float, told: bool, lang: str) -> None:
    """Of 1,000 faces a quarter are of one class; 27.5% are within chance of that, 32% are not."""
    words = {
        "en": "No arm is right more often than always naming the most frequent class would be (25.0%)",
        "zh-TW": "一律回答最常見的類別（25.0%）",
    }
    assert (words[lang] in study_page.as_text(result(accuracy), lang)) == told
    assert (words[lang] in study_page.render(result(accuracy), lang=lang)) == told


@pytest.mark.parametrize(
    ("seeds", "words"), [(1, "With one seed"), (2, "Two seeds hardly tell"), (3, "by Student&#39;s t")]
)
def test_the_page_says_what_its_number_of_seeds_can_tell(seeds: int, words: str) -> None:
    page = study_page.render(result(seeds=seeds))
    assert words in page
    assert ("With one seed" in page) == (seeds == 1)
