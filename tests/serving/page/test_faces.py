"""The faces of a photo: their order, the links between picture and cards, uncertainty, samples, snapshots, a second try."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

import scenes
from browsers import Open, give
from mien.serving import samples


@pytest.fixture
def six(visit: Open, tmp_path: Path) -> Page:
    """The page with a photo of six faces, three in each of two rows."""
    page = visit()
    photo = tmp_path / "six.jpg"
    photo.write_bytes(samples.photo("six"))
    give(page, photo)
    expect(page.locator(".face")).to_have_count(6)
    return page


def test_faces_are_numbered_in_reading_order(six: Page) -> None:
    boxes = [box.bounding_box() for box in six.locator(".box").all()]
    assert None not in boxes
    corners = [(box["x"], box["y"]) for box in boxes if box]
    assert [x for x, _ in corners[:3]] == sorted(x for x, _ in corners[:3])
    assert [x for x, _ in corners[3:]] == sorted(x for x, _ in corners[3:])
    assert max(y for _, y in corners[:3]) + 50 < min(y for _, y in corners[3:])
    labels = six.locator(".box .label").all_inner_texts()
    captions = six.locator(".face strong").all_inner_texts()
    assert labels == captions
    assert [int(label.split()[0]) for label in labels] == [1, 2, 3, 4, 5, 6]


def test_rows_that_slant_stay_rows(visit: Open) -> None:
    script = """async () => {
        const { inReadingOrder } = await import("/page/faces.js");
        const face = (name, x, y, side = 100) => ({ name, box: [x, y, x + side, y + side] });
        const faces = [face("f", 620, 230, 60), face("c", 620, 55), face("a", 10, 20), face("d", 15, 200), face("b", 300, 0), face("e", 310, 180)];
        return inReadingOrder(faces).map(({ name }) => name).join("");
    }"""
    assert visit().evaluate(script) == "abcdef"


def marked(rows: Locator) -> list[int]:
    return [at for at, row in enumerate(rows.all()) if "marked" in (row.get_attribute("class") or "")]


def test_picture_and_cards_are_linked_both_ways(six: Page) -> None:
    boxes, cards = six.locator(".box"), six.locator(".face")
    boxes.nth(4).hover()
    assert marked(boxes) == marked(cards) == [4]
    cards.nth(1).hover()
    assert marked(boxes) == marked(cards) == [1]
    six.locator("h1").hover()
    assert marked(boxes) == marked(cards) == []
    boxes.nth(5).click()
    expect(cards.nth(5)).to_have_attribute("aria-pressed", "true")
    expect(cards.nth(5)).to_be_in_viewport()
    six.locator("h1").hover()
    boxes.nth(5).blur()
    assert marked(boxes) == marked(cards) == [5]
    cards.nth(5).click()
    expect(boxes.nth(5)).to_have_attribute("aria-pressed", "false")


def test_faces_are_reached_with_the_keyboard(six: Page) -> None:
    boxes, cards = six.locator(".box"), six.locator(".face")
    assert [box.get_attribute("tabindex") for box in boxes.all()] == ["0", *["-1"] * 5]
    boxes.first.focus()
    six.keyboard.press("ArrowRight")
    six.keyboard.press("ArrowRight")
    expect(boxes.nth(2)).to_be_focused()
    assert marked(cards) == [2]
    six.keyboard.press("Enter")
    expect(cards.nth(2)).to_have_attribute("aria-pressed", "true")
    six.keyboard.press("ArrowLeft")
    expect(boxes.nth(1)).to_be_focused()
    assert (boxes.nth(1).get_attribute("aria-label") or "").startswith("Face 2: ")
    cards.nth(3).focus()
    assert marked(boxes) == [2, 3]


@pytest.mark.parametrize("width", [360, 1280])
def test_labels_can_be_read_and_nothing_scrolls_inside(visit: Open, tmp_path: Path, width: int) -> None:
    page = visit(viewport={"width": width, "height": 740})
    photo = tmp_path / "six.jpg"
    photo.write_bytes(samples.photo("six"))
    give(page, photo)
    sizes = page.locator(".box .label").evaluate_all(
        "all => all.map((label) => parseFloat(getComputedStyle(label).fontSize))"
    )
    assert min(sizes) >= 11
    rims = page.locator(".box .label").evaluate_all("all => all.map((label) => label.getBoundingClientRect().toJSON())")
    for number, one in enumerate(rims):
        for other in rims[:number]:
            apart = one["right"] <= other["left"] + 1 or other["right"] <= one["left"] + 1
            assert apart or one["bottom"] <= other["top"] + 1 or other["bottom"] <= one["top"] + 1
    inner = "all => all.filter((one) => one.scrollHeight > one.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(one).overflowY)).length"
    assert page.locator("main *").evaluate_all(inner) == 0


def test_in_a_crowd_labels_are_numbers_that_cover_no_other_face(visit: Open, tmp_path: Path) -> None:
    page = visit(viewport={"width": 360, "height": 740})
    crowd = scenes.scene(("happy", "surprise") * 4, width=1600, height=300, side=180)
    give(page, scenes.save(crowd, tmp_path / "crowd.png"))
    labels = page.locator(".box .label").all_inner_texts()
    assert len(labels) == 8
    assert [label.split()[0] for label in labels] == [str(number) for number in range(1, 9)]
    assert "2" in labels  # there is no room for more
    covered = """(labels) => labels.flatMap((label) => {
        const one = label.getBoundingClientRect();
        const others = [...document.querySelectorAll(".box")].filter((box) => box !== label.parentElement);
        return others.map((box) => box.getBoundingClientRect()).filter((box) =>
            one.left + 1 < box.right && box.left + 1 < one.right && one.top + 1 < box.bottom && box.top + 1 < one.bottom);
    }).length"""
    assert page.locator(".box .label").evaluate_all(covered) == 0
    second = page.locator(".box").nth(1)
    second.focus()
    rest = second.locator(".label").evaluate("label => getComputedStyle(label, '::after').content")
    assert re.fullmatch(r'" surprise \d+%"', rest)


def test_each_card_has_the_crop_of_its_face(six: Page) -> None:
    crops = six.locator(".face .crop")
    expect(crops).to_have_count(6)
    means = crops.evaluate_all(
        "all => all.map((one) => { const data = one.getContext('2d').getImageData(40, 40, 64, 64).data;"
        " return data.reduce((sum, value) => sum + value, 0) / data.length; })"
    )
    assert len({round(mean) for mean in means}) == 6


def test_the_threshold_says_which_faces_are_uncertain(visit: Open, tmp_path: Path) -> None:
    page = visit()
    photo = tmp_path / "unclear.jpg"
    photo.write_bytes(samples.photo("unclear"))
    give(page, photo)
    box, caption = page.locator(".box"), page.locator(".face strong")
    expect(box).to_have_class(re.compile("uncertain"))
    expect(caption).to_have_text(re.compile(r"^1 \w+ \d+%, \w+ \d+%$"))
    assert box.evaluate("one => getComputedStyle(one).borderStyle") == "dashed"
    page.locator("#threshold").focus()
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("#threshold-value")).to_have_text("20%")
    expect(caption).to_have_text(re.compile(r"^1 \w+ \d+%$"))
    assert box.evaluate("one => getComputedStyle(one).borderStyle") == "solid"


def test_a_face_below_the_servers_threshold_is_unsure_without_a_number(visit: Open, pictures: Path) -> None:
    page = visit()
    face = {"label": "happy", "confidence": 0.48, "abstained": True, "box": [10, 10, 90, 90], "unreadable": "too_small"}
    photo = {"width": 800, "height": 450, "faces": [face | {"probabilities": {"happy": 0.48, "sad": 0.52}}]}
    page.route("**/v1/analyze*", lambda route: route.fulfill(body=json.dumps({"photos": [photo]})))
    give(page, pictures / "two.jpg")
    expect(page.locator(".face strong")).to_have_text("1 unsure")
    expect(page.locator(".box .label")).to_have_text("1 unsure")
    expect(page.locator(".face .head")).to_contain_text("too small to be reliable")


def test_samples_can_be_tried(visit: Open) -> None:
    page = visit()
    expect(page.locator(".sample")).to_have_count(3)
    page.get_by_role("button", name="six faces").click()
    expect(page.locator(".said")).to_have_text("6 faces found", timeout=20_000)
    expect(page.locator("#drop .privacy")).to_have_text(
        "Photos are sent to this server, read in its memory, and not kept."
    )


def test_a_snapshot_is_taken_with_the_camera(visit: Open) -> None:
    page = visit()
    page.locator("#shoot").click()
    expect(page.locator("#shot")).to_be_visible()
    expect(page.locator("#shot-take")).to_be_focused(timeout=20_000)
    page.locator("#shot-take").click()
    expect(page.locator("#shot")).to_be_hidden()
    expect(page.locator(".said")).to_have_text("1 face found", timeout=20_000)
    expect(page.locator(".photo h2")).to_have_text("snapshot.jpg")
    assert page.evaluate("document.getElementById('shot-video').srcObject") is None
    page.locator("#shoot").click()
    page.keyboard.press("Escape")
    expect(page.locator("#shot")).to_be_hidden()
    page.wait_for_timeout(500)
    assert page.evaluate("document.getElementById('shot-video').srcObject") is None


def test_a_photo_that_failed_can_be_tried_again(visit: Open, pictures: Path) -> None:
    page = visit()
    page.route("**/v1/analyze*", lambda route: route.abort())
    give(page, pictures / "two.jpg")
    expect(page.locator(".said")).to_contain_text("The server can't be reached")
    page.unroute("**/v1/analyze*")
    page.get_by_role("button", name="Try again: two.jpg").click()
    expect(page.locator(".said")).to_have_text("2 faces found", timeout=20_000)
    expect(page.get_by_role("button", name="Try again: two.jpg")).to_be_hidden()


def test_a_server_that_was_gone_can_be_tried_again(visit: Open) -> None:
    page = visit()
    page.route("**/v1/models", lambda route: route.abort())
    page.reload()
    expect(page.locator("#message-text")).to_contain_text("The server can't be reached")
    page.unroute("**/v1/models")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#message")).to_be_hidden()
    expect(page.locator("#limits")).to_contain_text("JPEG")
