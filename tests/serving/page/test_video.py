"""A clip on the page: sent, read, shown on a timeline, saved, cancelled."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

import scenes
from browsers import Open


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenes.film(tmp_path_factory.mktemp("film") / "film.mp4", "happy", "surprise", seconds=2)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenes.film(
        tmp_path_factory.mktemp("film") / "long.mp4", "happy", "sad", seconds=30, side=200, codec="mpeg4"
    )


def opened(visit: Open, clip: Path, *, wait: bool = True) -> Page:
    page = visit()
    page.locator("#video-tab").click()
    expect(page.locator("#videos .privacy")).to_contain_text("deleted once it has been read")
    page.set_input_files("#clip", clip)
    if wait:
        expect(page.locator("#clip-result")).to_be_visible(timeout=30_000)
    return page


def test_a_clip_has_a_timeline_that_seeks_the_player(visit: Open, film: Path) -> None:
    asked: list[tuple[str, str]] = []
    page = visit()
    page.on("request", lambda request: asked.append((request.method, request.url.partition("/v1/")[2])))
    page.locator("#video-tab").click()
    page.set_input_files("#clip", film)
    expect(page.locator("#clip-state")).to_have_text("Done: 1 face found", timeout=30_000)
    assert [path for method, path in asked if method == "POST"] == ["videos?model=tiny"]
    expect(page.locator("#video-lanes li")).to_have_count(8)  # a lane, and a legend of seven
    page.wait_for_timeout(300)
    (deleted,) = [path for method, path in asked if method == "DELETE"]  # the server keeps nothing
    assert page.request.get(f"{page.url}v1/{deleted}").status == 404
    seek, value = page.locator(".seek"), page.locator("#video-lanes .value")
    box = seek.bounding_box()
    assert box is not None
    for share, label in ((0.25, "happy"), (0.8, "surprise")):
        page.mouse.click(box["x"] + share * box["width"], box["y"] + 10)
        expect(value).to_have_text(re.compile(label))
        expect(seek).to_have_attribute("aria-valuetext", re.compile(rf"^0:0\d. Face 1: {label} "))
        assert page.evaluate("document.getElementById('player').currentTime") == pytest.approx(4 * share, abs=0.15)
    painted = "(canvas) => [...canvas.getContext('2d').getImageData(0, 0, 320, 240).data].some(Boolean)"
    expect(page.locator("#player-frame")).not_to_have_class(re.compile("unplayable"))
    page.wait_for_timeout(300)
    assert page.locator("#player-boxes").evaluate(painted), "no box on the frame"
    page.locator("summary").click()
    page.locator("#segments button").first.click()
    expect(value).to_have_text(re.compile("happy"))


def test_the_timeline_is_moved_with_the_keyboard(visit: Open, film: Path) -> None:
    page = opened(visit, film)
    seek = page.locator(".seek")
    seek.focus()
    for key, value in (("End", 3.9), ("ArrowLeft", 2.9), ("Home", 0.0), ("ArrowRight", 1.0), ("PageDown", 0.0)):
        page.keyboard.press(key)
        expect(seek).to_have_attribute("aria-valuenow", f"{value:.1f}")


def test_table_and_json_can_be_saved(visit: Open, film: Path) -> None:
    page = opened(visit, film)
    with page.expect_download() as download:
        page.locator("#clip-table").click()
    assert download.value.suggested_filename == "film-mien.csv"
    with download.value.path().open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["frame"]) for row in rows] == list(range(40))
    with page.expect_download() as download:
        page.locator("#clip-json").click()
    found = json.loads(download.value.path().read_text())
    assert [segment["label"] for segment in found["segments"]] == ["happy", "surprise"]
    assert [row["label"] for row in found["rows"]] == [row["label"] for row in rows]
    assert found["clip"] == "film.mp4"


def test_a_clip_is_cancelled_and_tried_again(visit: Open, long: Path, url: str) -> None:
    page = opened(visit, long, wait=False)
    expect(page.locator("#clip-state")).to_have_text(re.compile(r"^Reading: 0:\d\d of 1:00$"), timeout=20_000)
    expect(page.locator("#clip-bar")).to_have_attribute("value", re.compile(r"^0\.\d+"), timeout=20_000)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#clip-state")).to_have_text("Cancelled; the clip was deleted.")
    page.wait_for_timeout(300)
    assert "mien_videos 0.0" in page.request.get(f"{url}/metrics").text()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#clip-state")).to_have_text(re.compile("^Reading"), timeout=20_000)
    page.goto("about:blank")  # who leaves the page cancels the clip
    page.wait_for_timeout(500)
    assert "mien_videos 0.0" in page.request.get(f"{url}/metrics").text()


def test_errors_are_one_sentence(visit: Open, film: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(film.read_bytes()[:3000])
    page = opened(visit, broken, wait=False)
    expect(page.locator("#clip-state")).to_have_text(
        re.compile(r"^The clip can't be opened as a video .*\.$"), timeout=20_000
    )
    expect(page.locator("#clip-retry")).to_be_visible()
    page.get_by_role("button", name="正體中文").click()
    expect(page.locator("#clip-state")).to_have_text("這個檔案無法讀取，或已損壞、太大、太長，請換一個檔案。")
    page.get_by_role("button", name="English").click()

    def busy(route: Route) -> None:
        route.fulfill(status=503, content_type="application/problem+json", body=json.dumps({"detail": "Busy: later."}))

    page.route("**/v1/videos*", busy)
    page.set_input_files("#clip", film)
    expect(page.locator("#clip-state")).to_have_text("Busy: later.")


def test_a_recording_without_a_length_is_read(visit: Open, film: Path, tmp_path: Path) -> None:
    """As browsers record them."""
    frames = [scenes.scene(("happy",), width=320, height=240, side=180)] * 20
    path = scenes.clip(tmp_path / "live.webm", frames, rate=10, codec="libvpx", options={"live": "1"})
    page = opened(visit, path)
    expect(page.locator("#clip-state")).to_have_text("Done: 1 face found")
    expect(page.locator("#player-frame")).not_to_have_class(re.compile("unplayable"))
    page.locator(".seek").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#video-lanes .value")).to_have_text(re.compile(r"^happy \d+%"))


def test_a_picture_that_starts_after_its_sound_is_shown_at_its_time(visit: Open, tmp_path: Path) -> None:
    """The player counts from the start of the sound, 1.5 seconds before; the timeline from the first frame."""
    frames = [
        scenes.scene((label,), width=320, height=240, side=180) for label in ("happy", "surprise") for _ in range(20)
    ]
    path = scenes.clip(tmp_path / "late.mp4", frames, times=[1.5 + n / 10 for n in range(40)], sound=True)
    page = opened(visit, path)
    seek, value = page.locator(".seek"), page.locator("#video-lanes .value")
    seek.focus()
    for key, time, label in (("Home", 0.0, "happy"), ("ArrowRight", 1.0, "happy"), ("End", 3.9, "surprise")):
        page.keyboard.press(key)
        expect(seek).to_have_attribute("aria-valuenow", f"{time:.1f}")
        expect(value).to_have_text(re.compile(label))
        assert page.evaluate("document.getElementById('player').currentTime") == pytest.approx(1.5 + time, abs=0.1)


def test_values_hold_until_the_next_frame_of_a_slow_film(visit: Open, tmp_path: Path) -> None:
    frames = [scenes.scene(("happy",), width=320, height=240, side=180)] * 5
    page = opened(visit, scenes.clip(tmp_path / "slow.mp4", frames, times=[2.0 * n for n in range(5)]))
    expect(page.locator("#clip-state")).to_have_text("Done: 1 face found")
    seek = page.locator(".seek")
    seek.focus()
    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
        expect(page.locator("#video-lanes .value")).to_have_text(re.compile(r"^happy \d+%"))


def test_what_the_browser_cant_play_is_shown_all_the_same(visit: Open, tmp_path: Path) -> None:
    page = opened(visit, scenes.film(tmp_path / "old.avi", "happy", "surprise", codec="mpeg4"))
    expect(page.locator("#player-frame")).to_contain_text("can't play the clip")
    seek, value = page.locator(".seek"), page.locator("#video-lanes .value")
    for key, label in (("End", "surprise"), ("Home", "happy")):
        seek.press(key)
        expect(value).to_have_text(re.compile(rf"^{label} \d+%"))


def test_a_dropped_clip_opens_its_tab(visit: Open, film: Path) -> None:
    page = visit()
    script = """(bytes) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], "given.mp4", {type: "video/mp4"}));
        document.getElementById("drop").dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
    }"""
    page.evaluate(script, list(film.read_bytes()))
    expect(page.locator("#videos")).to_be_visible()
    expect(page.locator("#clip-state")).to_have_text("Done: 1 face found", timeout=30_000)


def test_clips_are_not_sent_while_photos_stay_on_the_device(visit: Open, film: Path, on_device: None) -> None:
    page = visit()
    page.get_by_label("On this device").check()
    page.locator("#video-tab").click()
    expect(page.locator("#clip-choose")).to_be_disabled()
    expect(page.locator("#clip-device")).to_contain_text("Clips are read on the server only")
    page.set_input_files("#clip", film)
    page.wait_for_timeout(300)
    expect(page.locator("#clip-shown")).to_be_hidden()
