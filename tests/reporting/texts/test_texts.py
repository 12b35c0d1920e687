"""The texts: the same in both languages, all used, and counting rightly."""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest

from mien import emotions
from mien.reporting import svg, texts
from mien.reporting.plots import probing, scores


def texts_of(lang: str) -> dict[str, str]:
    place = resources.files("mien.reporting.texts") / f"{lang}.toml"

    def flat(table: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
        for key, value in table.items():
            if isinstance(value, dict):
                yield from flat(value, f"{prefix}{key}.")
            else:
                yield prefix + key, value

    return dict(flat(tomllib.loads(place.read_text(encoding="utf-8")), ""))


def placeholders(text: str) -> set[str]:
    """The names that a text takes, without the plurals that it makes of them."""
    names = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    return {name.partition("|")[0] for name in names}


@pytest.mark.parametrize(("num", "words"), [(1, "1 epoch."), ("1", "1 epoch."), (0, "0 epochs."), (21, "21 epochs.")])
def test_a_text_counts_in_the_right_number(num: object, words: str) -> None:
    assert texts.Texts("en")("tune.as_it_is", number=3, accuracy="50%", epochs=num).endswith(words)
    assert str(num) in texts.Texts("zh-TW")("tune.as_it_is", number=3, accuracy="50%", epochs=num)


def test_languages_have_the_same_keys_and_placeholders() -> None:
    english, chinese = texts_of("en"), texts_of("zh-TW")
    assert list(english) == list(chinese)
    assert {key: placeholders(text) for key, text in english.items()} == {
        key: placeholders(text) for key, text in chinese.items()
    }
    assert all(english.values())
    assert all(chinese.values())


def test_every_text_is_used() -> None:
    place = resources.files("mien.reporting")
    folders = [place, *(place / name for name in ("texts", "pages", "templates"))]
    parts = [part for folder in folders for part in folder.iterdir() if part.name.endswith((".py", ".j2"))]
    source = "".join(part.read_text(encoding="utf-8") for part in parts)
    built = [
        "classes",
        "splits",
        "plots",
        "probe_plots",
        "study_plots",
        "tune_plots",
        "diagram",
        "layers",
        "scores",
        "robust.name",
        "robust.unit",
    ]
    built += ["techniques.name", "techniques.setting", "techniques.why", "study.arms", "study.question", "study.score"]
    for key in texts_of("en"):
        group, _, last = key.rpartition(".")
        assert group in built or key in source or f'"{last}"' in source or re.search(rf"{group}\.\w*\{{", source), key


def test_words_of_the_plots_are_those_of_the_english_texts() -> None:
    tables = texts.Texts("en").tables
    assert tables["plots"] == scores.WORDS
    assert tables["probe_plots"] == probing.WORDS
    assert tables["diagram"] == svg.DIAGRAM_WORDS
    assert list(tables["classes"]) == list(emotions.ALL_EMOTIONS)
