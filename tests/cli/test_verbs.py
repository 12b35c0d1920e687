"""The verbs as a user types them, in this process; and what each says to bad input."""

from __future__ import annotations

import builtins
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mien
from mien import cli, images
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


def test_data_info_tells_what_is_there(invoke: Invoke, faces_file: Path, faces: FaceSet, tmp_path: Path) -> None:
    code, out, _ = invoke("data", "info", faces_file, "--json")
    described = json.loads(out)
    assert code == 0
    assert described["hash"] == faces.hash
    assert described["splits"]["train"]["rows"] == 280
    assert sum(described["splits"]["test"]["shares"].values()) == pytest.approx(1)
    code, out, _ = invoke("data", "info", faces_file, "--augmented", tmp_path / "seen.png", "--recipe", "vgg")
    assert "350 faces of 48x48" in out
    assert "dropped rows  none" in out
    assert images.decode(tmp_path / "seen.png", "L").shape == (6 * 64, 10 * 64)  # at the recipe's size


def test_data_draw_and_convert_go_round(invoke: Invoke, tmp_path: Path) -> None:
    assert invoke("data", "draw", tmp_path / "a.parquet", "--num", 40, "--seed", 3)[0] == 0
    assert invoke("data", "convert", tmp_path / "a.parquet", tmp_path / "folders", "--size", 32)[0] == 0
    code, out, _ = invoke("data", "info", tmp_path / "folders", "--json")
    assert (code, json.loads(out)["rows"], json.loads(out)["size"]) == (0, 40, [32, 32])


def test_dropped_rows_are_named(invoke: Invoke, tmp_path: Path) -> None:
    pixels = " ".join(["7"] * 2304)
    (tmp_path / "fer2013.csv").write_text(
        f"emotion,pixels,Usage\n0,{pixels},Training\n9,{pixels},Training\n3,1 2 3,Training\n"
    )
    code, out, _ = invoke("data", "info", tmp_path / "fer2013.csv")
    assert code == 0
    assert "dropped rows  2" in out
    assert "unknown class code '9'" in out


def test_submit_writes_the_rows_of_the_test_split(invoke: Invoke, run: Run, faces_file: Path, tmp_path: Path) -> None:
    target = tmp_path / "predictions.csv"
    assert invoke("submit", run.model_file, faces_file, "-o", target, "--rows", 70)[0] == 0
    assert len(target.read_text().splitlines()) == 71


def test_summary_prints_the_table(invoke: Invoke) -> None:
    assert "39,569,799" in invoke("summary", "vgg")[1]
    assert json.loads(invoke("summary", "tiny", "--json")[1])["parameters"] == 151_543


def test_the_demo_ends_with_a_report(invoke: Invoke, tmp_path: Path) -> None:
    code, out, _ = invoke("demo", "--out", tmp_path / "demo", "--num", 200)
    assert code == 0
    assert (tmp_path / "demo" / "report.html").stat().st_size > 50_000
    assert str(tmp_path / "demo" / "report.html") in out
    code, _, err = invoke("demo", "--out", tmp_path / "demo")
    assert code == 1
    assert "exists: remove it, or name another folder" in err


@pytest.mark.parametrize(
    "verb",
    [
        "train",
        "evaluate",
        "report",
        "predict",
        "video",
        "submit",
        "summary",
        "export",
        "ensemble",
        "demo",
        "data info",
        "data convert",
        "data draw",
    ],
)
def test_every_verb_has_help_with_an_example(invoke: Invoke, verb: str) -> None:
    code, out, _ = invoke(*verb.split(), "--help")
    assert code == 0
    assert f"Example:  mien {verb}" in out


