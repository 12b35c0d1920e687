"""What users install: the wheel, alone in a fresh environment, without the network and without the checkout."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import scenes

ROOT = Path(__file__).parents[1]

OFFLINE = """
import json, socket, sys

def refuse(*_, **__):
    raise OSError("no network here")

socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
import mien
assert "torch" not in sys.modules
faces = mien.analyze(sys.argv[1])
print(json.dumps({"file": mien.__file__, "labels": [face.label for face in faces]}))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with mien's wheel and what the base install needs, and no more."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, text=True)
    (wheel,) = folder.glob("mien-*.whl")
    venv.create(folder / "venv", symlinks=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([*pip, "--python", str(python), "install", str(wheel)], check=True, capture_output=True, text=True)
    return python


def test_photos_are_read_by_the_base_install_alone(python: Path, tmp_path: Path) -> None:
    photo = scenes.save(scenes.scene(("happy", "surprise"), width=800), tmp_path / "photo.jpg", quality=95)
    done = subprocess.run([python, "-c", OFFLINE, photo], cwd=tmp_path, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    assert "site-packages" in result["file"]
    assert len(result["labels"]) == 2


def test_the_command_works_and_names_the_extra_that_a_clip_needs(python: Path, tmp_path: Path) -> None:
    photo = scenes.save(scenes.scene(), tmp_path / "photo.jpg")
    command = python.with_name("mien")
    done = subprocess.run(
        [command, "predict", photo, "--csv"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("photo,status,face")
    clip = scenes.clip(tmp_path / "clip.mp4", [scenes.background(64, 64)])
    done = subprocess.run([command, "video", clip], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "run  pip install 'mien[video]'" in done.stderr
    done = subprocess.run([command, "serve"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "run  pip install 'mien[serve]'" in done.stderr
    heic = tmp_path / "photo.heic"
    heic.write_bytes(b"\x00\x00\x00\x18ftypheic" + bytes(100))
    done = subprocess.run([command, "predict", heic], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "to read it, run  pip install 'mien[heic]'" in done.stdout
