"""No verb replaces what it reads, and each tells so before it works."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

import scenes
from mien import cli
from mien.cli.places import InputPath, OutputPath, Verb
from mien.run import PARTS, Run

Invoke = Callable[..., tuple[int, str, str]]


def commands() -> Iterator[click.Command]:
    for command in cli.verbs().values():
        if isinstance(command, click.Group):
            yield from command.commands.values()
        else:
            yield command


def test_every_verb_and_every_path_is_guarded() -> None:
    for command in commands():
        assert isinstance(command, Verb), command.name
        for parameter in command.params:
            if isinstance(parameter.type, click.Path):
                assert isinstance(parameter.type, InputPath | OutputPath), (command.name, parameter.name)


@pytest.fixture
def place(faces_file: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one of each thing that a verb reads."""
    shutil.copy(faces_file, tmp_path / "faces.parquet")
    shutil.copy(run.model_file, tmp_path / "model.onnx")
    shutil.copytree(run.folder, tmp_path / "run")
    (tmp_path / "costs.csv").write_text("costs")
    (tmp_path / "album").mkdir()
    for name in ("a", "b"):
        scenes.save(scenes.scene(width=160, height=120, side=100), tmp_path / "album" / f"{name}.jpg")
    scenes.clip(tmp_path / "clip.mp4", [scenes.scene(width=160, height=120, side=100)] * 3)
    (tmp_path / "hard.jpg").hardlink_to(tmp_path / "album" / "a.jpg")
    for name, target in (("link.html", "model.onnx"), ("link.jpg", "album/a.jpg"), ("link.mp4", "clip.mp4")):
        (tmp_path / name).symlink_to(target)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    "words",
    [
        "predict album --annotate album",
        "predict album/*.jpg --annotate album",
        "predict album/a.jpg --annotate album/a.jpg",
        "predict album/a.jpg --annotate link.jpg",
        "predict album/a.jpg --annotate hard.jpg",
        "predict album --csv -o album/b.jpg",
        "predict album/a.jpg --model model.onnx --csv -o model.onnx",
        "video clip.mp4 --annotate clip.mp4",
        "video clip.mp4 --annotate link.mp4",
        "explain model.onnx faces.parquet -o model.onnx",
        "explain model.onnx faces.parquet -o link.html",
        "explain model.onnx faces.parquet -o faces.parquet",
        "decide model.onnx faces.parquet -o model.onnx",
        "decide model.onnx faces.parquet --costs costs.csv -o costs.csv",
        "submit model.onnx faces.parquet -o faces.parquet",
        "report run -o run/history.jsonl",
        "report run -o run/model.onnx",
        "report run --data faces.parquet -o faces.parquet",
        "export run -o run/best.safetensors",
        "ensemble run run -o run/model.onnx",
        "data info faces.parquet --augmented faces.parquet",
        "data audit faces.parquet -o faces.parquet",
        "data audit faces.parquet --model model.onnx -o model.onnx",
        "data audit faces.parquet --write faces.parquet --overwrite",
        "data convert faces.parquet faces.parquet --overwrite",
        "data convert album album --overwrite",
        "data convert album . --overwrite",
    ],
)
def test_no_verb_replaces_what_it_reads(invoke: Invoke, place: Path, words: str) -> None:
    before = contents(place)
    code, out, err = invoke(*words.split())
    assert (code, out) == (1, "")
    assert "is an input" in err
    assert "would be overwritten: choose another path." in err
    assert contents(place) == before


def test_every_file_that_is_written_has_a_suffix_of_its_kind() -> None:
    checked_by_the_verb = {("video", "annotate"), ("video", "timeline")}
    for command in commands():
        for parameter in command.params:
            if isinstance(parameter.type, OutputPath) and parameter.type.kind != "made":
                key = (command.name, parameter.name)
                assert bool(parameter.type.suffixes) != (key in checked_by_the_verb), key