BAD = [
    (["train"], 2, "Name either DATA to train on, or a run to resume"),
    (["train", "FACES", "--resume", "RUN"], 2, "Name either DATA to train on, or a run to resume"),
    (["train", "--resume", "RUN", "--set", "seed=3"], 2, "--resume uses the run's own settings"),
    (["submit", "MODEL", "TRAINING", "-o", "OUT.csv"], 1, "These are training rows, and there is no split 'test'"),
    (["train", "UNLABELLED"], 1, "No row of the data has a label"),
    (["train", "FACES", "--set", "votes=0.5"], 1, "votes=0.5 needs annotators' votes"),
    (["train", "FACES", "--recipe", "best"], 2, "There is no recipe 'best': choose"),
    (["train", "FACES", "--init", "nothing"], 1, "There is no model file 'nothing'"),
    (
        ["train", "FACES", "--init", "tiny", "--recipe", "base"],
        2,
        "network=base doesn't fit: init='tiny' has network=tiny",
    ),
    (["train", "FACES", "--init", "tiny", "--set", "image_size=64"], 2, "image_size=64 doesn't fit"),
    (["train", "--resume", "RUN", "--init", "tiny"], 2, "--resume uses the run's own settings"),
    (["train", "FACES", "--set", "epoch=3"], 2, "There is no setting 'epoch': choose"),
    (["train", "FACES", "--set", "epochs=0"], 2, "epochs=0 doesn't fit"),
    (["train", "FACES", "--set", "network=huge"], 2, "network=huge doesn't fit: it must be one of vgg, large"),
    (["train", "FACES", "--recipe", "vgg", "--set", "image_size=50"], 2, "must be a multiple of 16, not 50"),
    (["train", "FACES", "--set", "valid_split=dev"], 1, "The data has no split 'dev': it has train, test"),
    (["train", "FACES", "--device", "abacus"], 2, "Invalid value for '--device'"),
    (["train", "FACES", "--out", "RUN"], 1, "exists and is not empty"),
    (["train", "NOWHERE"], 1, "'NOWHERE' doesn't exist"),
    (["train", "JUNK"], 1, "JUNK"),
    (["train", "--resume", "NOWHERE"], 1, "is not a run folder"),
    (["evaluate", "NOWHERE", "FACES"], 1, "There is no model file 'NOWHERE'"),
    (["evaluate", "FACES", "FACES"], 1, "is not a valid ONNX file"),
    (["evaluate", "MODEL", "NOWHERE"], 1, "'NOWHERE' doesn't exist"),
    (["evaluate", "MODEL", "FACES", "--split", "exam"], 1, "The data has no split 'exam': it has train, test"),
    (["evaluate", "MODEL", "CONTEMPT"], 1, "classes that the model doesn't know: contempt (2 rows). It knows angry"),
    (["evaluate", "MODEL", "UNLABELLED"], 1, "No row of the data has a label"),
    (["evaluate", "MODEL", "UNLABELLED", "--split", "test"], 1, "No row of the split 'test' has a label"),
    (["evaluate", "MODEL", "CONTEMPT", "--split", "hold_out"], 1, "held out of its training can't be told"),
    (["report", "NOWHERE"], 1, "is not a run folder"),
    (["report", "RUN", "--lang", "fr"], 2, "Invalid value for '--lang'"),
    (["report", "RUN", "-o", "NOWHERE/report.html"], 1, "the folder 'NOWHERE' does not exist; create it first"),
    (["predict", "CROP", "--resume"], 2, "--resume and --parquet need an output"),
    (["predict", "CROP", "--parquet"], 2, "--resume and --parquet need an output"),
    (["predict", "CROP", "-o", "OUT.xyz"], 1, "must end in one of .jsonl, .csv, .parquet, .json"),
    (["predict", "CROP", "-o", "NOWHERE/out.csv"], 1, "does not exist; create it first"),
    (["predict", "CROP", "--abstain", "2"], 2, "2.0 is not in the range 0<=x<=1"),
    (["predict"], 2, "Missing argument 'PHOTO...'"),
    (["video", "NOWHERE"], 1, "There is no video 'NOWHERE'"),
    (["video", "EMPTY"], 1, "is a folder: name a video in it"),
    (["video", "FACES"], 1, "can't be opened as a video"),
    (["video", "FACES", "--start", "5", "--end", "3"], 2, "--end (3 s) must come after --start (5 s)"),
    (["video", "FACES", "--annotate", "OUT.gif"], 1, "must end in one of .mp4, .mov, .mkv"),
    (["video", "FACES", "--timeline", "OUT.gif"], 1, "must end in .png"),
    (["video", "FACES", "-o", "OUT.txt"], 1, "must end in one of .jsonl"),
    (["predict", "--crops", "--model", "NOWHERE", "CROP"], 1, "There is no model file 'NOWHERE'"),
    (["ensemble", "RUN", "-o", "OUT.onnx"], 1, "An ensemble takes two or more runs"),
    (
        ["train", "FACES", "--set", "distillation_weight=0.5"],
        2,
        "distillation_weight=0.5 doesn't fit: it must be 0 where there is no teacher",
    ),
    (
        ["train", "FACES", "--set", "teacher=base"],
        2,
        "distillation_weight=0.0 doesn't fit: it must be above 0 where there is a teacher",
    ),
    (
        ["train", "FACES", "--set", "teacher=NOWHERE", "--set", "distillation_weight=0.5"],
        1,
        "There is no model file 'NOWHERE'",
    ),
    (["predict", "--crops", "--model", "MODEL", "NOWHERE"], 1, "1 photo could not be read; its row says why"),
    (["predict", "--crops", "--model", "MODEL", "EMPTY"], 2, "There are no pictures at the given paths"),
    (["submit", "MODEL", "FACES", "-o", "OUT.csv", "--rows", "7000"], 1, "has 70 rows, but 7,000 are wanted"),
    (["submit", "MODEL", "FACES"], 2, "Missing option '-o'"),
    (["summary", "best"], 2, "There is no recipe 'best'"),
    (["export", "NOWHERE"], 1, "is not a run folder"),
    (["export", "RUN", "-o", "NOWHERE/model.onnx"], 1, "the folder 'NOWHERE' does not exist"),
    (["demo", "--num", "5"], 2, "Invalid value for '--num'"),
    (["data", "info", "NOWHERE"], 1, "'NOWHERE' doesn't exist"),
    (["data", "info", "EMPTY"], 1, "EMPTY"),
    (["data", "info", "FACES", "--layout", "mnist"], 1, "mnist"),
    (["data", "convert", "FACES", "FACES"], 1, "'FACES' is a file: choose the name of a folder"),
    (["data", "convert", "FACES", "OUT.xyz"], 1, "OUT.xyz"),
    (["data", "draw", "OUT.parquet", "--num", "0"], 1, "Can't draw 0 faces: draw at least 1"),
    (["data", "draw", "OUT.parquet", "--wrong-labels", "0.9"], 1, "The share of wrong labels can't be 0.9"),
    (["data", "draw", "OUT.parquet", "--size", "4"], 1, "4"),
    (["fly"], 2, "No such command 'fly'"),
]


