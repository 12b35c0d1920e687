"""Clips on a Ray cluster: the bytes of one process, also where a worker is killed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import drawn_films
import workers

pytestmark = pytest.mark.several

Invoke = Callable[..., tuple[int, str, str]]


def content(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def kill_after_a_block(out: Path, killed: list[int]) -> None:
    """Kill the workers once a clip has a block, and note that."""
    while not killed:
        time.sleep(0.005)
        for path in out.glob("rows/*.part"):
            lines = path.read_bytes().count(b"\n")
            if lines > 1:
                killed.append(lines)
                workers.kill("ray::_read")
                return


def test_a_study_on_ray_is_the_same_study_also_where_workers_are_killed(
    cluster: None, tmp_path: Path, invoke: Invoke
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    drawn_films.film(films / "a.mp4", 160)
    drawn_films.film(films / "b.mp4", 30, 7)
    (films / "c.mp4").write_bytes(b"no film")
    words = ("video", films, "--model", "tiny", "--smoothing", "0.2", "-o")
    code, _, said = invoke(*words, tmp_path / "alone", "--workers", "1")
    assert code == 1, said
    killed: list[int] = []
    killer = threading.Thread(target=kill_after_a_block, args=(tmp_path / "ray", killed), daemon=True)
    killer.start()
    code, _, said = invoke(*words, tmp_path / "ray", "--engine", "ray")
    killer.join(60)
    assert code == 1
    assert "1 clip could not be read" in said
    assert "3 of 3 clips: " in said
    assert killed
    assert "a.mp4: resumed after " in said
    assert content(tmp_path / "ray") == content(tmp_path / "alone")