@pytest.mark.parametrize(
    ("words", "suffixes"),
    [
        ("report run -o", ".html"),
        ("explain model.onnx faces.parquet -o", ".html"),
        ("compare model.onnx tiny faces.parquet -o", ".html"),
        ("data audit faces.parquet -o", ".html"),
        ("data audit faces.parquet --overwrite --write", ".parquet"),
        ("data convert album --overwrite", ".parquet"),
        ("data draw --num 9 --overwrite", ".parquet"),
        ("data info faces.parquet --augmented", ".png"),
        ("export run -o", ".onnx"),
        ("ensemble run run -o", ".onnx"),
        ("adapt model.onnx faces.parquet --overwrite -o", ".onnx"),
        ("decide model.onnx faces.parquet -o", ".onnx"),
        ("submit model.onnx faces.parquet -o", ".csv"),
        ("predict album -o", ".json"),
        ("predict album --csv -o", ".csv"),
        ("predict album/a.jpg --annotate", ".jpg"),
        ("video clip.mp4 -o", ".json"),
        ("video clip.mp4 --annotate", ".mp4"),
        ("video clip.mp4 --timeline", ".png"),
    ],
)
def test_a_file_of_another_kind_is_never_replaced(invoke: Invoke, place: Path, words: str, suffixes: str) -> None:
    (place / "note.txt").write_text("mine")
    (place / "song.mp3").write_bytes(b"mine")
    before = contents(place)
    for name in ("note.txt", "song.mp3", "new.txt"):
        code, out, err = invoke(*words.split(), name)
        assert (code, out) == (1, ""), err
        assert f"'{name}' must end in " in err
        assert suffixes in err
    assert contents(place) == before


def test_a_folder_of_pictures_does_not_replace_a_file(invoke: Invoke, place: Path) -> None:
    (place / "note.txt").write_text("mine")
    code, _, err = invoke("predict", "album", "--annotate", "note.txt")
    assert (code, "'note.txt' is a file: choose the name of a folder." in err) == (1, True), err


def test_a_report_is_written_again_without_an_option(invoke: Invoke, place: Path) -> None:
    for _ in range(2):
        code, _, err = invoke("report", "run", "--data", "faces.parquet", "--no-probes", "-o", "mine.html")
        assert code == 0, err
        assert "<html" in (place / "mine.html").read_text(encoding="utf-8")


def test_a_report_does_not_replace_the_data_of_its_run(invoke: Invoke, place: Path) -> None:
    record = json.loads((place / "run" / "run.json").read_text())
    record["data"]["path"] = str(place / "faces.parquet")
    (place / "run" / "run.json").write_text(json.dumps(record))
    for words in ("report run -o faces.parquet", "export run -o faces.parquet", "ensemble run run -o faces.parquet"):
        code, _, err = invoke(*words.split())
        assert (code, "is an input" in err) == (1, True), err


def test_two_outputs_have_two_places(invoke: Invoke, place: Path) -> None:
    for words in (
        "data audit faces.parquet -o x.parquet --write x.parquet",
        "video clip.mp4 -o x.png --timeline ./x.png",
        "predict album --csv -o x --annotate x",
    ):
        code, out, err = invoke(*words.split())
        assert code in (1, 2)
        assert "choose two paths" in err
        assert out == ""


def test_the_parts_of_a_run_are_known(run: Run) -> None:
    assert {path.name for path in run.folder.iterdir()} <= {*PARTS, "report.html"}


def test_rows_go_into_a_pipe_and_leave_nothing_beside_it(invoke: Invoke, place: Path) -> None:
    os.mkfifo(place / "pipe.jsonl")
    reader = subprocess.Popen(["cat", str(place / "pipe.jsonl")], stdout=subprocess.PIPE, text=True)
    before = sorted(path.name for path in place.iterdir())
    assert invoke("predict", "album", "--model", "tiny", "-o", "pipe.jsonl")[0] == 0
    rows, _ = reader.communicate()
    assert [json.loads(line)["photo"] for line in rows.splitlines()] == ["album/a.jpg", "album/b.jpg"]
    assert (place / "pipe.jsonl").is_fifo()
    assert sorted(path.name for path in place.iterdir()) == before
    code, _, err = invoke("predict", "album", "-o", "pipe.jsonl", "--resume")
    assert (code, "--resume needs an output file" in err) == (2, True)


