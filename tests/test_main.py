"""Ctrl-C at any moment: no traceback, exit code 130, and how to go on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import mien

INTERRUPTED = """
import importlib.abc, os, signal, sys

at = sys.argv[1]

class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == at:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
{more}
from mien.__main__ import main
sys.argv = ["mien", *sys.argv[2:]]
main()
"""


def interrupted(at: str, *words: object, more: str = "") -> tuple[int, str]:
    """Run ``mien`` and send it a Ctrl-C where it imports a module; gives exit code and standard error."""
    command = [sys.executable, "-c", INTERRUPTED.format(more=more), at, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    return done.returncode, done.stderr.replace("\n\n", "\n").lstrip("\n")  # click ends the line of the ^C


@pytest.mark.parametrize(
    "module", ["mien.cli", "click", "mien.cli.models", "numpy", "onnxruntime", "mien.data.layouts"]
)
def test_while_it_is_loaded(module: str, faces_file: Path) -> None:
    assert interrupted(module, "evaluate", "tiny", faces_file) == (130, "mien: stopped.\n")


def test_while_torch_is_loaded_and_before_there_is_a_run(faces_file: Path, tmp_path: Path) -> None:
    words = ("train", faces_file, "--recipe", "demo", "--out", tmp_path / "run")
    assert interrupted("torch.nn", *words) == (130, "mien: stopped.\n")
    assert not (tmp_path / "run").exists()


def test_training_says_how_to_go_on(faces_file: Path, tmp_path: Path) -> None:
    words = ("train", faces_file, "--recipe", "demo", "--set", "epochs=1", "--out", tmp_path / "run")
    more = """
import mien.training.loop
real = mien.training.loop.train
def train(*rest, **others):
    os.kill(os.getpid(), signal.SIGINT)
    return real(*rest, **others)
mien.training.loop.train = train
"""
    code, said = interrupted("", *words, more=more)
    assert code == 130
    assert said.endswith(f"resume with  mien train --resume {tmp_path / 'run'}\nmien: stopped.\n")


def test_where_python_can_raise_nothing(faces_file: Path) -> None:
    """In a destructor Python drops it; in a worker's thread it has no place: it comes again, and nothing is printed twice."""
    more = """
import threading
class Dying:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass
import mien.__main__, mien.cli, time
def main(arguments=None):
    import click
    Dying()
    threading.Thread(target=lambda: time.sleep(0.2) or 1 / 0).start()
    try:
        time.sleep(20)
    except KeyboardInterrupt:
        time.sleep(0.4)
        raise
mien.cli.main = main
"""
    assert interrupted("", "evaluate", "tiny", faces_file, more=more) == (130, "mien: stopped.\n")


def test_in_code_that_is_made_of_text(faces_file: Path, tmp_path: Path) -> None:
    """As that of dataclasses; CPython then ends by the signal, unless the mark that it keeps is taken away."""
    (tmp_path / "sitecustomize.py").write_text("""
import builtins
real = __import__
def importing(name, *rest, **others):
    if name == "mien.cli":
        exec("import os, signal; os.kill(os.getpid(), signal.SIGINT)")
    return real(name, *rest, **others)
builtins.__import__ = importing
""")
    paths = os.pathsep.join([str(tmp_path), str(Path(mien.__file__).parents[1])])
    done = subprocess.run(
        [sys.executable, "-m", "mien", "evaluate", "tiny", str(faces_file)], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": paths}, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (130, "mien: stopped.\n")
