"""The page of a homework: the five questions in order, and every number as in its record."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

import homeworks
from mien.data import store
from mien.data.faceset import UNLABELLED, FaceSet
from mien.experiments.homework import Homework
from mien.reporting.pages import homework as page
from mien.reporting.texts import Texts
from mien.run import Run

COMMAND = ("mien", "homework", "faces.parquet")

HEADINGS = {
    "en": [
        "The network",
        "Three techniques, with and without",
        "Confusion matrix",
        "Class imbalance and decision rules",
        "The mathematics",
    ],
    "zh-TW": ["網路架構", "三種技巧：有與沒有", "混淆矩陣", "類別不平衡與決策規則", "數學"],
}


@pytest.fixture(scope="module")
def homework(run: Run, faces: FaceSet, faces_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Homework:
    folder = tmp_path_factory.mktemp("homework")
    some = faces.split("test").select(np.arange(10))
    store.write_parquet(replace(some, labels=np.full(10, UNLABELLED, np.int64)), folder / "test.parquet")
    return homeworks.done(faces_file, folder / "test.parquet", folder / "hw", run)


@pytest.fixture(scope="module", params=["en", "zh-TW"])
def shown(request: pytest.FixtureRequest, homework: Homework) -> tuple[str, str]:
    """A language, and the page in it."""
    return request.param, page.render(homework, command=COMMAND, lang=request.param)


def words(html: str) -> str:
    """The text of a page on one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_the_five_questions_are_there_in_order(shown: tuple[str, str]) -> None:
    lang, html = shown
    main = html[html.index("<main>") : html.index("</main>")]
    headings = [words(found) for found in re.findall(r"<section.*?<h2>(.*?)</h2>", main, re.DOTALL)]
    assert headings == HEADINGS[lang]
    assert re.findall(r'<section id="([^"]+)"', main) == ["network", "techniques", "confusion", "shares", "mathematics"]


def test_every_number_is_that_of_its_record(shown: tuple[str, str], homework: Homework) -> None:
    text = words(shown[1])
    evaluation, single = homework.judgement.evaluation, homework.single.evaluation
    low, high = evaluation.accuracy_interval
    for share in (evaluation.accuracy, low, high, evaluation.macro_f1, single.accuracy):
        assert f"{share:.1%}" in text
    network = homework.run.network
    assert f"{network.parameters:,}" in text
    assert f"{network.macs:,}" in text
    for result in homework.studies.values():
        for arm in result.arms:
            mean, sd = arm.compared.mean["accuracy"], arm.compared.sd
            assert (f"{100 * mean:.1f} ± {100 * sd['accuracy']:.1f}" if sd else f"{100 * mean:.1f}") in text
    counts = homework.run.record.data.train.counts
    assert str(list(counts)) in text
    assert f"{homework.audit.rows:,}" in text


def test_it_stands_alone_and_leads_to_the_files_beside_it(shown: tuple[str, str], homework: Homework) -> None:
    html = shown[1]
    assert re.findall(r'<a href="([^"#]+)"', html) == ["model.onnx", "predictions.csv"]
    assert all((homework.folder / name).is_file() for name in ("model.onnx", "predictions.csv"))
    assert not re.search(r'(src|href)="(?!data:|#|model\.onnx|predictions\.csv)', html)
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert "{" not in words(
        re.sub(r"<script.*?</script>|<style>.*?</style>|<svg.*?</svg>|<math.*?</math>", "", html, flags=re.DOTALL)
    )


def test_the_terminal_has_the_differences_and_the_places(homework: Homework) -> None:
    told = page.as_text(homework, homework.folder / "homework.pdf")
    t = Texts("en")
    for technique in page.TECHNIQUES:
        assert t(f"homework.technique.{technique}") in told
    assert f"{homework.judgement.evaluation.accuracy:.1%}" in told
    for name in ("homework.html", "homework.pdf", "model.onnx", "predictions.csv"):
        assert str(homework.folder / name) in told
    assert "資料擴增" in page.as_text(homework, lang="zh-TW")


@pytest.mark.parametrize("shown", ["zh-TW"], indirect=True)
def test_the_written_page_is_the_rendered_one(shown: tuple[str, str], homework: Homework, tmp_path: Path) -> None:
    page.write(tmp_path / "page.html", homework, command=COMMAND, lang="zh-TW")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == shown[1]
