"""Techniques in words, where the training used them."""

from __future__ import annotations

from dataclasses import replace

import pytest

import records
from mien import recipes
from mien.reporting import techniques, texts


def test_what_shapes_the_training_is_told_where_it_did() -> None:
    t, record = texts.Texts("en"), records.run()
    recipe = replace(record.recipe, teacher="somewhere/large.onnx", distillation_weight=0.5)
    for votes in (True, False):
        record = replace(record, recipe=recipe, data=replace(record.data, votes=votes))
        used, unused = techniques.describe(record, [0.1], records.judgement(temperature=1.0), t)
        told = {each.name: each.setting for each in used}
        assert told["Muon"] == "peak rate 0.03, for the hidden convolutions"
        assert told["progressive resizing"] == "32 to 48 pixels over the first 60% of the epochs"
        assert told["teacher"] == "50% of the target from large.onnx"
        assert told["dropout"] == "1 layer: 10%"
        assert ("auxiliary head for votes" in told) == votes
        assert ("auxiliary head for votes" in unused) != votes


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_what_imitates_bad_pictures_is_told_where_it_did(lang: str) -> None:
    t = texts.Texts(lang)
    recipe = recipes.get("base", ["augment=robust", "augment.gamma=1,1", "init=somewhere/first.onnx"])
    used, unused = techniques.describe(records.run(recipe), [0.1], records.judgement(temperature=1.0), t)
    told = {each.name: each.setting for each in used}
    shown = {key: told.get(t(f"techniques.name.{key}")) for key in techniques.CORRUPTION_PARTS}
    assert shown["gamma"] is None
    assert t("techniques.name.gamma") in unused
    assert shown["jpeg"] == t("techniques.setting.jpeg", value="5", share="8%")
    assert shown["resolution"] == t("techniques.setting.resolution", percent="16%", share="8%")
    assert "first.onnx" in told[t("techniques.name.init")]