def test_resumed_drawings_do_not_replace_the_first_ones(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("sA", "sC", "sB"):
        Path(name).mkdir()
        scenes.save(scenes.scene(width=160, height=120, side=100), Path(name, "x.jpg"))
    words = ("sA/x.jpg", "sC/x.jpg", "sB/x.jpg", "--model", "tiny", "-o", "r.jsonl", "--annotate", "res")
    from mien.inference import records

    real = records.Journal.add

    def stop_after_the_first(journal: records.Journal, *rest: object) -> None:
        real(journal, *rest)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(records.Journal, "add", stop_after_the_first)
        code, _, err = invoke("predict", *words)
    assert (code, "resume with --resume" in err) == (130, True)
    for other in (("sA/x.jpg", "sB/x.jpg", *words[3:]), (*words[:3], *words[3:-1], "other")):
        code, _, err = invoke("predict", *other, "--resume")
        assert (code, "was started with another" in err) == (1, True), err
    first = Path("res/x.jpg").stat().st_mtime_ns
    assert invoke("predict", *words, "--resume")[0] == 0
    assert sorted(path.name for path in Path("res").iterdir()) == ["x-2.jpg", "x-3.jpg", "x.jpg"]
    assert Path("res/x.jpg").stat().st_mtime_ns == first
    assert [json.loads(line)["photo"] for line in Path("r.jsonl").read_text().splitlines()] == list(words[:3])


def test_names_from_outside_reach_no_terminal_and_no_spreadsheet(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()
    odd = ["=cmd|' calc'!A0.jpg", "a\x1b[2Jb.jpg", "c\x9bd.jpg", os.fsdecode(b"e\xff\xfe.jpg"), "f\ng.jpg"]
    for name in odd:
        Path("photos", name).write_bytes(b"no picture")
    monkeypatch.chdir("photos")
    code, out, err = invoke("predict", *odd, "--model", "tiny")
    assert code == 1
    for form in ("csv", "jsonl", "json"):
        code, printed, said = invoke("predict", *odd, "--model", "tiny", f"--{form}")
        assert code == 1
        assert invoke("predict", *odd, "--model", "tiny", "-o", tmp_path / f"x.{form}")[0] == 1
        assert (tmp_path / f"x.{form}").read_text(encoding="utf-8") == printed
        out, err = out + printed, err + said
    assert not {"\x1b", "\x9b", "\udcff"} & set(out + err)
    assert "'=cmd|" in (tmp_path / "x.csv").read_text()
    names = [json.loads(line)["photo"] for line in (tmp_path / "x.jsonl").read_text().splitlines()]
    assert names == [*odd[:3], "e\ufffd\ufffd.jpg", odd[4]]


def test_a_terminal_without_utf8_ends_no_run(place: Path) -> None:
    (place / "é.jpg").write_bytes((place / "album" / "a.jpg").read_bytes())
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for form, wanted in (("--json", b"\\u00e9.jpg"), ("--csv", b"\\xe9.jpg"), ("--crops", "é.jpg".encode())):
        done = subprocess.run(
            [sys.executable, "-m", "mien", "predict", "é.jpg", "--model", "tiny", form],
            cwd=place,
            env=environment,
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert wanted in done.stdout


def test_a_folder_inside_the_data_is_refused_and_not_made(invoke: Invoke, place: Path) -> None:
    for words in ("data convert album album/new", "train album --out album/run", "crossval album --out album/folds"):
        code, out, err = invoke(*words.split())
        assert (code, out) == (1, ""), err
        assert "is inside the data 'album' and would be read as data" in err
        assert sorted(path.name for path in (place / "album").iterdir()) == ["a.jpg", "b.jpg"]
