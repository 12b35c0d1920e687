"""No fault that axe finds, and nothing wider than the screen: on a phone and a desktop, light and dark, in both languages."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import browsers
import scenes
from browsers import Open, give


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenes.film(tmp_path_factory.mktemp("film") / "film.mp4", "happy", "surprise")


def faults(page: Page) -> list[str]:
    """What axe finds, and whether the page is wider than the screen."""
    found = browsers.faults(page)
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return found + ([f"{width} pixels wider than the screen"] if width > 0 else [])


@pytest.mark.parametrize(
    ("width", "scheme", "locale"),
    [(360, "light", "zh-TW"), (360, "dark", "en-US"), (1280, "light", "en-US"), (1280, "dark", "zh-TW")],
)
def test_each_part_of_the_page(visit: Open, pictures: Path, film: Path, width: int, scheme: str, locale: str) -> None:
    page = visit(viewport={"width": width, "height": 800}, color_scheme=scheme, locale=locale)
    give(page, pictures / "two.jpg", pictures / "bad.jpg")
    page.locator(".face").first.click()
    found = faults(page)
    page.locator("#shoot").click()
    expect(page.locator("#shot-take")).to_be_enabled(timeout=20_000)
    found += faults(page)
    page.keyboard.press("Escape")
    page.locator("#live-tab").click()
    page.locator("#start").click()
    expect(page.locator("#live-lanes canvas").first).to_be_visible(timeout=20_000)
    found += faults(page)
    ticks = page.locator("#live-lanes .axis span").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().toJSON())"
    )
    assert len(ticks) > 2
    assert all(one["right"] <= other["left"] for one, other in pairwise(ticks))
    page.locator("#video-tab").click()
    page.set_input_files("#clip", film)
    expect(page.locator("#clip-result")).to_be_visible(timeout=30_000)
    page.locator("summary").click()
    assert found + faults(page) == []
