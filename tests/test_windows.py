"""mien as it meets Windows: no POSIX calls, files in use can't be replaced, and no encoding is the system's."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import scenes
import windows
from mien.run import Run

VERBS = [
    "data draw faces.parquet --num 120",
    "data convert faces.parquet folders",
    "data info folders",
    "data info folders",  # from the cache
    "train faces.parquet --recipe demo --set epochs=1 --set image_size=16 --out run",
    "train --resume run --set epochs=2",
    "export run -o model.onnx",
    "export run -o model.onnx",
    "predict album --model tiny -o rows.jsonl --annotate drawn",
    "predict album --model tiny -o rows.jsonl --annotate drawn --resume",
    "video film.mp4 --model tiny -o film.csv --annotate copy.mp4",
    "video film.mp4 --model tiny -o study",
]


def test_the_verbs_work_as_on_windows(tmp_path: Path) -> None:
    (tmp_path / "album").mkdir()
    for number in range(2):
        scenes.save(scenes.scene(width=160, height=120, side=100), tmp_path / "album" / f"{number}.jpg")
    scenes.clip(tmp_path / "film.mp4", [scenes.scene(width=160, height=120, side=100)] * 3)
    words = list(itertools.chain.from_iterable([*verb.split(), "--"] for verb in VERBS))
    command = [sys.executable, "-X", "warn_default_encoding", windows.__file__, *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert [line for line in done.stderr.splitlines() if "EncodingWarning" in line and "/mien/" in line] == []
    assert [row.epoch for row in Run.open(tmp_path / "run").history] == [1, 2]
    assert len((tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()) == 2
    assert (tmp_path / "copy.mp4").stat().st_size > 1000
    assert not list(tmp_path.rglob("*.partial"))


def test_a_file_in_use_is_known(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("text", encoding="utf-8")
    assert not windows.is_open(path)
    with path.open(encoding="utf-8"):
        assert windows.is_open(path)
    assert not windows.is_open(path)
