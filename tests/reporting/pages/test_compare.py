"""The page and the words of compared models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mien import typed_json
from mien.data.faceset import FaceSet
from mien.evaluation.model_comparison import ModelComparison, Pair
from mien.reporting.pages import compare as pages


def test_words_say_who_is_better_and_how_sure_that_is(compared: ModelComparison) -> None:
    told = pages.as_text(compared)
    assert "better.csv predicts 92.9% of the faces correctly, plain.csv 57.1%: a difference of +35.7 points" in told
    assert "The difference is significant (McNemar's exact test: p < 0.001)." in told
    assert "25 faces are predicted correctly by better.csv only, 0 by plain.csv only; 40 by both, 5 by neither." in told
    assert "It is unknown whether plain.csv was trained on these faces." in told
    assert max(map(len, told.split("\n\n")[1].splitlines())) <= 100


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_the_page_has_the_pair_with_its_faces(compared: ModelComparison, lang: str) -> None:
    page = pages.render(compared, command=["mien", "compare", "plain.csv", "better.csv"], lang=lang)
    assert f'<html lang="{lang}">' in page
    assert (
        page.count("data:image/png") == pages.MOST_FACES + 1 or page.count("data:image/png") == 9
    )  # every third of 25
    assert "mien compare plain.csv better.csv" in page
    assert "/plain.csv" not in page  # folders of this machine are nobody's business
    assert {"en": "Correct by better.csv only", "zh-TW": "只有 better.csv 判讀正確"}[lang] in page
    assert {"en": "+35.7 (+", "zh-TW": "+35.7（+"}[lang] in page


def test_a_pair_is_read_as_it_was_written(compared: ModelComparison) -> None:
    (pair,) = compared.pairs
    text = json.dumps(typed_json.to_json(pair))
    assert typed_json.parse(text, Pair).changed == pair.changed


def test_the_verb_writes_page_and_json(
    compared: ModelComparison,
    faces: FaceSet,
    faces_file: Path,
    tmp_path: Path,
    invoke: Callable[..., tuple[int, str, str]],
) -> None:
    names = [one.name for one in compared.models]
    code, out, _ = invoke("compare", *names, faces_file, "-o", tmp_path / "page.html", "--json")
    record = json.loads(out)
    assert (code, record["n"], record["split"]) == (0, 70, "test")
    assert record["pairs"][0]["only_other"] == 25
    assert record["models"][0]["scores"]["accuracy"]["value"] == pytest.approx(40 / 70)
    assert "<h1>Comparison on faces.parquet: plain.csv, better.csv</h1>" in (tmp_path / "page.html").read_text(
        encoding="utf-8"
    )
    page = tmp_path / "shared.html"
    assert invoke("compare", *names, faces_file, "-o", page, "--no-faces")[0] == 0
    assert "data:image" not in page.read_text(encoding="utf-8")
    code, _, err = invoke("compare", names[0], faces_file, "-o", tmp_path / "other.html")
    assert (code, err) == (2, "mien: A comparison takes two models or more: name them before the data.\n")
    assert not (tmp_path / "other.html").exists()
