"""What the tests of the page share: a server, a browser with a camera, and photos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

import browsers
import scenes
import servers
from browsers import Open


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    scenes.save(scenes.scene(("happy", "surprise"), width=800), folder / "two.jpg", quality=95)
    scenes.save(scenes.background(320, 240), folder / "none.png")
    (folder / "bad.jpg").write_bytes(b"no picture")
    scenes.save(scenes.scene(("happy",), width=1200, height=900), folder / "large.png")
    assert (folder / "large.png").stat().st_size > 2**20
    scenes.save(scenes.scene(("happy",)), folder / "old.tif")
    return folder


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with servers.running(max_body=2**20) as address:
        yield address


@pytest.fixture(scope="session")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The film that the browser's camera shows."""
    return browsers.film(tmp_path_factory.mktemp("film") / "camera.mjpeg", "happy", "surprise")


@pytest.fixture(scope="module")
def browser(camera: Path) -> Iterator[Browser]:
    with browsers.chromium(camera) as launched:
        yield launched


@pytest.fixture
def visit(browser: Browser, url: str) -> Iterator[Open]:
    """Opens the page; at the end, nothing may have gone wrong in it, and nothing may have been asked of others."""
    wrong: list[str] = []
    opened = []

    def open_page(address: str = url, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **options})
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if "Content Security" in message.text else None)
        page.on(
            "request",
            lambda request: (
                wrong.append(request.url) if not request.url.startswith((address, "blob:", "data:")) else None
            ),
        )
        page.goto(address)
        expect(page.locator("#limits, #key-form").filter(visible=True).first).not_to_be_empty()
        return page

    yield open_page
    for context in opened:
        context.close()
    assert wrong == []
