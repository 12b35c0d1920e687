"""The verbs on a model, as a user types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mien.data import store
from mien.run import Run
from mien.synthetic import drawn

Invoke = Callable[..., tuple[int, str, str]]


def test_submit_writes_the_rows_of_the_test_split(invoke: Invoke, run: Run, faces_file: Path, tmp_path: Path) -> None:
    target = tmp_path / "predictions.csv"
    assert invoke("submit", run.model_file, faces_file, "-o", target, "--rows", 70)[0] == 0
    assert len(target.read_text().splitlines()) == 71


def test_evaluation_with_class_shares(invoke: Invoke, faces_file: Path) -> None:
    code, out, _ = invoke("evaluate", "tiny", faces_file, "--split", "all", "--prior", "auto", "--json")
    record = json.loads(out)
    assert code == 0
    assert record["prior_estimated"]
    assert sum(record["prior"].values()) == pytest.approx(1)
    code, out, _ = invoke("evaluate", "tiny", faces_file, "--split", "all", "--prior", "neutral=0.5")
    assert "class shares in use, as stated: " in out
    assert "neutral 50.0%" in out


def test_evaluate_tells_scores_as_text_and_as_json(invoke: Invoke, run: Run, faces_file: Path) -> None:
    code, out, err = invoke("evaluate", run.model_file, faces_file)
    assert (code, err) == (0, "")
    assert "split test, n = 70" in out
    told = json.loads(invoke("evaluate", run.model_file, faces_file, "--json")[1])
    assert (told["split"], told["n"], told["decision"], told["device"]) == ("test", 70, "argmax", "cpu")
    assert f"{told['accuracy']:.2%}" in out


def test_a_device_that_is_not_there_is_one_sentence(
    invoke: Invoke, faces_file: Path, crop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    for verb in (["evaluate", "tiny", faces_file], ["predict", crop], ["video", "clip.mp4"]):
        code, out, err = invoke(*verb, "--device", "cuda")
        assert (code, out) == (2, ""), err
        assert err.splitlines()[-1] == (
            "mien: onnxruntime is not built for the device 'cuda' here, only for cpu: "
            "install the package 'onnxruntime-gpu' in place of 'onnxruntime'."
        )


def test_data_without_the_rows_of_other_data(invoke: Invoke, run: Run, faces_file: Path, tmp_path: Path) -> None:
    other = store.write_parquet(drawn.draw(20, seed=8), tmp_path / "other.parquet")
    words = ("evaluate", run.model_file, faces_file, "--without-duplicates-of", other, "--json")
    left = json.loads(invoke(*words)[1])["without_duplicates_of"]
    assert (left["data"], left["left_out"]) == (str(other), 0)


def test_a_submission_counts_its_rows(invoke: Invoke, faces_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    code, printed, _ = invoke("submit", "tiny", faces_file, "-o", out, "--json")
    told = json.loads(printed)
    assert (code, told["rows"], told["submission"]) == (0, 70, str(out))
    code, _, err = invoke("submit", "tiny", faces_file, "-o", tmp_path / "other.csv", "--rows", 71)
    assert (code, (tmp_path / "other.csv").exists()) == (1, False), err


def test_info_prints_the_card_as_text_and_as_json(invoke: Invoke) -> None:
    code, out, err = invoke("info", "base")
    assert (code, err) == (0, "")
    assert "71.0% (69.5% to 72.4%)" in out
    record = json.loads(invoke("info", "base", "--json")[1])
    assert record["card"]["details"]["sha256"] == record["sha256"]
    assert record["spec"]["size"] == [48, 48]
    assert invoke("info", "nothing")[0] == 1
