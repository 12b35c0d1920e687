"""The timeline of a person: areas, episodes and gray time lie where they should."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from filmed import filmed
from mien.reporting.texts import Texts
from mien.reporting.timeline import LEFT, RIGHT, timeline


def test_episodes_and_gray_time_have_their_places(tmp_path: Path) -> None:
    made = filmed(tmp_path / "out")
    drawn = timeline(made.results[0], made.classes, Texts("en"))
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


def test_nothing_read_is_all_gray(tmp_path: Path) -> None:
    made = filmed(tmp_path / "out")
    result = made.results[0]
    result.trace.probabilities[:] = float("nan")
    assert 'class="' not in timeline(result, made.classes, Texts("zh-TW"))
    assert timeline(result, made.classes, Texts("zh-TW")).count("未判讀") == 1
