"""The page that says why and when a model errs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import reported
from found import with_votes
from mien.data import store
from mien.data.faceset import FaceSet
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement, judge
from mien.evaluation.probing import findings
from mien.evaluation.probing.findings import Findings
from mien.inference.classifier import Classifier
from mien.reporting.pages import explain
from mien.run import Run

Invoke = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(("lang", "texts"), [
    ("en", ["Saliency", "Grad-CAM", "Robustness to corruptions", "Agreement with human annotators", "Before: original logits", "low resolution"]),
    ("zh-TW", ["模型看哪裡", "Grad-CAM", "模型何時出錯", "人猶豫的地方", "之前：訓練所得的", "低解析度"]),
])  # fmt: skip
def test_the_page_tells_all_of_it(judged: Judgement, probed: Findings, lang: str, texts: list[str]) -> None:
    judged = replace(judged, record=replace(judged.record, temperature=1.3))
    page = explain.render(judged, probed, lang=lang)
    for text in texts:
        assert text in page
    assert page.count('class="heat"') == 2
    assert "nan" not in reported.readable(page)
    assert "://" not in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    assert "mien explain" not in page  # made in Python, it came from no command


def test_one_row_and_an_absent_class_still_give_a_page(classifier: Classifier, judged: Judgement) -> None:
    for rows in (np.array([3]), np.flatnonzero(judged.faces.labels != 2)[:9]):
        few = judge(classifier, judged.faces.select(rows))
        page = explain.render(few, findings.find(classifier, few, most_rows=14))
        assert "Robustness to corruptions" in page
        assert "nan" not in reported.readable(page)


def test_a_model_that_is_always_wrong_has_no_typical_face(classifier: Classifier, judged: Judgement) -> None:
    evaluation = judged.evaluation
    wrong = Evaluation.from_predictions((evaluation.predicted + 1) % 7, evaluation.probabilities, evaluation.classes)
    few = replace(judged, evaluation=wrong, faces=replace(judged.faces, labels=wrong.labels))
    page = explain.render(few, findings.find(classifier, few, most_rows=7))
    assert "there is no typical face" in page


def test_the_verb_and_its_json(
    invoke: Invoke, run: Run, faces: FaceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write_parquet(with_votes(faces).select(np.arange(0, len(faces), 8)), tmp_path / "faces.parquet")
    page = tmp_path / "why.html"
    code, out, err = invoke("explain", run.model_file, tmp_path / "faces.parquet", "-o", page, "--json")
    assert (code, err) == (0, "")
    record = json.loads(out)
    assert record["page"] == str(page)
    assert [curve["corruption"] for curve in record["robustness"]][:2] == ["blur", "noise"]
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    monkeypatch.setattr(findings, "find", lambda classifier, judgement, **_: found_without(classifier, judgement))
    code, out, _ = invoke("explain", run.model_file, tmp_path / "faces.parquet", "-o", page)
    assert code == 0
    assert "Spearman" in out
    assert out.splitlines()[-1] == str(page)


find = findings.find


def found_without(classifier: Classifier, judgement: Judgement) -> Findings:
    return find(classifier, judgement, probes=False)
