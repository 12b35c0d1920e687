"""A Chromium for tests of the page: Debian's, or the one that MIEN_BROWSER names."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

import scenes

Open = Callable[..., Page]
"""Opens the page, at an address and with options of the browser's context."""


def path() -> str:
    """Where the browser is; without one the test is skipped, but fails where ``CI`` is set."""
    named = os.environ.get("MIEN_BROWSER", "")
    # The first has no window, and costs a third less processor time.
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    found = named or next(filter(None, map(shutil.which, names)), None)
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail("CI has no browser: install chromium, or name one in MIEN_BROWSER.")
    pytest.skip("there is no Chromium here: install one, or name it in MIEN_BROWSER")


@contextmanager
def chromium(camera: Path | None = None) -> Iterator[Browser]:
    """A browser; ``camera`` is a film (MJPEG) that its camera shows."""
    # A script that runs once isn't worth optimising.
    options = ["--no-sandbox", "--disable-dev-shm-usage", "--js-flags=--no-opt"]
    if camera is not None:
        fakes = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
        options += [*fakes, f"--use-file-for-fake-video-capture={camera}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path(), args=options)
        yield browser
        browser.close()


def film(target: Path, *expressions: str, frames: int = 20) -> Path:
    """A film for the camera: drawn faces, one expression after the other, so many frames each."""
    pictures = [
        scenes.encoded(scenes.scene((expression,), width=640, height=480, side=260), quality=90)
        for expression in expressions
    ]
    target.write_bytes(b"".join(picture * frames for picture in pictures))
    return target


def faults(page: Page) -> list[str]:
    """What axe finds on a page: the rule and the element. A page is given axe once: reading it takes as long as a small page."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(Axe().axe_script)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{fault['id']}: {node['html']}" for fault in found for node in fault["nodes"]]


def give(page: Page, *files: Path) -> None:
    """Give the page photos, and wait until all are read."""
    page.set_input_files("#files", files)
    expect(page.locator(".waiting")).to_have_count(0, timeout=20_000)
