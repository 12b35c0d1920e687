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
from mien.errors import OutputError
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
    folders = [place, *(place / name for name in ("texts", "pages", "display", "templates"))]
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
        "explore",
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


@pytest.mark.parametrize(
    ("key", "values", "shown"),
    [
        ("robust.worst_one", {"name": "blur", "drop": 0.0123}, "1.2 points"),
        ("tune.rows", {"train": 28709, "n": 1}, "28,709 training rows, 1 held out"),
        ("scores.interval", {"low": 0.0, "high": 0.9999}, "95% interval 0.0% to >99.9%"),
        ("training.hold_out_random", {"share": 0.125, "seed": 3}, "12.5% of the training rows"),
        ("compare.cell.points", {"value": -0.012, "low": -0.03, "high": 0.0}, "−1.2 (−3.0 to 0.0)"),
        ("compare.cell.nats_difference", {"value": -0.0001, "low": -0.02, "high": 0.03}, "+0.000 (−0.020 to +0.030)"),
        (
            "confusion.pair_count",
            {"count": 1, "share": "–", "errors": 0.5},
            "1 face, – of the class, 50.0% of all errors",
        ),
    ],
)
def test_the_text_formats_its_numbers(key: str, values: dict[str, Any], shown: str) -> None:
    assert shown in texts.Texts("en")(key, **values)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.123, "0.12 seconds"), (1, "1 second"), (59.6, "60 seconds"), (60, "1.0 minutes"), (90_000, "1,500.0 minutes")],
)
def test_durations(seconds: float, shown: str) -> None:
    assert texts.Texts("en").lasting(seconds) == shown


def test_lists_are_cut_and_ranges_may_be_one_value() -> None:
    t = texts.Texts("en")
    assert t.some(["a", "b", "c"]) == "a, b, c"
    assert t.some(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
    assert t.between("3", "3") == "3"
    assert t.between("3", "4") == "3 to 4"
    assert t.heads("terminal.finding_heads") == ["found", "rows"]


def test_names_of_expressions_are_translated_and_others_kept() -> None:
    assert texts.Texts("zh-TW").names(["happy", "pain"]) == ["開心", "pain"]


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(OutputError, match=r"'fr'.*en \(English\) or zh-TW"):
        texts.Texts("fr")
