"""The npm package for browsers: what `npm pack` makes, used by a page of its own."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page
from tools import web_package

import browsers
import mien
import scenes

RUNTIME = web_package.PAGE / "ort"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked package, with photos beside it and the runtime where npm puts it."""
    folder = tmp_path_factory.mktemp("web")
    web_package.assemble(folder / "made")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    done = subprocess.run([npm, "pack", "--json"], cwd=folder / "made", capture_output=True, text=True, check=True)
    with tarfile.open(folder / "made" / json.loads(done.stdout)[0]["filename"]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


@pytest.fixture(scope="module")
def site(package: Path) -> Iterator[str]:
    """An address of the package's folder, served as files."""
    if not RUNTIME.is_dir():
        pytest.skip("the runtime isn't there: make page")
    shutil.copytree(RUNTIME, package / "node_modules" / "onnxruntime-web" / "dist")
    scenes.save(scenes.scene(("happy", "fear"), width=900, height=640, side=250), package / "two.png")
    scenes.save(
        np.ascontiguousarray(np.rot90(scenes.scene(("sad",), width=700, height=520, side=300))), package / "side.png"
    )
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(package))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def page(site: str) -> Iterator[Page]:
    with browsers.chromium() as browser:
        page = browser.new_page()
        page.goto(f"{site}/example.html")
        page.get_by_text("Choose a photo.").wait_for(timeout=30_000)
        yield page


ANALYZE = """async ([settings, photo]) => {
  const ort = await import("onnxruntime-web");
  const { load } = await import("mien-web");
  const mien = await load(ort, settings);
  return mien.analyze(await (await fetch(photo)).blob());
}"""


@pytest.mark.parametrize(
    "settings", [{"model": "tiny"}, {"model": "base", "flip": True, "decision": "balanced"}], ids=["tiny", "base"]
)
@pytest.mark.parametrize("photo", ["two.png", "side.png"])
def test_it_reads_photos_as_python_does(page: Page, package: Path, settings: dict[str, Any], photo: str) -> None:
    found = page.evaluate(ANALYZE, [settings, photo])
    expected = [face.to_dict() for face in mien.Reader(**settings).analyze(package / photo)]
    assert len(found["faces"]) == len(expected) == (2 if photo == "two.png" else 1)
    for face, other in zip(found["faces"], expected, strict=True):
        assert (face["label"], face["rotated"]) == (other["label"], other["rotated"])
        assert list(face["probabilities"]) == list(other["probabilities"])
        np.testing.assert_allclose(
            list(face["probabilities"].values()), list(other["probabilities"].values()), atol=0.01
        )
        np.testing.assert_allclose(face["box"], other["box"], atol=1.0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "huge"}, 'There is no model "huge": choose base, robust, tiny.'),
        ({"decision": "wild"}, 'There is no decision "wild": choose argmax, balanced.'),
        ({"flop": True}, 'There is no option "flop": choose min_confidence, abstain, flip, rotate, detail, max_faces.'),
        ({"files": "nowhere"}, "can't be loaded: HTTP 404."),
    ],
)
def test_what_it_can_not_load_is_said(page: Page, settings: dict[str, Any], message: str) -> None:
    said = page.evaluate(
        """async (settings) => {
          const { load } = await import("mien-web");
          return load(await import("onnxruntime-web"), settings).then(String, (error) => error.message);
        }""",
        settings,
    )
    assert message in said


def test_the_example_reads_a_photo(page: Page, package: Path) -> None:
    page.set_input_files("input", package / "two.png")
    page.get_by_text("2 faces").wait_for(timeout=20_000)
    label = mien.analyze(package / "two.png", model="tiny")[0].label
    assert page.locator("li").count() == 2
    assert page.locator("li").first.inner_text().startswith(label)


def test_the_package_is_small_and_complete(package: Path) -> None:
    code = sum(path.stat().st_size for path in package.glob("*.js"))
    assert code < 60_000
    names = {
        str(path.relative_to(package))
        for path in package.rglob("*")
        if path.is_file() and "node_modules" not in path.parts
    }
    models = {f"models/{name}.{kind}" for name in ("base", "robust", "tiny") for kind in ("onnx", "md")}
    documents = {"README.md", "LICENSE", "LICENCES.md", "example.html", "package.json"}
    code_files = {"index.js", "index.d.ts", "device.js", "readability.js", "tracking.js", "models.js"}
    assert {name for name in names if not name.endswith(".png")} == models | documents | code_files | {
        "models/yunet.onnx"
    }
    described = json.loads((package / "package.json").read_text(encoding="utf-8"))
    assert (described["version"], described["name"]) == (mien.__version__, "mien-web")


def test_the_types_name_what_the_module_has(page: Page, package: Path) -> None:
    types = (package / "index.d.ts").read_text(encoding="utf-8")
    exported = page.evaluate("async () => Object.keys(await import('mien-web'))")
    assert [
        name
        for name in exported
        if f"export const {name}" not in types
        and f"export function {name}" not in types
        and f"export class {name}" not in types
    ] == []
    for option in web_package.OPTIONS:
        assert f"  {option}:" in types
