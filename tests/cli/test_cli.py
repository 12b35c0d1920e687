"""The command line: help, exit codes, and what each verb says to bad input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

import mien
from mien import cli
from mien.data.faceset import FaceSet
from mien.run import Run

Invoke = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    "verb",
    [
        "train",
        "evaluate",
        "report",
        "predict",
        "video",
        "video merge",
        "agree",
        "submit",
        "summary",
        "info",
        "export",
        "ensemble",
        "demo",
        "homework",
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
    (["train", "FACES", "--set", "epoch=3"], 2, "There is no setting 'epoch': did you mean 'epochs'?"),
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
    (["evaluate", "MODEL", "CONTEMPT", "--split", "hold_out"], 1, "held out of its training can't be determined"),
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
    (["video", "EMPTY"], 1, "There are no videos at 'EMPTY'"),
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
    (["submit", "MODEL", "FACES", "-o", "OUT.csv", "--rows", "7000"], 1, "has 70 rows, but 7,000 are expected"),
    (["submit", "MODEL", "FACES"], 2, "Missing option '-o'"),
    (["summary", "best"], 2, "There is no recipe 'best'"),
    (["export", "NOWHERE"], 1, "is not a run folder"),
    (["export", "RUN", "-o", "NOWHERE/model.onnx"], 1, "the folder 'NOWHERE' does not exist"),
    (["homework"], 2, "Name DATA, or draw faces with --quick"),
    (["homework", "FACES", "--seeds", "1"], 2, "Invalid value for '--seeds'"),
    (["homework", "FACES", "--set", "batch_size=32"], 2, "--set is for --recipe"),
    (["homework", "FACES", "--recipe", "demo", "--set", "epochs=3"], 2, "Set the number of epochs with --epochs"),
    (["homework", "--quick", "--out", "FACES"], 1, "'FACES' is a file: choose the name of a folder."),
    (["homework", "FACES", "--quick", "--out", "FACES/hw"], 1, "'FACES' is a file: choose the name of a folder."),
    (["demo", "--out", "FACES"], 1, "'FACES' is a file: choose the name of a folder."),
    (["study", "labels", "FACES", "--out", "FACES"], 1, "'FACES' is a file: choose the name of a folder."),
    (["crossval", "FACES", "--out", "FACES"], 1, "'FACES' is a file: choose the name of a folder."),
    (["tune", "FACES", "--out", "FACES/tune"], 1, "'FACES' is a file: choose the name of a folder."),
    (["summary", "tiny", "--classes", "100000000"], 2, "100000000 is not in the range 2<=x<=1000"),
    (
        ["data", "draw", "OUT.parquet", "--num", "100000000000"],
        1,
        "Can't draw 100,000,000,000 faces: draw at most 1,000,000.",
    ),
    (["homework", "UNLABELLED"], 1, "No row of the data has a label"),
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


def test_a_lack_of_memory_is_a_sentence(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(cli.cli, "main", greedy)
    code, _, err = invoke("summary", "vgg")
    assert (code, "There is not enough memory for this: use less data" in err) == (1, True)


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
