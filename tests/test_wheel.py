"""What users install: the wheel, alone in a fresh environment, without the network and without the checkout."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import scenes
from mien import modelfile

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


PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


def build(source: Path, folder: Path) -> Path:
    command = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (wheel,) = folder.glob("mien-*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with mien's wheel and what the base install needs, and no more."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder / "venv", symlinks=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([*PIP, "--python", str(python), "install", str(wheel)], check=True, capture_output=True, text=True)
    return python


def test_another_checkout_gives_the_same_wheel_byte_for_byte(wheel: Path, tmp_path: Path) -> None:
    """The source has no repository, other times, and other rights."""
    copy = tmp_path / "copy"
    shutil.copytree(
        ROOT / "src", copy / "src", copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "README.md", "LICENSE", "LICENCES.md"):
        shutil.copyfile(ROOT / name, copy / name)
    (copy / "src" / "mien" / "__init__.py").chmod(0o600)
    again = build(copy, tmp_path / "again")
    assert again.name == wheel.name
    assert modelfile.sha256(again) == modelfile.sha256(wheel)


def test_the_wheel_has_the_licence_of_everything_in_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        texts = {
            name.partition("/licenses/")[2]: opened.read(name).decode()
            for name in opened.namelist()
            if "/licenses/" in name
        }
        models = {Path(name).name: opened.read(name) for name in opened.namelist() if name.endswith(".onnx")}
    assert {"LICENSE", "LICENCES.md", "src/mien/inference/weights/detector/LICENSE"} <= set(texts)
    assert set(models) == {"base.onnx", "robust.onnx", "tiny.onnx", "yunet.onnx"}
    assert all(name in texts["LICENCES.md"] for name in models)
    assert hashlib.sha256(models["yunet.onnx"]).hexdigest() in texts["LICENCES.md"]
    for package, version in json.loads((ROOT / "page" / "package.json").read_text())["dependencies"].items():
        assert f"{package} {version}" in texts["LICENCES.md"]


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
