"""kill -9 in the middle of a write: what was there stays, what is half isn't there, and the next run goes on and sweeps.

The process kills itself where a temporary place is about to take the place of its target, which is the worst moment.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import drawn_films
import scenes
from mien import temporaries
from mien.data import store
from mien.data.layouts import read
from mien.run import Run
from mien.synthetic import drawn

pytestmark = [pytest.mark.killed, pytest.mark.several]

Invoke = Callable[..., tuple[int, str, str]]

SUICIDE = """
import os, signal, sys
from mien import temporaries
real, name, left = temporaries.replace, sys.argv[1], int(sys.argv[2])
def replace(new, target):
    global left
    left -= target.name == name
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(new, target)
temporaries.replace = replace
sys.argv = ["mien", *sys.argv[3:]]
from mien.__main__ import main
main()
"""


def killed(at: str, *words: object, after: int = 0) -> None:
    """Run ``mien`` and kill it where it is about to put a file of that name in its place, after so many times."""
    command = [sys.executable, "-c", SUICIDE, at, str(after), *map(str, words)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=300)
    assert done.returncode == -9, done.stderr.decode()[-2000:]


def litter(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*") if temporaries.is_temporary(path)]


@pytest.fixture(autouse=True)
def always_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporaries, "SHARE", 1e9)


def test_predict(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "album").mkdir()
    for number in range(3):
        scenes.save(scenes.scene(width=160, height=120, side=100), tmp_path / "album" / f"{number}.jpg")
    words = ("predict", tmp_path / "album", "--model", "tiny", "-o", tmp_path / "r.jsonl", "--annotate", tmp_path / "d")
    killed("1.jpg", *words)
    assert litter(tmp_path)
    killed("r.jsonl", *words, "--resume")
    assert not (tmp_path / "r.jsonl").exists()
    assert invoke(*words, "--resume")[0] == 0
    rows = [json.loads(line)["photo"] for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert rows == [str(tmp_path / "album" / f"{number}.jpg") for number in range(3)]
    assert sorted(path.name for path in (tmp_path / "d").iterdir()) == ["0.jpg", "1.jpg", "2.jpg"]
    assert litter(tmp_path) == []


def test_video(invoke: Invoke, tmp_path: Path) -> None:
    film = scenes.clip(tmp_path / "film.mp4", [scenes.scene(width=160, height=120, side=100)] * 3)
    (tmp_path / "copy.mp4").write_text("the old one")
    words = ("video", film, "--model", "tiny", "--annotate", tmp_path / "copy.mp4", "-o", tmp_path / "r.csv")
    killed("copy.mp4", *words)
    assert (tmp_path / "copy.mp4").read_text() == "the old one"
    assert invoke(*words)[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.mp4", "film.mp4", "r.csv"]


def test_several_clips(invoke: Invoke, tmp_path: Path) -> None:
    """Of the clip that was read when the process was killed, the rows are written again; the other is not read."""
    (tmp_path / "clips").mkdir()
    for name in ("a.mp4", "b.mp4"):
        scenes.clip(tmp_path / "clips" / name, [scenes.scene(width=160, height=120, side=100)] * 3)
    words = ("video", tmp_path / "clips", "--model", "tiny", "-o", tmp_path / "study", "--workers", "1")
    rows = tmp_path / "study" / "rows"
    for at in ("unfinished-b.mp4.csv", "b.mp4.json"):
        killed(at, *words)
        assert [path.name for path in rows.iterdir() if path.suffix == ".csv" and "unfin" not in path.name] == [
            "a.mp4.csv"
        ]
    code, _, err = invoke(*words)
    assert code == 0
    assert "1 of 2 clips were read before" in err
    assert "b.mp4: resumed after 0 s" in err
    names = [f"{name}.mp4.{suffix}" for name in "ab" for suffix in ("csv", "faces.json", "json")]
    assert sorted(path.name for path in rows.iterdir()) == names
    assert litter(tmp_path) == []


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_film_goes_on_from_the_last_block(invoke: Invoke, tmp_path: Path, workers: str) -> None:
    """Killed from outside in the middle of a film, twice; tracks, smoothing and episodes are those of an unbroken run."""
    drawn_films.film(tmp_path / "film.mp4", 400)
    drawn_films.film(tmp_path / "other.mp4", 20, 7)
    words = ("video", tmp_path / "film.mp4", tmp_path / "other.mp4", "--model", "tiny", "--workers", workers)
    assert invoke(*words, "-o", tmp_path / "right")[0] == 0
    part = tmp_path / "out" / "rows" / "unfinished-film.mp4.part"
    for blocks in (2, 5):
        command = [sys.executable, "-m", "mien", *map(str, words), "-o", str(tmp_path / "out")]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while not (part.exists() and part.read_bytes().count(b"\n") > blocks) and time.monotonic() < until:
            time.sleep(0.005)
        process.kill()
        assert process.wait() == -9
    time.sleep(1)  # a process that read the clip ends when it notices that nobody listens
    assert part.exists()
    code, _, err = invoke(*words, "-o", tmp_path / "out")
    assert code == 0
    assert "film.mp4: resumed after" in err
    for right in (path for path in (tmp_path / "right").rglob("*") if path.is_file() and path.name != "index.html"):
        assert (tmp_path / "out" / right.relative_to(tmp_path / "right")).read_bytes() == right.read_bytes()


@pytest.mark.parametrize("out", ["out.parquet", "out"])
def test_convert(invoke: Invoke, tmp_path: Path, out: str) -> None:
    for seed in (1, 2):
        store.write_parquet(drawn.draw(20, seed=seed), tmp_path / f"{seed}.parquet")
    assert invoke("data", "convert", tmp_path / "1.parquet", tmp_path / out)[0] == 0
    before = read(tmp_path / out).hash
    killed(out, "data", "convert", tmp_path / "2.parquet", tmp_path / out, "--overwrite")
    assert read(tmp_path / out, cache=False).hash == before
    assert len(litter(tmp_path)) == 1
    assert invoke("data", "convert", tmp_path / "2.parquet", tmp_path / out, "--overwrite")[0] == 0
    assert read(tmp_path / out, cache=False).hash != before
    assert litter(tmp_path) == []


def test_export_and_ensemble(invoke: Invoke, run: Run, tmp_path: Path) -> None:
    other = shutil.copytree(run.folder, tmp_path / "other")
    for name, words in (("e.onnx", ("export", run.folder)), ("m.onnx", ("ensemble", run.folder, other))):
        (tmp_path / name).write_text("the old one")
        killed(name, *words, "-o", tmp_path / name)
        assert (tmp_path / name).read_text() == "the old one"
        assert invoke(*words, "-o", tmp_path / name)[0] == 0
        assert (tmp_path / name).stat().st_size > 1000
    assert litter(tmp_path) == []


def test_study(invoke: Invoke, faces_file: Path, tmp_path: Path) -> None:
    few = ("--recipe", "demo", "--set", "epochs=2", "--set", "image_size=16", "--seeds", "2", "--out", tmp_path / "s")
    words = ("study", "ensemble", faces_file, *few)
    killed("checkpoint.safetensors", *words, after=3)  # in the second epoch of the second run
    histories = sorted((tmp_path / "s" / "runs").glob("*/history.jsonl"))
    curves = [path.read_text() for path in histories]
    assert sorted(map(len, (curve.splitlines() for curve in curves))) == [1, 2]
    code, _, said = invoke(*words)
    assert (code, "resumed after epoch 1" in said) == (0, True), said
    assert all(path.read_text().startswith(curve) for path, curve in zip(histories, curves, strict=True))
    assert litter(tmp_path) == []


def test_tune(invoke: Invoke, faces_file: Path, tmp_path: Path) -> None:
    """The driver is killed before anything is tried; ``tests/scale/test_tuning.py`` kills a trial."""
    pytest.importorskip("ray")
    words = ("tune", faces_file, "--recipe", "demo", "--set", "epochs=1", "--trials", "1", "--out", tmp_path / "t")
    killed("sweep.json", *words)
    assert not (tmp_path / "t" / "sweep.json").exists()
    killed("sweep.json", *words)
    assert len(litter(tmp_path)) == 1  # the first one's was swept
    assert os.listdir(tmp_path / "t" / "runs") == []  # noqa: PTH208 # hidden files too
