"""What a study's page says, made of its figures."""

from __future__ import annotations

import json

import pytest

from experimental import study as result
from mien import typed_json
from mien.experiments.results import StudyResult
from mien.reporting.pages import study as study_page


def test_a_result_is_read_as_it_was_written() -> None:
    for study in (result(), result(seeds=1)):
        assert typed_json.parse(json.dumps(typed_json.to_json(study)), StudyResult) == study


def test_an_arm_differs_only_where_the_interval_of_all_arms_at_once_says_so() -> None:
    """Each arm's own interval lies above 0, that of all at once doesn't."""
    assert "no arm differs significantly from “none”" in study_page.as_text(result())
    told = study_page.as_text(result(family=(0.001, 0.04)))
    assert (
        "these arms are significantly above “none”, with intervals for all arms at once: horizontal flip only; all."
        in told
    )


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
@pytest.mark.parametrize(("accuracy", "told"), [(0.23, True), (0.255, True), (0.30, False)])
def test_a_study_in_which_nothing_was_learned_says_so(accuracy: float, told: bool, lang: str) -> None:
    """Of 1,000 faces a quarter are of one class; 27.5% are within chance of that, 32% are not."""
    words = {
        "en": "no arm is significantly better than always predicting the most frequent class (25.0%)",
        "zh-TW": "一律回答最常見的類別（25.0%）",
    }
    assert (words[lang] in study_page.as_text(result(accuracy), lang)) == told
    assert (words[lang] in study_page.render(result(accuracy), lang=lang)) == told


@pytest.mark.parametrize(("seeds", "words"), [(1, "With one seed"), (2, "With two seeds"), (3, "by Student&#39;s t")])
def test_the_page_says_what_its_number_of_seeds_can_tell(seeds: int, words: str) -> None:
    page = study_page.render(result(seeds=seeds))
    assert words in page
    assert ("With one seed" in page) == (seeds == 1)
