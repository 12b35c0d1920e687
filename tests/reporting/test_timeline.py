"""The timeline of a person: areas, episodes and gray time lie where they should."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from filmed import DESIGN, filmed
from mien.reporting.texts import Texts
from mien.reporting.timeline import LEFT, RIGHT, timeline
from mien.videos.design import ClipCondition


def test_episodes_and_gray_time_have_their_places(tmp_path: Path) -> None:
    made = filmed(tmp_path / "out")
    drawn = timeline(made.results[:1], made.classes, Texts("en"))
    rects = {
        str(rect.findtext("title")): (float(rect.attrib["x"]), float(rect.attrib["width"]))
        for rect in ElementTree.fromstring(drawn).iter("rect")
    }
    second = (RIGHT - LEFT) / 4  # the clip has four seconds; the last frame begins at 3.9
    assert rects["Happy, 0:01 to 0:03 (2.0 s), mean probability 88%"] == pytest.approx(
        (LEFT + second, 2 * second), rel=0.04
    )
    assert rects["not read"][0] == pytest.approx(LEFT + 3 * second, rel=0.04)
    assert set(re.findall(r">(\w+)</text>", drawn)) >= {"Happy", "Sad", "Neutral"}
    assert ">0:03</text>" in drawn


def test_blocks_have_borders_and_names(tmp_path: Path) -> None:
    blocks = (
        ClipCondition("anna-film", "joke", "anna", 0, 1),
        ClipCondition("anna-film", "a long <film>", "anna", 2, 4),
    )
    made = filmed(tmp_path / "out", dataclasses.replace(DESIGN, conditions=(*blocks, *DESIGN.conditions[1:])))
    drawn = timeline(made.results[:2], made.classes, Texts("en"), blocks=True)
    root = ElementTree.fromstring(drawn)
    texts = {text.text: float(text.attrib["x"]) for text in root.iter("text")}
    second = (RIGHT - LEFT) / 4
    assert texts["joke"] == pytest.approx(LEFT + second / 2, abs=0.2)
    assert texts["a long <film>"] == pytest.approx(LEFT + 3 * second, abs=0.2)
    told = [str(rect.findtext("title")) for rect in root.iter("rect")]
    assert "Happy, 0:02 to 0:03 (1.0 s), mean probability 88%" in told
    assert not any(text.startswith("Happy, 0:01") for text in told)


def test_nothing_read_is_all_gray(tmp_path: Path) -> None:
    made = filmed(tmp_path / "out")
    result = made.results[0]
    result.trace.probabilities[:] = float("nan")
    assert 'class="' not in timeline([result], made.classes, Texts("zh-TW"))
    assert timeline([result], made.classes, Texts("zh-TW")).count("未判讀") == 1
