"""The live camera, and reading on the device itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Route, expect

import mien
import scenes
import servers
from browsers import Open, give
from mien import images
from mien.run import Run
from mien.serving import api


def test_the_camera_is_read_frame_by_frame(visit: Open) -> None:
    page = visit()
    under_way, most, read = 0, 0, 0

    def count(started: int) -> Callable[[Any], None]:
        def change(request: Any) -> None:
            nonlocal under_way, most, read
            if "/v1/analyze" in request.url:
                under_way += started
                most = max(most, under_way)
                read += started < 0

        return change

    page.on("request", count(1))
    page.on("requestfinished", count(-1))
    page.locator("#live-tab").click()
    page.locator("#start").click()
    expect(page.locator("#rate")).to_have_text(
        re.compile(r"^\d+ frames/s classified, \d+ frames/s skipped$"), timeout=20_000
    )
    expect(page.locator("#timeline")).to_have_attribute(
        "aria-label", re.compile(r"now (happy|surprise|neutral|fear) \d+%")
    )
    overlay = "[...document.getElementById('overlay').getContext('2d').getImageData(0, 0, 640, 480).data].some(Boolean)"
    assert page.evaluate(overlay), "no box was drawn"
    painted = (
        "[...document.getElementById('timeline').getContext('2d').getImageData(0, 0, 9999, 99).data].some(Boolean)"
    )
    assert page.evaluate(painted), "the timeline is empty"
    page.get_by_role("button", name="Stop the camera").click()
    assert most == 1  # frames are left out, never queued
    assert read >= 2
    assert page.evaluate("document.getElementById('video').srcObject") is None
    page.wait_for_timeout(300)
    after = read
    page.wait_for_timeout(700)
    assert read == after
    assert not page.evaluate(overlay)


def test_a_busy_server_costs_frames_and_not_the_camera(visit: Open) -> None:
    page = visit()
    answers = iter([503, 503])
    page.route("**/v1/analyze*", lambda route: _busy(route) if next(answers, None) else route.continue_())
    page.locator("#live-tab").click()
    page.locator("#start").click()
    expect(page.locator("#rate")).to_have_text(re.compile(r"^[1-9]\d* frames/s classified"), timeout=20_000)
    page.unroute("**/v1/analyze*")
    page.route("**/v1/analyze*", _busy)
    expect(page.locator("#stage-hint")).to_have_text("Busy: later.", timeout=20_000)
    expect(page.locator("#start")).to_have_text("Start the camera")
    assert page.evaluate("document.getElementById('video').srcObject") is None


def _busy(route: Route) -> None:
    route.fulfill(status=503, content_type="application/problem+json", body=json.dumps({"detail": "Busy: later."}))


def test_a_camera_that_is_unplugged_is_said(visit: Open) -> None:
    page = visit()
    page.locator("#live-tab").click()
    page.locator("#start").click()
    expect(page.locator("#rate")).not_to_be_empty(timeout=20_000)
    page.evaluate("document.getElementById('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))")
    expect(page.locator("#stage-hint")).to_have_text("The camera was switched off or unplugged.")
    page.get_by_role("button", name="繁體中文").click()
    expect(page.locator("#stage-hint")).to_have_text("攝影機已關閉或被拔除。")


def test_a_camera_that_starts_too_late_is_stopped(visit: Open) -> None:
    page = visit()
    script = """() => {
        const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        window.streams = [];
        navigator.mediaDevices.getUserMedia = async (wanted) => {
            await new Promise((done) => setTimeout(done, 500));
            const stream = await real(wanted);
            window.streams.push(stream);
            return stream;
        };
    }"""
    page.evaluate(script)
    page.locator("#live-tab").click()
    page.locator("#start").click()
    page.locator("#start").click()
    page.locator("#start").click()
    page.locator("#photos-tab").click()
    page.wait_for_timeout(1500)
    states = page.evaluate("window.streams.flatMap((stream) => stream.getTracks().map((track) => track.readyState))")
    assert states == ["ended", "ended"]
    assert page.evaluate("document.getElementById('video').srcObject") is None


def test_leaving_the_tab_stops_the_camera(visit: Open) -> None:
    page = visit()
    page.locator("#live-tab").click()
    page.locator("#start").click()
    expect(page.locator("#start")).to_have_text("Stop the camera")
    page.locator("#photos-tab").click()
    assert page.evaluate("document.getElementById('video').srcObject") is None


def test_photos_are_read_on_the_device_as_on_the_server(visit: Open, tmp_path: Path, on_device: None) -> None:
    two, one, half, side = (tmp_path / name for name in ("two.png", "one.jpg", "half.png", "side.png"))
    scenes.save(np.ascontiguousarray(np.rot90(scenes.scene(("sad", "fear"), width=900))), side)
    scenes.save(scenes.scene(("happy", "fear"), width=1280, height=705, side=300), half)  # shrinks to a height of 352.5
    scenes.save(scenes.scene(("happy", "surprise"), width=800), two)
    turned = np.rot90(scenes.scene(("sad",), width=1700, height=1300, side=500))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.ascontiguousarray(turned)).save(one, quality=95, exif=exif)
    reader = mien.Reader("tiny", flip=True, decision="balanced")
    with servers.running(flip=True, decision="balanced") as url:
        page = visit(url, permissions=["clipboard-read", "clipboard-write"])
        page.get_by_label("On this device").check()
        expect(page.locator("#privacy")).to_contain_text("doesn't leave this device", timeout=30_000)
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
        give(page, two, one, half, side)
        page.locator("#copy-all").click()
        expect(page.locator("#announcer")).to_have_text("Copied")
        photos = json.loads(page.evaluate("navigator.clipboard.readText()"))["photos"]
        assert sent == []
        for photo, path in zip(photos, (two, one, half, side), strict=True):
            expected = [face.to_dict() for face in reader.analyze(path)]
            assert len(photo["faces"]) == len(expected) > 0
            for face, other in zip(photo["faces"], expected, strict=True):
                np.testing.assert_allclose(face["box"], other["box"], atol=1.0)
                assert face["rotated"] == other["rotated"] == (90 if path == side else 0)
                np.testing.assert_allclose(
                    list(face["probabilities"].values()), list(other["probabilities"].values()), atol=0.01
                )
                assert list(face["probabilities"]) == list(other["probabilities"])
        assert (photos[1]["width"], photos[1]["height"]) == images.decode(one).shape[1::-1]
        page.get_by_label("On this device").uncheck()
        expect(page.locator("#privacy")).to_contain_text("is sent to this server")


def test_nothing_is_sent_while_the_models_load_and_the_last_choice_counts(
    visit: Open, pictures: Path, on_device: None
) -> None:
    page = visit()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    go_on: list[Route] = []
    page.route("**/v1/models/tiny/file", lambda route: go_on.append(route))
    switch = page.get_by_label("On this device")
    switch.check()
    page.set_input_files("#files", pictures / "two.jpg")
    page.wait_for_timeout(700)
    expect(page.locator(".waiting")).to_have_count(1)
    assert sent == []
    go_on[0].continue_()
    expect(page.locator(".said")).to_have_text("2 faces found", timeout=20_000)
    assert sent == []
    switch.uncheck()
    switch.check()
    switch.uncheck()
    for route in go_on[1:]:
        route.continue_()
    page.wait_for_timeout(500)
    expect(page.locator("#privacy")).to_contain_text("is sent to this server")
    give(page, pictures / "none.png")
    assert len(sent) == 1


def test_where_the_models_cant_run_it_is_said_and_nothing_is_sent(visit: Open, pictures: Path, on_device: None) -> None:
    page = visit()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.route("**/*.wasm", lambda route: route.abort())
    page.set_input_files("#files", [])
    page.get_by_label("On this device").check()
    page.set_input_files("#files", pictures / "two.jpg")
    expect(page.locator("#message")).to_contain_text("no photo was classified or sent", timeout=20_000)
    expect(page.locator(".said")).to_contain_text("can't run the models")
    expect(page.get_by_label("On this device")).not_to_be_checked()
    assert sent == []


def test_the_camera_is_read_on_the_device(visit: Open, on_device: None) -> None:
    page = visit()
    page.get_by_label("On this device").check()
    expect(page.locator("#privacy")).to_contain_text("doesn't leave this device", timeout=30_000)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.locator("#live-tab").click()
    page.locator("#start").click()
    expect(page.locator("#rate")).to_have_text(re.compile(r"^[1-9]\d* frames/s classified"), timeout=30_000)
    expect(page.locator("#timeline")).to_have_attribute("aria-label", re.compile(r"now \w+ \d+%"))
    assert sent == []


def test_without_the_runtime_there_is_no_switch(visit: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(api, "RUNTIME", tmp_path / "none")
    with servers.running() as url:
        page = visit(url)
        expect(page.locator("#device-choice")).to_be_hidden()
        assert page.request.get(f"{url}/v1/models/tiny/file").status == 404


def test_a_model_of_ones_own_is_not_given_away(visit: Open, run: Run, on_device: None) -> None:
    with servers.running(models=("tiny", str(run.model_file))) as url:
        page = visit(url)
        expect(page.get_by_label("On this device")).to_be_visible()
        page.locator("#model").select_option("model")
        expect(page.locator("#device-choice")).to_be_hidden()
        assert page.request.get(f"{url}/v1/models/model/file").status == 404
        assert page.request.get(f"{url}/v1/models/tiny/file").status == 200
