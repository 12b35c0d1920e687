"""The page of a study with clips."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

import browsers
from filmed import DESIGN, filmed
from mien.reporting.pages import video_study as pages
from mien.reporting.texts import Texts
from mien.videos.blocks import BlockNote
from mien.videos.design import BaselineSpan, ClipCondition, Design
from mien.videos.study import Damaged, Unread


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("</style>")[2]))


def test_the_page_has_the_figures(tmp_path: Path) -> None:
    page = pages.render(filmed(tmp_path / "out"))
    shown = text_of(page)
    assert "3 clips, 2 persons; model tiny" in shown
    assert "By condition: mean probability" in shown
    # anna was happy for 20 of 30 readable frames, ben never
    happy = (20 * 0.88 + 10 * 0.02) / 30
    assert f"{(happy + 0.02) / 2:.1%}" in shown
    assert "anna anna-film.mp4 film 4.0 75.0% 25.0%" in shown
    assert "75% of 4.0 s read, 2 episodes" in shown
    assert "Less than 80% of the time was read: anna in anna-film.mp4." in shown
    assert "probability of at least 0.5 for at least 0.4 s; gaps of at most 0.3 s are bridged" in shown
    assert "ben &lt;1&gt;.mp4" in page
    assert page.count("<svg") == 3
    assert not re.search(r'(src|href)="http', page)


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_the_page_in_both_languages(tmp_path: Path, lang: str) -> None:
    made = filmed(tmp_path / "out", Design(baseline=BaselineSpan(0, 0.5)))
    page = pages.render(dataclasses.replace(made, unread=(Unread("c.mp4", "no video"),)), lang=lang)
    assert f'<html lang="{lang}">' in page
    assert "{" not in page.partition("</style>")[2]
    shown = text_of(page)
    assert {"en": "The clip c.mp4 could not be read", "zh-TW": "影片 c.mp4 無法讀取"}[lang] in shown
    assert {"en": "mien does not recognise persons", "zh-TW": "mien 不辨認身分"}[lang] in shown
    assert {"en": "deviation from the baseline", "zh-TW": "與基準的差異"}[lang] in shown


def test_blocks_are_told(tmp_path: Path) -> None:
    blocks = (ClipCondition("anna-film", "joke", "anna", 0, 1), ClipCondition("anna-film", "film", "anna", 2, 4))
    made = filmed(tmp_path / "out", dataclasses.replace(DESIGN, conditions=(*blocks, *DESIGN.conditions[1:])))
    page = pages.render(made)
    shown = text_of(page)
    assert "anna-film.mp4: 1.0 s are in no block and are left out of the summaries." in shown
    assert "anna anna-film.mp4 film 0:02–0:04 2.0 50.0%" in shown
    assert page.count("<svg") == 3
    cut = dataclasses.replace(made, damaged=(Damaged("cut.mp4", 1200, 30),))
    assert "cut.mp4: 1,200 frames were read, about 30 could not be." in text_of(pages.render(cut))
    many = dataclasses.replace(made, notes=tuple(BlockNote("gap", f"{number}.mp4", 2.5) for number in range(4)))
    assert "4 clips have time in no block, 10.0 s in all" in text_of(pages.render(many))


@pytest.mark.parametrize("baseline", [BaselineSpan(10, 20), BaselineSpan(3, 4), BaselineSpan(clip="ben <1>")])
def test_a_baseline_that_was_not_read_is_told(tmp_path: Path, baseline: BaselineSpan) -> None:
    """After the end, in time without a face, and in a clip of another person."""
    made = filmed(tmp_path / "out", dataclasses.replace(DESIGN, baseline=baseline))
    told = text_of(pages.render(made)).partition("No face was read in the time of the baseline: ")[2].partition(". ")[0]
    assert told.startswith("anna in anna-film.mp4")
    assert {"person": "anna", "clip": "anna-film.mp4"} in made.to_dict()["without_baseline"]
    assert ("ben" in told) == (not baseline.clip)


def test_a_picture_that_starts_after_the_sound_is_told(tmp_path: Path) -> None:
    made = dataclasses.replace(filmed(tmp_path / "out"), offsets={"anna-film.mp4": 1.5, "anna-rest.mp4": 0.02})
    shown = text_of(pages.render(made))
    assert "anna-film.mp4: its picture starts 1.5 s after the start of the file." in shown
    assert "anna-rest.mp4: its picture" not in shown


def test_a_timeline_says_its_episodes_near_the_pointer(tmp_path: Path) -> None:
    pages.write(tmp_path / "page.html", filmed(tmp_path / "out"))
    with browsers.chromium() as browser:
        page = browser.new_page()
        page.goto((tmp_path / "page.html").as_uri())
        drawing = page.locator("#timelines svg").first
        drawing.scroll_into_view_if_needed()
        box = drawing.locator('[data-says^="Happy"]').bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] - 12)
        expect(page.locator("#tip")).to_have_text(re.compile("^Happy.*0:01.*0:0[23].*88%"))


def test_without_conditions_there_are_no_conditions(tmp_path: Path) -> None:
    made = filmed(tmp_path / "out", dataclasses.replace(DESIGN, conditions=()))
    assert pages.condition_tables(made, Texts("en")) == []
    assert "By condition" not in text_of(pages.render(made))
