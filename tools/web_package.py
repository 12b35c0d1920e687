"""Assemble the npm package mien-web in a folder: ``python tools/web_package.py FOLDER``. ``npm pack`` makes the archive of it.

The code is that of the web page of ``mien serve``; ``web/`` has what only the package needs. Models, classes and defaults come
from the Python package.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import mien
from mien.inference import pretrained
from mien.inference.options import Options

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "src" / "mien" / "serving" / "page"
WEIGHTS = ROOT / "src" / "mien" / "inference" / "weights"
DETECTOR = WEIGHTS / "detector" / "yunet.onnx"

SHARED = ("device.js", "readability.js", "tracking.js")
"""The modules of the page that the package has too."""

OPTIONS = ("min_confidence", "abstain", "flip", "rotate", "detail", "max_faces")


def models_js() -> str:
    """The module ``models.js``: the files, the models and the default options."""
    lines = [
        "// Written by tools/web_package.py.",
        f"export const DETECTOR = {_url(DETECTOR)};",
        "export const MODELS = {",
    ]
    for name in pretrained.names():
        spec = mien.load(name).spec
        height, width = spec.size
        described = {
            "height": height,
            "width": width,
            "classes": [{"name": label} for label in spec.classes],
            "decisions": spec.decisions,
        }
        rest = json.dumps(described)[1:]
        lines.append(f"  {name}: {{ file: {_url(WEIGHTS / f'{name}.onnx')}, {rest},")
    defaults = {name: getattr(Options(), name) for name in OPTIONS}
    return "\n".join([*lines, "};", f"export const OPTIONS = {json.dumps(defaults)};", ""])


def _url(path: Path) -> str:
    return f'new URL("./models/{path.name}", import.meta.url)'


def assemble(folder: Path) -> None:
    """Write the package into an empty folder."""
    shutil.copytree(ROOT / "web", folder, dirs_exist_ok=True)
    for name in SHARED:
        shutil.copy(PAGE / name, folder)
    (folder / "models.js").write_text(models_js(), encoding="utf-8")
    (folder / "models").mkdir()
    for name in pretrained.names():
        for kind in ("onnx", "md"):
            shutil.copy(WEIGHTS / f"{name}.{kind}", folder / "models")
    shutil.copy(DETECTOR, folder / "models")
    for name in ("LICENSE", "LICENCES.md"):
        shutil.copy(ROOT / name, folder)
    package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    package["version"] = mien.__version__
    (folder / "package.json").write_text(json.dumps(package, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Assemble the package."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    if folder.exists() and any(folder.iterdir()):
        parser.error(f"'{folder}' is not empty.")
    assemble(folder)


if __name__ == "__main__":
    main()
