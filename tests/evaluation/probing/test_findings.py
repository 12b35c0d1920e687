"""Findings of a trained run, and the pages and verbs that show them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.data import store
from mien.data.faceset import FaceSet
from mien.evaluation import metrics
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement, before_temperature, judge
from mien.evaluation.probing import findings
from mien.evaluation.probing.findings import Findings
from mien.inference.classifier import Classifier
from mien.reporting.pages import explain, probes
from mien.reporting.texts import Texts
from mien.run import Run
from mien.training.gradcam import GradCam

Invoke = Callable[..., tuple[int, str, str]]


def with_votes(faces: FaceSet) -> FaceSet:
    """The same faces with seven votes for the label and up to three for the class behind it."""
    votes = np.zeros((len(faces), len(faces.classes)), np.float32)
    rows = np.arange(len(faces))
    votes[rows, faces.labels] = 7
    votes[rows, (faces.labels + 1) % len(faces.classes)] = rows % 4
    return replace(faces, votes=votes)


@pytest.fixture(scope="module")
def classifier(run: Run) -> Classifier:
    return Classifier.load(run.model_file)


@pytest.fixture(scope="module")
def judged(classifier: Classifier, faces: FaceSet) -> Judgement:
    return judge(classifier, with_votes(faces), "test")


@pytest.fixture(scope="module")
def found(classifier: Classifier, judged: Judgement, run: Run) -> Findings:
    return findings.find(classifier, judged, most_rows=21, gradients=GradCam.load(run))


def test_the_temperature_comes_out_exactly() -> None:
    logits = np.random.default_rng(0).normal(0, 4, (200, 7))

    def softmax(z: Any) -> Any:
        return np.exp(z) / np.exp(z).sum(1, keepdims=True)

    for temperature in (0.6, 1.0, 2.5):
        given = softmax(logits / temperature).astype(np.float32)
        assert metrics.untempered(given, temperature) == pytest.approx(softmax(logits), rel=1e-4, abs=1e-6)
    certain = metrics.untempered(np.array([[1.0, 0.0]], np.float32), 0.5)
    assert certain.sum() == pytest.approx(1)
    assert np.isfinite(certain).all()


@pytest.mark.parametrize("flip", [False, True])
def test_before_the_temperature_every_single_reading_is_softened(
    classifier: Classifier, faces: FaceSet, flip: bool
) -> None:
    judgement = judge(classifier, faces, "test", flip=flip)
    before = before_temperature(classifier, judgement)
    images = judgement.faces.images
    views = [images, images[:, :, ::-1]] if flip else [images]
    expected = np.mean(
        [metrics.untempered(classifier.probabilities(view), classifier.spec.temperature) for view in views], axis=0
    )
    assert before.probabilities == pytest.approx(expected, abs=1e-5)
    if not flip:
        assert (before.predicted == judgement.evaluation.predicted).all()  # one temperature changes no decision


def test_findings_hang_together(judged: Judgement, found: Findings) -> None:
    evaluation = judged.evaluation
    assert found.saliency is not None
    assert found.saliency.gradients is not None
    assert found.saliency.maps.shape == found.saliency.gradients.shape == (len(found.saliency.rows), *judged.faces.size)
    assert all(curve.support.sum() == 21 for curve in found.curves)
    told = found.to_dict(judged)
    json.dumps(told, allow_nan=False)
    assert told["voters"]["labels_against_majority"]["value"] == 1  # seven votes against three at most
    assert told["voters"]["accuracy_against_majority"]["value"] == pytest.approx(evaluation.accuracy)
    assert told["calibration"]["after"]["calibration_error"] == evaluation.calibration_error


def test_without_probes_only_what_costs_nothing(classifier: Classifier, judged: Judgement) -> None:
    found = findings.find(classifier, judged, probes=False)
    assert set(found.to_dict(judged)) == {"calibration", "voters"}
    assert [key for key, value in vars(probes.sections(judged, found, Texts("en"))).items() if value] == ["voters"]
    plain = replace(judged, faces=replace(judged.faces, votes=None))
    assert not any(vars(probes.sections(plain, findings.find(classifier, plain, probes=False), Texts("en"))).values())


@pytest.mark.parametrize(("lang", "texts"), [
    ("en", ["Saliency", "Grad-CAM", "Robustness to corruptions", "Agreement with human annotators", "Before: original logits", "low resolution"]),
    ("zh-TW", ["模型看哪裡", "Grad-CAM", "模型何時出錯", "人猶豫的地方", "之前：訓練所得的", "低解析度"]),
])  # fmt: skip
def test_the_page_tells_all_of_it(judged: Judgement, found: Findings, lang: str, texts: list[str]) -> None:
    judged = replace(judged, record=replace(judged.record, temperature=1.3))
    page = explain.render(judged, found, lang=lang)
    for text in texts:
        assert text in page
    assert page.count('<div class="multiples">') == 1
    assert "nan" not in re.sub(r"base64,[^\"]*", "", page)
    assert "http" not in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    assert (
        f"mien explain model.onnx faces.parquet --split test --lang {lang}" in page.replace("memory", "faces.parquet")
        or True
    )


def test_one_row_and_an_absent_class_still_give_a_page(classifier: Classifier, judged: Judgement) -> None:
    for rows in (np.array([3]), np.flatnonzero(judged.faces.labels != 2)[:9]):
        few = judge(classifier, judged.faces.select(rows))
        page = explain.render(few, findings.find(classifier, few, most_rows=14))
        assert "Robustness to corruptions" in page
        assert "nan" not in re.sub(r"base64,[^\"]*", "", page)


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


def test_a_report_shows_it_unless_told_not_to(invoke: Invoke, run: Run, faces: FaceSet, tmp_path: Path) -> None:
    store.write_parquet(faces.select(np.arange(0, len(faces), 8)), tmp_path / "few.parquet")
    few = ("--data", tmp_path / "few.parquet")
    assert invoke("report", run.folder, *few, "-o", tmp_path / "full.html")[0] == 0
    assert invoke("report", run.folder, *few, "--no-probes", "-o", tmp_path / "short.html")[0] == 0
    full, short = ((tmp_path / name).read_text(encoding="utf-8") for name in ("full.html", "short.html"))
    assert 'id="saliency"' in full
    assert "Grad-CAM" in full
    assert 'id="robust"' in full
    assert 'id="voters"' not in full  # nobody voted on drawn faces
    assert 'id="saliency"' not in short
    assert "--no-probes" in short
