"""Reading on the device itself: the models run in the browser."""

from __future__ import annotations

import json
import re
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


def box(face: dict[str, Any]) -> list[float]:
    return list(face["box"])


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
        expect(page.locator("#drop .privacy")).to_contain_text("nothing is sent", timeout=30_000)
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
            for face, other in zip(sorted(photo["faces"], key=box), sorted(expected, key=box), strict=True):
                np.testing.assert_allclose(face["box"], other["box"], atol=1.0)
                assert face["rotated"] == other["rotated"] == (90 if path == side else 0)
                np.testing.assert_allclose(
                    list(face["probabilities"].values()), list(other["probabilities"].values()), atol=0.01
                )
                assert list(face["probabilities"]) == list(other["probabilities"])
                for name, tolerance in (
                    ("size", 1.0),
                    ("sharpness", 0.03),
                    ("exposure", 1.0),
                    ("yaw", 2.0),
                    ("roll", 1.0),
                ):
                    assert face[name] == pytest.approx(other[name], abs=tolerance)
                assert face["unreadable"] == other["unreadable"]
        assert (photos[1]["width"], photos[1]["height"]) == images.decode(one).shape[1::-1]
        page.get_by_label("On this device").uncheck()
        expect(page.locator("#drop .privacy")).to_contain_text("are sent to this server")


def test_loading_shows_how_far_it_is(visit: Open, on_device: None) -> None:
    page = visit()
    page.evaluate(
        "new MutationObserver((all) => all.forEach(({ target }) => (window.shown ??= []).push(target.textContent)))"
        ".observe(document.getElementById('device-share'), { childList: true })"
    )
    page.get_by_label("On this device").check()
    expect(page.locator("#drop .privacy")).to_contain_text("nothing is sent", timeout=30_000)
    shown: list[str] = []
    for _ in range(300):  # loading may begin later than this, and ends without a text
        shown = page.evaluate("window.shown ?? []")
        if shown and not shown[-1]:
            break
        page.wait_for_timeout(100)
    expect(page.locator("#device-choice")).not_to_have_class("loading")
    shares = [int(text[:-1]) for text in shown if text]
    assert shares == sorted(shares)
    assert len(set(shares)) > 3
    expect(page.locator("#device-share")).to_have_text("")


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
    expect(page.locator("#drop .privacy")).to_contain_text("are sent to this server")
    give(page, pictures / "none.png")
    assert len(sent) == 1


def test_where_the_models_cant_run_it_is_said_and_nothing_is_sent(visit: Open, pictures: Path, on_device: None) -> None:
    page = visit()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    held: list[Route] = []
    page.route("**/*.wasm", lambda route: held.append(route))
    page.get_by_label("On this device").check()
    page.set_input_files("#files", pictures / "two.jpg")
    expect(page.locator(".waiting")).to_have_count(1)
    page.wait_for_timeout(300)
    held[0].abort()
    expect(page.locator("#message-text")).to_contain_text("no photo was classified or sent", timeout=20_000)
    expect(page.locator(".said")).to_contain_text("can't run the models")
    expect(page.get_by_label("On this device")).not_to_be_checked()
    assert sent == []


def test_the_camera_is_read_on_the_device(visit: Open, on_device: None) -> None:
    page = visit()
    page.get_by_label("On this device").check()
    expect(page.locator("#drop .privacy")).to_contain_text("nothing is sent", timeout=30_000)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.locator("#live-tab").click()
    page.locator("#start").click()
    expect(page.locator("#rate")).to_have_text(re.compile(r"^[1-9]\d* frames/s classified"), timeout=30_000)
    expect(page.locator("#live-lanes .value").last).to_have_text(re.compile(r"^\w+ \d+%"))
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
