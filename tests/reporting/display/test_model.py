"""Model files show themselves, and their cards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mien
from mien.inference import cards
from mien.synthetic import drawn


def test_a_pretrained_model_shows_its_card() -> None:
    shown = str(mien.info("robust"))
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "model robust" in lines
    assert "classes angry, disgust, fear, happy, sad, surprise, neutral" in lines
    assert "input 48 x 48 pixels, gray; crop convention fer2013" in lines
    assert "decisions argmax, balanced" in lines
    assert "held-out rows hold_out: accuracy 71.4% (n = 1,723)" in lines
    assert "accuracy FER2013 PublicTest 3,589 71.0% (69.5% to 72.4%) 71.3% (69.8% to 72.8%)" in lines
    assert "log-loss FER2013 PublicTest 3,589 0.812 0.800" in lines
    assert "fear 496 63.0% 46.8% 53.7% 43.9%" in lines
    assert "Out of scope" in lines
    assert "**" not in shown


def test_a_notebook_shows_the_same() -> None:
    html = mien.info("tiny")._repr_html_()
    assert "68.8% (67.3% to 70.3%)" in html
    assert "Ethical considerations" in html
    assert "tiny.onnx" in html


def test_the_frame_has_the_figures() -> None:
    frame = mien.info("base").to_frame()
    row = frame[(frame["metric"] == "accuracy") & (frame["data"] == "corrupted")].iloc[0]
    assert (row["n"], round(row["value"], 3)) == (1000, 0.578)


def test_an_adapted_model_names_its_source_and_has_no_card(tmp_path: Path) -> None:
    adapted = mien.adapt("tiny", drawn.draw(80, seed=2), tmp_path / "mine.onnx")
    info = mien.info(adapted.path)
    shown = " ".join(str(info).split())
    assert "trained from tiny" in shown
    assert "Intended use" not in shown
    assert info.to_frame().empty


def test_odd_metadata_is_left_out() -> None:
    info = cards.info(mien.load("tiny"))
    odd = replace(info, card=None, spec=replace(info.spec, training={"epoch": [1], "init": 3}, scores=({"n": "x"},)))
    assert "epoch" not in str(odd)
    assert "held-out" not in str(odd)
