"""The verbs on photos and clips as a user types them."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hostile
import mien
import scenes
from mien import cli, images
from mien.data.faceset import FaceSet
from mien.inference import priors

Invoke = Callable[..., tuple[int, str, str]]


def test_a_folder_gives_a_table(invoke: Invoke, album: Path) -> None:
    code, out, err = invoke("predict", album, "--model", "tiny")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 2 + 4
    assert "no_face" in out
    assert "%" in out


def test_each_format_has_the_same_rows(invoke: Invoke, album: Path, tmp_path: Path) -> None:
    import pyarrow.parquet

    code, out, _ = invoke("predict", album, "--model", "tiny", "--jsonl")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [row["status"] for row in rows] == ["face", "face", "no_face", "face"]
    code, out, _ = invoke("predict", album, "--model", "tiny", "--json")
    assert json.loads(out)["rows"] == rows
    code, out, _ = invoke("predict", album, "--model", "tiny", "--csv")
    flat = list(csv.DictReader(io.StringIO(out)))
    assert [row["label"] for row in flat] == [row.get("label", "") for row in rows]
    code, out, err = invoke("predict", album, "--model", "tiny", "-o", tmp_path / "rows.parquet")
    assert (code, out) == (0, "")
    assert "3 faces, 1 photo without one, 0 not read" in err
    table = pyarrow.parquet.read_table(tmp_path / "rows.parquet").to_pylist()
    assert [row["confidence"] for row in table] == [row.get("confidence") for row in rows]


def test_a_photo_on_standard_input(invoke: Invoke, album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        buffer = io.BytesIO((album / "a.jpg").read_bytes())

    monkeypatch.setattr(sys, "stdin", Input)
    code, out, _ = invoke("predict", "-", "--model", "tiny", "--jsonl")
    assert code == 0
    assert [json.loads(line)["photo"] for line in out.splitlines()] == ["-", "-"]


def test_help_states_the_defaults_of_python() -> None:
    from mien.inference import detector
    from mien.videos import analysis

    defaults = {parameter.name: parameter.default for parameter in cli.verbs()["video"].params}
    assert defaults["min_confidence"] == detector.MIN_SCORE
    assert defaults["smoothing"] == analysis.SMOOTHING


def test_unsure_faces_are_called_so(invoke: Invoke, album: Path) -> None:
    code, out, _ = invoke("predict", album / "a.jpg", "--model", "tiny", "--abstain", "1")
    assert code == 0
    assert out.count("unsure") == 2


def test_crops_are_read_as_they_are(invoke: Invoke, crop: Path) -> None:
    code, out, _ = invoke("predict", "--crops", crop, "--model", "tiny", "--jsonl")
    row = json.loads(out)
    expected = mien.load("tiny").probabilities(images.decode(crop, "L")[None])[0]
    assert code == 0
    assert list(row["probabilities"].values()) == [float(value) for value in expected]


def test_hostile_files_come_out_as_they_must(invoke: Invoke, tmp_path: Path) -> None:
    assert len(hostile.CASES) >= 60
    folder = tmp_path / "hostile"
    folder.mkdir()
    for name, (make, _) in hostile.CASES.items():
        (folder / name).write_bytes(make())
    (folder / "absent.jpg").symlink_to("nowhere")
    code, out, err = invoke("predict", folder, "--model", "tiny", "--jsonl")
    rows = {Path(row["photo"]).name: row for row in map(json.loads, out.splitlines())}
    assert code == 1
    assert "photos could not be read; their rows say why" in err
    assert set(rows) == {*hostile.CASES, "absent.jpg"}
    wrong = []
    for name, (_, outcome) in hostile.CASES.items():
        row = rows[name]
        right = row["status"] == outcome or (
            row["status"] == "error" and outcome in row["error"] and outcome not in ("face", "no_face")
        )
        if not right:
            wrong.append((name, outcome, row["status"], row.get("error")))
    assert wrong == []
    assert "can't be read: No such file or directory" in rows["absent.jpg"]["error"]


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_goes_on_without_loss_or_repetition(invoke: Invoke, tmp_path: Path, kill: signal.Signals) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    photo = scenes.save(scenes.scene(width=160, height=120, side=80), tmp_path / "photo.jpg").read_bytes()
    for number in range(200):
        (folder / f"{number:03}.jpg").write_bytes(photo)
    out = tmp_path / "rows.csv"
    command = [sys.executable, "-m", "mien", "predict", str(folder), "--model", "tiny", "-o", str(out)]
    partial = tmp_path / "rows.csv.partial"
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not partial.exists() or partial.stat().st_size < 5_000:
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.005)
    process.send_signal(kill)
    _, said = process.communicate()
    assert process.returncode not in (0, None)
    assert "Traceback" not in said
    assert not out.exists()

    code, _, err = invoke("predict", folder, "--model", "tiny", "-o", out)
    assert code == 1
    assert "resume with --resume" in err
    assert invoke("predict", folder, "--model", "tiny", "--abstain", "0.5", "-o", out, "--resume")[0] == 1
    code, _, err = invoke("predict", folder, "--model", "tiny", "-o", out, "--resume")
    assert code == 0
    assert "200 faces" in err
    with out.open() as file:
        photos = [row["photo"] for row in csv.DictReader(file)]
    assert sorted(photos) == sorted(str(path) for path in folder.iterdir())
    assert not partial.exists()
    code, _, err = invoke("predict", folder, "--model", "tiny", "-o", out, "--resume")
    assert code == 0
    assert "is already complete" in err


def test_names_that_are_no_text_are_read(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/photos/caf\xe9.png")).write_bytes(b"no picture")
    except OSError:
        pytest.skip("this file system takes text only")
    code, _, err = invoke("predict", tmp_path / "photos", "--model", "tiny", "-o", tmp_path / "rows.csv")
    assert code == 1
    assert "1 not read" in err
    assert "caf\ufffd.png" in (tmp_path / "rows.csv").read_text()


def test_places_without_pictures_are_named(invoke: Invoke, album: Path) -> None:
    code, _, err = invoke("predict", album, album / "*.nothing", "--model", "tiny")
    assert f"no pictures at '{album / '*.nothing'}'" in err
    assert code == invoke("predict", album, "--model", "tiny")[0]


def test_a_folder_as_it_comes(invoke: Invoke, tmp_path: Path) -> None:
    """A photo upside down, one of 12 bits, a file of macOS, a pipe: each is told."""
    upright = scenes.scene(("happy", "surprise"), width=800)
    scenes.save(np.ascontiguousarray(np.rot90(upright, 2)), tmp_path / "a.png")
    gray = np.asarray(Image.fromarray(upright).convert("L")).astype(np.uint16) * 16
    Image.fromarray(gray).save(tmp_path / "b.png")
    (tmp_path / "._b.png").write_bytes(b"\0\5\x16\7")
    os.mkfifo(tmp_path / "z.jpg")
    code, out, err = invoke("predict", tmp_path, "--model", "tiny", "--jsonl")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert "1 file of macOS (._NAME) holds no picture and was skipped" in err
    assert [row.get("rotated") for row in rows] == [180, 180, 0, 0, None]
    assert [row.get("note", "")[:41] for row in rows[:4]] == [
        "",
        "",
        *["its samples are taken as 12 bits deep, as"] * 2,
    ]
    assert [row["label"] for row in rows[:2]] == [row["label"] for row in rows[2:4]]
    assert "is a pipe, a socket or a device, not a file" in rows[4]["error"]
    code, out, _ = invoke("predict", tmp_path / "a.png", "--model", "tiny", "--jsonl", "--no-rotate", "--detail", "low")
    assert {json.loads(line).get("rotated", 0) for line in out.splitlines()} == {0}
    code, out, _ = invoke("predict", tmp_path / "a.png", "--model", "tiny", "--jsonl", "--max-pixels", "1000")
    assert "800x480 pixels, more than the 1,000 allowed (--max-pixels)" in json.loads(out)["error"]


def test_class_shares_in_use(invoke: Invoke, faces: FaceSet, tmp_path: Path) -> None:
    for number, face in enumerate(faces.images[:60]):
        Image.fromarray(face).save(tmp_path / f"{number:02}.png")
    plain = ("predict", tmp_path, "--crops", "--model", "tiny", "--jsonl")
    before = [json.loads(line) for line in invoke(*plain)[1].splitlines()]
    code, out, err = invoke(*plain, "--prior", "auto")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    prior = err.split("--prior ")[1].strip()
    assert {row["prior"] for row in rows} == {prior}
    classifier = mien.load("tiny")
    given = np.array([list(row["probabilities"].values()) for row in before], np.float32)
    shares = priors.estimate(given, classifier.shares)
    assert priors.in_words(shares, classifier.classes) == prior
    expected = priors.shift(given, priors.offsets(classifier.shares, shares))
    np.testing.assert_allclose([list(row["probabilities"].values()) for row in rows], expected, atol=1e-6)
    assert [row["label"] for row in rows] == [classifier.classes[best] for best in expected.argmax(1)]
    stated = [json.loads(line) for line in invoke(*plain, "--prior", prior)[1].splitlines()]
    np.testing.assert_allclose([row["confidence"] for row in stated], [row["confidence"] for row in rows], rtol=0.02)
    assert (
        invoke("predict", tmp_path, "--crops", "--model", "tiny", "-o", tmp_path / "r.csv", "--prior", "auto")[0] == 0
    )
    with (tmp_path / "r.csv").open() as file:
        flat = list(csv.DictReader(file))
    assert [row["label"] for row in flat] == [row["label"] for row in rows]
    assert {row["prior"] for row in flat} == {prior}


def test_class_shares_that_cannot_be_used(invoke: Invoke, album: Path, tmp_path: Path) -> None:
    code, out, err = invoke("predict", album, "--model", "tiny", "--prior", "auto", "-o", tmp_path / "r.csv")
    assert (code, out) == (1, "")
    assert "can't be estimated from 3 faces; at least 50 are needed" in err
    assert invoke("predict", album, "--model", "tiny", "-o", tmp_path / "r.csv", "--resume")[0] == 0  # nothing is lost
    for options, words in (
        (("--prior", "joyous=0.5"), "The prior names 'joyous'"),
        (("--prior", "neutral=0.5", "--decision", "balanced"), "both change the class shares: choose one"),
        (
            ("--prior", "auto", "--annotate", tmp_path / "drawn"),
            "--annotate draws each photo before the shares are estimated",
        ),
    ):
        code, _, err = invoke("predict", album, "--model", "tiny", *options)
        assert code == 2
        assert words in err
        assert "Traceback" not in err
