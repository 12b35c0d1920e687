"""Two models on one photo, side by side."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import browsers
import mien
import servers
from browsers import Open, give
from mien.serving import samples

MODELS = ("base", "tiny")


@pytest.fixture(scope="module")
def both() -> Iterator[str]:
    with servers.running(models=MODELS) as address:
        yield address


@pytest.fixture
def unclear(tmp_path: Path) -> Path:
    """A face of which the two models say different expressions."""
    path = tmp_path / "unclear.jpg"
    path.write_bytes(samples.photo("unclear"))
    return path


def compared(visit: Open, both: str, photo: Path, **options: object) -> Page:
    page = visit(both, **options)
    page.get_by_label("Compare with").select_option("tiny")
    give(page, photo)
    return page


def test_two_models_stand_side_by_side_and_their_difference_is_said(visit: Open, both: str, unclear: Path) -> None:
    page = compared(visit, both, unclear)
    found = {name: mien.Reader(name).analyze(unclear)[0] for name in MODELS}
    assert found["base"].label != found["tiny"].label
    expect(page.locator(".said")).to_have_text("1 face found; the models differ on 1")
    expect(page.locator(".face .head")).to_contain_text("≠ The models differ")
    heads = page.locator(".pair .model").all_inner_texts()
    assert heads[:2] == list(MODELS)
    assert [head.split()[0] for head in heads[2:]] == [face.label for face in found.values()]
    for row, name in zip(page.locator(".bar.pair:has(.track)").all(), found["base"].probabilities, strict=True):
        shares = [int(text[:-1]) for text in row.locator(".share").all_inner_texts()]
        values = [face.probabilities[name] for face in found.values()]
        assert all(abs(share - 100 * value) <= 0.51 for share, value in zip(shares, values, strict=True))
        differs = "differs" in (row.get_attribute("class") or "")
        assert differs == (abs(values[0] - values[1]) >= 0.2)


def test_faces_are_paired_by_their_boxes_and_copied_with_both(visit: Open, both: str, tmp_path: Path) -> None:
    photo = tmp_path / "six.jpg"
    photo.write_bytes(samples.photo("six"))
    page = compared(visit, both, photo, permissions=["clipboard-read", "clipboard-write"])
    expect(page.locator(".said")).to_have_text(re.compile("^6 faces found; the models (agree|differ on 1)$"))
    page.get_by_role("button", name="Copy as JSON").first.click()
    expect(page.locator("#announcer")).to_have_text("Copied")
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert copied["model"] == "base"
    others = {face.box: face for face in mien.Reader("tiny").analyze(photo)}
    for face in copied["faces"]:
        other = others[tuple(face["box"])]
        assert face["compared_with"]["model"] == "tiny"
        assert face["compared_with"]["label"] == other.label
        assert face["compared_with"]["probabilities"] == pytest.approx(dict(other.probabilities), abs=1e-5)


def test_a_server_with_one_model_has_nothing_to_compare(visit: Open, both: str) -> None:
    expect(visit().locator("#other-choice")).to_be_hidden()
    page = visit(both)
    expect(page.locator("#other option")).to_have_text(["none", "tiny"])
    page.locator("#other").select_option("tiny")
    page.locator("#model").select_option("tiny")
    expect(page.locator("#other option")).to_have_text(["none", "base"])
    expect(page.locator("#other")).to_have_value("")


@pytest.mark.parametrize("width", [360, 1280])
def test_the_comparison_fits_the_screen_and_has_no_fault(visit: Open, both: str, unclear: Path, width: int) -> None:
    page = compared(visit, both, unclear, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert browsers.faults(page) == []


def test_models_are_compared_on_the_device_too(visit: Open, both: str, unclear: Path, on_device: None) -> None:
    page = visit(both)
    page.get_by_label("Compare with").select_option("tiny")
    page.get_by_label("On this device").check()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    give(page, unclear)
    expect(page.locator(".said")).to_have_text("1 face found; the models differ on 1", timeout=30_000)
    assert sent == []
