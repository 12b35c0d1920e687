"""What the tests of the server share: a server, and pictures to send."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

import scenes
import servers


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
    with httpx.Client(base_url=url, timeout=30) as made:
        yield made
