"""The picture of the page in the README: ``python docs/screenshot.py``, with a Chromium and what the tests need."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))

from playwright.sync_api import expect
from skimage import data

import browsers
import scenes
import servers


def main() -> None:
    """Draw it."""
    with tempfile.TemporaryDirectory() as folder:
        # Eileen Collins, photographed by NASA; public domain.
        photo = scenes.save(data.astronaut(), Path(folder) / "astronaut.jpg", quality=95)
        drawn = scenes.save(
            scenes.scene(("happy", "surprise", "sad"), width=1000, height=420, side=260), Path(folder) / "drawn.png"
        )
        with servers.running(models=("base", "tiny")) as url, browsers.chromium() as browser:
            page = browser.new_page(viewport={"width": 1180, "height": 1100})
            page.goto(url)
            page.set_input_files("#files", [photo, drawn])
            expect(page.locator(".said")).to_have_text(["1 face found", "3 faces found"], timeout=20_000)
            page.screenshot(path=Path(__file__).parent / "images" / "page.png")


if __name__ == "__main__":
    main()
