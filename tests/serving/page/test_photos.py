"""The page, as people use it, in a real browser."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Route, expect

import mien
import servers
from browsers import Open, give
from mien import images, palette

KEY = "0123456789abcdef"


def test_a_photo_shows_each_face_with_its_seven_bars(visit: Open, pictures: Path) -> None:
    page = visit()
    give(page, pictures / "two.jpg")
    expected = in_order(mien.Reader("tiny").analyze(pictures / "two.jpg"))
    expect(page.locator(".said")).to_have_text("2 faces found")
    rows = page.locator(".face")
    expect(rows).to_have_count(2)
    for number, (row, face) in enumerate(zip(rows.all(), expected, strict=True), 1):
        expect(row.locator("strong")).to_have_text(f"{number} {face.label} {face.confidence:.0%}")
        bars = row.locator(".bar").all_inner_texts()
        shares = {name: int(share) for name, share in (re.findall(r"(\w+)\s+(\d+)%", text)[0] for text in bars)}
        assert list(shares) == list(face.probabilities)
        assert all(abs(shares[name] - 100 * value) <= 0.51 for name, value in face.probabilities.items())
    expect(page.locator(".frame canvas")).to_have_attribute("aria-label", re.compile("2 faces found. Face 1: "))
    expect(page.locator("#announcer")).to_contain_text("two.jpg. 2 faces found. Face 1: ")


def in_order(faces: list[mien.Face]) -> list[mien.Face]:
    """Faces that stand side by side, from left to right."""
    return sorted(faces, key=lambda face: face.box[0])


def test_the_annotated_picture_has_the_boxes_in_the_colours_of_the_expressions(visit: Open, pictures: Path) -> None:
    page = visit()
    give(page, pictures / "two.jpg")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save picture: two.jpg").click()
    assert download.value.suggested_filename == "two-mien.png"
    drawn = images.decode(download.value.path())
    photo = images.decode(pictures / "two.jpg")
    assert drawn.shape == photo.shape
    for face in mien.Reader("tiny").analyze(photo):
        _, top, right, bottom = (round(value) for value in face.box)
        colour = [int(palette.colour(face.label)[start : start + 2], 16) for start in (1, 3, 5)]
        line = drawn[(top + bottom) // 2, right - 3 : right + 4].astype(int)
        assert np.abs(line - colour).max(1).min() < 12
    changed = (np.abs(drawn.astype(int) - photo).max(2) > 60).mean()
    assert 0.005 < changed < 0.2


def test_json_is_copied(visit: Open, pictures: Path) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    give(page, pictures / "two.jpg", pictures / "none.png")
    page.get_by_role("button", name="Copy as JSON: two.jpg").click()
    expect(page.locator("#announcer")).to_have_text("Copied")
    expect(page.get_by_role("button", name="Copy as JSON: two.jpg")).to_be_visible()  # again, after a moment
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert (copied["name"], copied["width"], len(copied["faces"])) == ("two.jpg", 800, 2)
    assert set(copied["faces"][0]) >= {"box", "landmarks", "label", "probabilities", "detection_score", "abstained"}
    page.get_by_role("button", name="Copy all as JSON").click()
    expect(page.get_by_role("button", name="Copied").first).to_be_visible()
    everything = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert [len(photo["faces"]) for photo in everything["photos"]] == [2, 0]


def test_json_is_copied_where_there_is_no_clipboard(visit: Open, pictures: Path) -> None:
    page = visit()
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.evaluate("document.addEventListener('copy', () => (window.copied = String(getSelection())))")
    give(page, pictures / "none.png")
    page.get_by_role("button", name="Copy as JSON: none.png").click()
    expect(page.locator("#announcer")).to_have_text("Copied")


def test_several_photos_are_a_gallery(visit: Open, pictures: Path) -> None:
    page = visit()
    give(
        page,
        pictures / "two.jpg",
        pictures / "none.png",
        pictures / "bad.jpg",
        pictures / "large.png",
        pictures / "old.tif",
    )
    cards = page.locator(".photo")
    expect(cards.locator("h2")).to_have_text(["two.jpg", "none.png", "bad.jpg", "large.png", "old.tif"])
    expect(cards.nth(1).locator(".said")).to_have_text("No face found")
    expect(cards.nth(2).locator(".said")).to_contain_text("not a picture in a supported format")
    expect(cards.nth(3).locator(".said")).to_have_text("The file is larger than the 1 MB allowed: send a smaller one.")
    expect(cards.nth(4).locator(".said")).to_have_text(
        "1 face found"
    )  # the browser can't show it, the server can read it
    expect(page.locator("#summary")).to_have_text("5 photos, 3 faces")
    page.get_by_role("button", name="Remove: bad.jpg").click()
    expect(cards).to_have_count(4)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(cards).to_have_count(0)
    expect(page.locator("#choose")).to_be_focused()


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_photos_can_be_dropped_and_pasted(visit: Open, pictures: Path, event: str) -> None:
    page = visit()
    script = """([event, bytes]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], "given.jpg", {type: "image/jpeg"}));
        const made = event === "drop" ? new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true})
            : new ClipboardEvent("paste", {clipboardData: data, bubbles: true});
        document.getElementById("drop").dispatchEvent(made);
    }"""
    page.evaluate(script, [event, list((pictures / "two.jpg").read_bytes())])
    expect(page.locator(".said")).to_have_text("2 faces found", timeout=20_000)
    expect(page.locator(".photo h2")).to_have_text("given.jpg")


def test_everything_can_be_done_with_the_keyboard(visit: Open, pictures: Path) -> None:
    page = visit()
    page.on("filechooser", lambda chooser: chooser.set_files(pictures / "two.jpg"))
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    passed = []
    while page.evaluate("document.activeElement.id") != "choose":
        page.keyboard.press("Tab")
        passed.append(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
        assert len(passed) < 8, passed
    assert passed[-5:] == ["English", "正體中文", "photos-tab", "threshold", "choose"]
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#threshold")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#choose")).to_be_focused()
    page.keyboard.press("Enter")  # opens the file chooser
    expect(page.locator(".said")).to_have_text("2 faces found", timeout=20_000)
    for _ in range(6):  # "Take a photo", three samples, the boxes on the picture, then the first face
        page.keyboard.press("Tab")
    first = page.locator(".face").first
    expect(first).to_be_focused()
    page.keyboard.press("Space")
    expect(first).to_have_attribute("aria-pressed", "true")
    page.locator("#photos-tab").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#live-tab")).to_be_focused()
    expect(page.locator("#live")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#start")).to_be_focused()
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#work")).to_be_focused()


def test_it_speaks_traditional_chinese(visit: Open, pictures: Path) -> None:
    page = visit(locale="zh-TW")
    assert page.evaluate("document.documentElement.lang") == "zh-TW"
    give(page, pictures / "two.jpg", pictures / "bad.jpg")
    expect(page.locator(".said").first).to_have_text("找到 2 張臉")
    expect(page.locator(".said").last).to_have_text("這個檔案無法讀取，或已損壞、太大、太長，請換一個檔案。")
    expect(page.locator(".face .bar").first).to_contain_text("生氣")
    english = re.compile(r"[A-Za-z]{3,}")
    left = [word for word in english.findall(page.locator("body").inner_text()) if word not in KEPT]
    assert left == []
    page.get_by_role("button", name="English").click()
    expect(page.locator(".said").first).to_have_text("2 faces found")
    expect(page.locator(".said").last).to_contain_text("not a picture in a supported format")
    page.reload()
    expect(page.locator("#choose")).to_have_text("Choose photos")


KEPT = {"mien", "English", "JSON", "JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "API", "two", "jpg", "bad"}
"""Latin words that a Chinese page has too."""


def test_both_languages_have_the_same_words() -> None:
    text = (Path(mien.__file__).parent / "serving" / "page" / "words.js").read_text(encoding="utf-8")
    english, chinese = text.split('"zh-TW": {')
    keys = [re.findall(r"^ {4}(\w+): ", part, re.MULTILINE) for part in (english, chinese)]
    assert keys[0] == keys[1]
    assert len(keys[0]) > 40
    page = (Path(mien.__file__).parent / "serving" / "page" / "index.html").read_text(encoding="utf-8")
    words = dict(re.findall(r'^ {4}(\w+): "(.*)",$', english, re.MULTILINE))
    for key, shown in re.findall(r'data-word="(\w+)">([^<]*)<', page):
        assert words[key] == shown  # what stands in the page before its script runs


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(visit: Open, scheme: str) -> None:
    page = visit(color_scheme=scheme)
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", colour))) / 3
    assert (brightness > 200) == (scheme == "light")


@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_is_wider_than_the_screen(visit: Open, pictures: Path, width: int) -> None:
    page = visit(viewport={"width": width, "height": 740})
    give(page, pictures / "two.jpg", pictures / "none.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#live-tab").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def _busy(route: Route) -> None:
    route.fulfill(status=503, content_type="application/problem+json", body=json.dumps({"detail": "Busy: later."}))


def test_photos_wait_until_the_server_is_known(visit: Open, browser: Browser, url: str, pictures: Path) -> None:
    page = browser.new_page()
    held: list[Route] = []
    page.route("**/v1/models", lambda route: held.append(route))
    page.goto(url)
    page.set_input_files("#files", pictures / "two.jpg")
    expect(page.locator(".waiting")).to_have_count(1)
    page.wait_for_timeout(300)
    held[0].continue_()
    expect(page.locator(".said")).to_have_text("2 faces found", timeout=20_000)
    page.close()


def test_a_key_is_asked_for(visit: Open, pictures: Path) -> None:
    with servers.running(keys=(KEY,)) as url:
        page = visit(url)
        expect(page.locator("#key")).to_be_focused()
        page.keyboard.type("wrong-wrong-wrong")
        page.keyboard.press("Enter")
        expect(page.locator("#message-text")).to_have_text("Wrong API key")
        page.locator("#key").fill("鑰匙")
        page.keyboard.press("Enter")
        expect(page.locator("#message-text")).to_contain_text("ASCII letters")
        page.locator("#key").fill(KEY)
        page.keyboard.press("Enter")
        expect(page.locator("#key-form")).to_be_hidden()
        expect(page.locator("#message")).to_be_hidden()
        give(page, pictures / "two.jpg")
        expect(page.locator(".said")).to_have_text("2 faces found")


def test_a_server_that_is_gone_or_busy_is_said(visit: Open, pictures: Path) -> None:
    page = visit()
    page.route("**/v1/analyze*", lambda route: route.abort())
    give(page, pictures / "two.jpg")
    expect(page.locator(".said")).to_contain_text("The server can't be reached")
    page.unroute("**/v1/analyze*")
    page.route("**/v1/analyze*", _busy)
    give(page, pictures / "two.jpg")
    expect(page.locator(".said").first).to_have_text("Busy: later.")


def test_models_can_be_chosen(visit: Open, pictures: Path) -> None:
    with servers.running(models=("tiny", "base")) as url:
        page = visit(url)
        page.locator("#model").select_option("base")
        with page.expect_request("**/v1/analyze*") as asked:
            give(page, pictures / "two.jpg")
        assert asked.value.url.endswith("?model=base")


def test_the_page_works_behind_a_path_prefix(visit: Open, on_device: None) -> None:
    with servers.running(root_path="/faces/mien") as url:
        page = visit(f"{url}/faces/mien/")
        page.locator(".sample").first.click()
        expect(page.locator(".said")).to_have_text("1 face found", timeout=20_000)
        page.get_by_label("On this device").check()
        page.locator(".sample").first.click()
        expect(page.locator(".said").first).to_have_text("1 face found", timeout=30_000)
        expect(page.get_by_label("On this device")).to_be_checked()
        page.goto(f"{url}/faces/mien/docs")
        expect(page.locator("#api")).to_contain_text("/v1/videos")


def test_the_documentation_of_the_api_is_drawn(visit: Open, url: str) -> None:
    page = visit()
    page.goto(f"{url}/docs")
    expect(page.locator("#api")).to_contain_text("/v1/analyze")
