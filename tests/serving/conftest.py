"""What the tests of the server share: a server, and pictures to send."""

from __future__ import annotations

import os
from collections.abc import Iterator

import httpx
import pytest

import scenes
import servers
from mien.serving import api


@pytest.fixture(scope="session")
def two_faces() -> bytes:
    return scenes.encoded(scenes.scene(("happy", "sad"), width=800), quality=95)


@pytest.fixture(scope="session")
def no_face() -> bytes:
    return scenes.encoded(scenes.background(320, 240), "PNG")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with servers.running() as address:
        yield address


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    with servers.Client(base_url=url) as made:
        yield made


@pytest.fixture(scope="module")
def on_device() -> None:
    """The browser's runtime must be in place; without it a test is skipped, but fails where ``CI`` is set."""
    if not api.RUNTIME.is_file():
        if os.environ.get("CI"):
            pytest.fail("CI has no runtime for the browser: run  make page")
        pytest.skip("there is no runtime for the browser here: run  make page")