@pytest.fixture
def places(
    run: Run, faces_file: Path, faces: FaceSet, crop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with one of each thing that the table of bad inputs names, as the working directory."""
    from mien.data import store

    monkeypatch.chdir(tmp_path)
    Path("FACES").symlink_to(faces_file)
    Path("RUN").symlink_to(run.folder)
    Path("MODEL").symlink_to(run.model_file)
    crop.rename("CROP")
    Path("JUNK").write_bytes(bytes(range(256)))
    Path("EMPTY").mkdir()
    classes = (*faces.classes, "contempt")
    store.write_parquet(faces.split("train"), Path("TRAINING.parquet"))
    two = FaceSet.from_arrays(faces.images[:2], np.array([7, 7]), classes, "test")
    store.write_parquet(two, Path("CONTEMPT.parquet"))
    store.write_parquet(
        FaceSet.from_arrays(faces.images[:2], np.array([-1, -1]), faces.classes, "test"), Path("UNLABELLED.parquet")
    )
    return tmp_path


@pytest.mark.parametrize(("arguments", "code", "message"), BAD, ids=[" ".join(arguments) for arguments, _, _ in BAD])
def test_bad_input_gets_one_clear_sentence(
    invoke: Invoke, places: Path, arguments: Sequence[str], code: int, message: str
) -> None:
    """Exit code as designed, a sentence on standard error, no traceback, and nothing left behind."""
    named = [f"{name}.parquet" if name in ("CONTEMPT", "UNLABELLED", "TRAINING") else name for name in arguments]
    before = sorted(path.name for path in places.rglob("*"))
    got, _, err = invoke(*named)
    assert (got, message in err) == (code, True), err
    assert "Traceback" not in err
    assert sorted(path.name for path in places.rglob("*")) == before


def test_a_missing_extra_names_the_command_that_installs_it(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_torch(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".")[0] == "torch" or name == "mien.training":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_torch)
    code, _, err = invoke("summary", "vgg")
    assert code == 1
    assert "needs the package 'torch', which is not installed: run  pip install 'mien[train]'" in err


def test_a_bug_is_not_hidden(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'mien.nope'", name="mien.nope")

    monkeypatch.setattr(cli.cli, "main", broken)
    with pytest.raises(ModuleNotFoundError):
        invoke("summary", "vgg")


def test_ctrl_c_says_stopped(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.cli, "main", interrupted)
    assert invoke("summary", "vgg") == (130, "", "mien: stopped.\n")


def test_the_version_is_the_packages(invoke: Invoke) -> None:
    from importlib.metadata import version

    assert invoke("--version")[1].strip().endswith(mien.__version__)
    assert version("mien") == mien.__version__
