"""The picture of the page in the README: ``python docs/screenshot.py``, with a Chromium and what the tests need."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))

from playwright.sync_api import expect

import browsers
import servers
from mien.serving import samples


def main() -> None:
    """Draw it."""
    with tempfile.TemporaryDirectory() as folder:
        photos = [Path(folder) / f"{name}.jpg" for name in ("six", "unclear")]
        for photo in photos:
            photo.write_bytes(samples.photo(photo.stem))
        with servers.running(models=("base", "tiny")) as url, browsers.chromium() as browser:
            page = browser.new_page(viewport={"width": 1180, "height": 1560})
            page.goto(url)
            page.set_input_files("#files", photos)
            expect(page.locator(".said")).to_have_text(["6 faces found", "1 face found"], timeout=20_000)
            page.screenshot(path=Path(__file__).parent / "images" / "page.png")


if __name__ == "__main__":
    main()
