"""The verbs that train, as a user types them."""

from __future__ import annotations

import builtins
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mien.data.faceset import FaceSet
from mien.run import Run

Invoke = Callable[..., tuple[int, str, str]]


def test_train_evaluate_report_and_export_in_a_row(invoke: Invoke, faces_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    settings = ("--set", "epochs=1", "--set", "batch_size=64")
    code, out, err = invoke("train", faces_file, "--recipe", "demo", *settings, "--out", folder, "--json")
    assert code == 0
    record = json.loads(out)
    assert record["model"] == str(folder / "model.onnx")
    assert len(record["history"]) == 1
    assert "epoch    1/1" in err

    code, out, _ = invoke("evaluate", folder / "model.onnx", faces_file, "--flip", "--json")
    judged = json.loads(out)
    assert (code, judged["split"], judged["n"], judged["flip"]) == (0, "test", 70, True)
    assert judged["copies_of_train"]["rows"] == 0

    code, out, _ = invoke("evaluate", folder / "model.onnx", faces_file, "--split", "train")
    assert code == 0
    assert "split train, n = 280" in out
    assert "balanced accuracy" in out
    assert "warning: the scores are not valid for new faces, because 280 of 280 faces were seen in training" in out

    code, out, _ = invoke("report", folder, "--lang", "zh-TW", "--no-probes", "-o", tmp_path / "report.html")
    assert (code, out.strip()) == (0, str(tmp_path / "report.html"))
    assert "混淆矩陣" in (tmp_path / "report.html").read_text(encoding="utf-8")

    code, out, err = invoke("export", folder, "-o", tmp_path / "copy.onnx", "--json")
    assert code == 0
    spec = json.loads(out)["spec"]
    assert spec["classes"][0] == "angry"
    assert 0 <= spec["training"]["parity"]["full"] <= 1e-4
    assert 0 < spec["training"]["parity"]["half"] <= 0.02
    size = (tmp_path / "copy.onnx").stat().st_size / 1e6
    assert f"weights of epoch {spec['training']['epoch']}, half precision: {size:.2f} MB" in err
    assert f"temperature {spec['temperature']:.3f} (95% interval" in err
    assert f"accuracy {spec['scores'][0]['accuracy']:.1%}" in err
    assert "(allowed: 0.0001 and 0.02)" in err

    code, out, _ = invoke("train", "--resume", folder)
    assert code == 0
    assert out.splitlines()[0] == str(folder / "model.onnx")


def test_a_report_without_a_test_split_judges_the_held_out_rows(invoke: Invoke, faces: FaceSet, tmp_path: Path) -> None:
    from mien.data import store

    store.write_parquet(faces.split("train"), tmp_path / "faces.parquet")
    assert (
        invoke("train", tmp_path / "faces.parquet", "--recipe", "demo", "--set", "epochs=1", "--out", tmp_path / "run")[
            0
        ]
        == 0
    )
    code, out, _ = invoke("report", tmp_path / "run", "--no-probes", "--json")
    record = json.loads(out)
    held_out = Run.open(tmp_path / "run").record.data.valid
    assert (code, record["split"], record["n"]) == (0, "hold_out", held_out.rows)
    assert record["copies_of_train"]["learned"] == 0


def test_other_data_without_splits_is_judged_whole(invoke: Invoke, run: Run, tmp_path: Path) -> None:
    from mien.data import store
    from mien.synthetic import drawn

    store.write_parquet(drawn.draw(100, seed=5).split("train"), tmp_path / "other.parquet")
    num = len(drawn.draw(100, seed=5).split("train"))
    code, out, _ = invoke(
        "report", run.folder, "--data", tmp_path / "other.parquet", "-o", tmp_path / "r.html", "--no-probes", "--json"
    )
    record = json.loads(out)
    assert (code, record["split"], record["n"], record["copies_of_train"]["rows"]) == (0, "all", num, 0)


def test_a_report_on_data_that_changed_is_refused(invoke: Invoke, run: Run, tmp_path: Path) -> None:
    from mien.data import store
    from mien.synthetic import drawn

    shutil.copytree(run.folder, tmp_path / "run")
    store.write_parquet(drawn.draw(80, seed=9), tmp_path / "other.parquet")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    record["data"]["path"] = str(tmp_path / "other.parquet")
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    code, _, err = invoke("report", tmp_path / "run")
    assert (code, "has changed since this run" in err) == (1, True), err
    assert not (tmp_path / "run" / "report.html").exists()


@pytest.mark.parametrize("name", ["history.jsonl", "network.json", "run.json"])
def test_a_damaged_run_folder_says_so(invoke: Invoke, run: Run, tmp_path: Path, name: str) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    path = tmp_path / "run" / name
    path.write_text(path.read_text()[:-20])
    code, _, err = invoke("report", tmp_path / "run")
    assert (code, f"{name}' is damaged" in err) == (1, True), err
    assert len(err.splitlines()) == 1  # nothing was judged before


def test_a_path_that_can_not_be_says_so(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for arguments in (
        ["demo", "--out", tmp_path / "file" / "x"],
        ["evaluate", "m" * 300, tmp_path],
        ["report", "r" * 300],
    ):
        code, _, err = invoke(*arguments)
        assert code == 1
        assert err.startswith("mien: ")


def test_summary_prints_the_table(invoke: Invoke) -> None:
    assert "39,569,799" in invoke("summary", "vgg")[1]
    assert json.loads(invoke("summary", "tiny", "--json")[1])["parameters"] == 151_543


def test_a_missing_extra_names_the_command_that_installs_it(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_torch(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".")[0] == "torch" or name == "mien.training":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_torch)
    code, _, err = invoke("export", "run")
    assert code == 1
    assert "needs the package 'torch', which is not installed: run  pip install 'mien[train]'" in err
