"""The live camera."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Route, expect

import mien
from browsers import Open
from mien import images
from mien.inference import records
from mien.videos import analysis
from mien.videos.tracking import Tracker


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
    lane = page.locator("#live-lanes canvas").last  # a track ends where frames take more than a second
    expect(lane).to_have_attribute("aria-label", re.compile(r"^Face \d+: (happy|surprise|neutral|fear) \d+%"))
    expect(page.locator("#live-lanes .value").last).to_have_text(re.compile(r"^(happy|surprise|neutral|fear) \d+%"))
    expect(page.locator(".axis .late")).to_have_text("now")
    expect(page.locator("#view")).to_have_attribute("aria-label", re.compile(r"^Face \d+: "))
    painted = "(canvas) => [...canvas.getContext('2d').getImageData(0, 0, 9999, 9).data].some(Boolean)"
    assert lane.evaluate(painted), "the lane is empty"
    page.get_by_role("button", name="Stop the camera").click()
    assert most == 1  # frames are left out, never queued
    assert read >= 2
    assert page.evaluate("document.getElementById('video').srcObject") is None
    page.wait_for_timeout(300)
    after = read
    page.wait_for_timeout(700)
    assert read == after
    expect(page.locator("#view")).to_be_hidden()  # the picture is gone, the lanes stay


def test_the_frame_that_was_read_is_the_frame_that_is_shown(visit: Open) -> None:
    page = visit()
    clock = """() => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
        const context = canvas.getContext("2d");
        setInterval(() => {  // a picture that gets lighter by 30 grays a second
            context.fillStyle = `rgb(${Array(3).fill(Math.round(performance.now() * 0.03) % 256)})`;
            context.fillRect(0, 0, 640, 480);
        }, 20);
        navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(30);
    }"""
    page.evaluate(clock)
    sent: list[float] = []
    face = {
        "label": "happy",
        "confidence": 1,
        "abstained": False,
        "box": [400, 100, 600, 300],
        "probabilities": {"happy": 1},
    }

    def answer(route: Route) -> None:
        frame = Image.open(io.BytesIO(route.request.post_data_buffer or b""))
        sent.append(float(np.median(np.asarray(frame.convert("L"))[300:, :])))
        if len(sent) < 3:  # the third frame is never answered
            time.sleep(0.8)  # meanwhile the camera goes on
            route.fulfill(body=json.dumps({"photos": [{"width": 640, "height": 480, "faces": [face]}]}))

    page.route("**/v1/analyze*", answer)
    page.locator("#live-tab").click()
    page.locator("#start").click()
    expect(page.locator("#live-lanes canvas").first).to_be_visible(timeout=20_000)
    page.wait_for_timeout(1500)
    assert len(sent) == 3
    shown = page.evaluate("document.getElementById('view').toDataURL('image/png')")
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown.partition(",")[2]))).convert("RGB"), int)
    assert np.median(picture[300:]) == pytest.approx(sent[1], abs=3)
    assert abs(sent[2] - sent[1]) > 10
    sides = [np.abs(part - sent[1]).max() for part in (picture[90:310, 30:250], picture[90:310, 390:610])]
    assert sides[0] > 60 > sides[1]  # as in a mirror, the box is on the other side


def test_faces_are_tracked_and_smoothed_as_in_videos(visit: Open) -> None:
    rng = np.random.default_rng(4)
    tracker, smoother = Tracker(), analysis.Smoother(analysis.SMOOTHING)
    centres, frames, expected, time_at = rng.uniform(100, 900, (4, 2)), [], [], 0.0
    for _ in range(120):
        time_at += float(rng.choice([0.04, 0.1, 0.3, 1.2], p=[0.5, 0.3, 0.15, 0.05]))
        centres += rng.normal(0, 25, (4, 2))
        seen = rng.permutation(4)[: rng.integers(0, 5)]
        boxes = np.concatenate([centres[seen] - 60, centres[seen] + rng.uniform(50, 70, (len(seen), 1))], 1)
        rows = rng.dirichlet(np.ones(3), len(seen)).astype(np.float32)
        numbers = tracker.update(boxes.astype(np.float32), time_at)
        smooth = [smoother(number, row, time_at).tolist() for number, row in zip(numbers, rows, strict=True)]
        frames.append({"time": time_at, "boxes": boxes.tolist(), "rows": rows.tolist()})
        expected.append([numbers, smooth])
    script = """async (frames) => {
        const { Smoother, Tracker } = await import("/page/tracking.js");
        const [tracker, smoother] = [new Tracker(), new Smoother()];
        return frames.map(({ time, boxes, rows }) => {
            const numbers = tracker.update(boxes, time);
            return [numbers, numbers.map((number, at) => Object.values(smoother.smooth(number, { a: rows[at][0], b: rows[at][1], c: rows[at][2] }, time)))];
        });
    }"""
    found = visit().evaluate(script, frames)
    assert [numbers for numbers, _ in found] == [numbers for numbers, _ in expected]
    assert max(number for numbers, _ in expected for number in numbers) > 6  # tracks end and begin
    for (_, rows), (_, others) in zip(found, expected, strict=True):
        np.testing.assert_allclose(rows, others, atol=1e-6)


def test_picture_and_table_can_be_saved(visit: Open) -> None:
    page = visit()
    page.locator("#live-tab").click()
    expect(page.locator("#live-table")).to_be_disabled()
    page.locator("#start").click()
    expect(page.locator("#live-picture")).to_be_enabled(timeout=20_000)
    page.wait_for_timeout(1000)
    with page.expect_download() as download:
        page.locator("#live-picture").click()
    assert images.decode(download.value.path()).shape == (480, 640, 3)
    page.get_by_role("button", name="Stop the camera").click()
    expect(page.locator("#live-picture")).to_be_disabled()
    with page.expect_download() as download:
        page.locator("#live-table").click()
    with download.value.path().open(newline="") as file:
        rows = list(csv.DictReader(file))
    classes = mien.Reader("tiny").classifier.classes
    assert set(rows[0]) <= set(records.track_columns(classes))
    assert [int(row["frame"]) for row in rows] == list(range(len(rows)))
    assert {row["status"] for row in rows} == {"face"}
    for row in rows:
        shares = {name: float(row[f"p_{name}"]) for name in classes}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
        assert shares[row["label"]] == max(shares.values()) == float(row["confidence"])


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
    page.get_by_role("button", name="正體中文").click()
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
