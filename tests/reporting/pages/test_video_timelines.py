"""Faces and films on the page of clips, in a browser."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

import browsers
import scenes
from mien.inference.photo import Reader
from mien.reporting.pages import video_study as pages
from mien.videos import clips, job, study, study_folder
from mien.videos.design import Design
from mien.videos.study import VideoStudy


def made(folder: Path, design: Design) -> VideoStudy:
    (folder / "clips").mkdir(exist_ok=True)
    photo = scenes.scene(("happy", "sad"), width=480, height=240, side=150)
    scenes.clip(folder / "clips" / "b 1.webm", [photo] * 40, rate=10, codec="libvpx")
    found = clips.expand([str(folder / "clips")])
    return study.run(Reader("tiny", threads=1), found, folder / "out", job.Plan(every=2), design)


def test_the_page_has_faces_unless_they_are_left_out(tmp_path: Path) -> None:
    page = pages.render(made(tmp_path, Design()))
    faces = re.findall(r'<image x="([\d.]+)" y="\d+" width="46" height="46" href="data:image/jpeg;base64,', page)
    assert len(faces) == 12  # of two persons
    assert "sharing the page shares them" in page
    assert study_folder.faces_path(tmp_path / "out", "b 1.webm").is_file()
    page = pages.render(made(tmp_path, Design(faces=False)))
    assert "<image" not in page
    assert "This page has no pictures of faces" in page
    assert not study_folder.faces_path(tmp_path / "out", "b 1.webm").exists()


def test_a_film_is_played_only_beside_the_page(tmp_path: Path) -> None:
    result = made(tmp_path, Design())
    page = pages.render(result)
    assert page.count('<video id="film-1" src="../clips/b%201.webm"') == 1
    assert page.count('data-film="film-1"') == 2
    assert "; media-src 'self'" in page
    (tmp_path / "clips").rename(tmp_path / "other")
    page = pages.render(result)
    assert "<video" not in page
    assert "media-src" not in page


@pytest.mark.several
@pytest.mark.parametrize("offset", [0.0, 0.5])
def test_a_click_on_the_timeline_seeks(tmp_path: Path, offset: float) -> None:
    """The film counts from the start of its file, the timeline from the first frame."""
    late = {"b 1.webm": offset}
    pages.write(tmp_path / "out" / "index.html", replace(made(tmp_path, Design()), offsets=late))
    said: list[str] = []
    with browsers.chromium() as browser:
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.on("console", lambda message: said.append(message.text))
        page.goto((tmp_path / "out" / "index.html").as_uri())
        page.wait_for_function("document.querySelector('video').readyState > 0")
        drawing = page.locator("svg[data-film]").last
        drawing.scroll_into_view_if_needed()
        box = drawing.bounding_box()
        assert box is not None
        left, right, end = (float(text) for text in str(drawing.get_attribute("data-axis")).split()[:3])
        x = box["width"] * (left + (right - left) * 0.5) / 720
        drawing.click(position={"x": x, "y": box["height"] * 0.4})
        time = page.evaluate("document.querySelector('video').currentTime")
        assert time == pytest.approx(end / 2 + offset, abs=0.05)
        assert page.locator("path.playhead").count() == 2
        expect(page.locator("path.playhead").last).to_have_attribute(
            "d", re.compile("^M")
        )  # drawn once the film is there
        line = str(page.locator("path.playhead").last.get_attribute("d"))
        assert float(line[1:].split()[0]) == pytest.approx((left + right) / 2, abs=8)
    assert said == []  # nothing offends the policy
