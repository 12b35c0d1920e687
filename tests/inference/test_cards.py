"""Model cards: what they say is what the files and the measurements are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tools import cards as written

import mien
from mien import modelfile, typed_json
from mien.errors import ModelFileError
from mien.inference import cards, pretrained
from mien.synthetic import drawn

ROOT = Path(__file__).parents[2]
WILD = ROOT / "benchmarks" / "results" / "2026-11-27-wild-amd-epyc-2-cores.json"


@pytest.mark.parametrize("name", pretrained.names())
def test_the_card_for_people_is_that_for_machines(name: str) -> None:
    card = cards.read(pretrained.FOLDER / f"{name}.json")
    text = (pretrained.FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert text == written.markdown(card), "run  python -m tools.cards"
    assert written.to_json(card) == (pretrained.FOLDER / f"{name}.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", pretrained.names())
def test_the_card_tells_of_the_file_beside_it(name: str) -> None:
    card, model = cards.read(pretrained.FOLDER / f"{name}.json"), mien.load(name)
    assert card.name == name
    assert card.details.sha256 == modelfile.sha256(pretrained.FOLDER / f"{name}.onnx")
    assert card.details.bytes == (pretrained.FOLDER / f"{name}.onnx").stat().st_size
    assert [row.name for row in card.by_class] == list(model.classes)
    assert sum(row.rows for row in card.by_class) == 3589
    assert card.training.temperature == pytest.approx(model.spec.temperature, abs=0.0006)
    assert card.training.held_out_accuracy == pytest.approx(model.spec.scores[0]["accuracy"], abs=0.0006)
    assert (card.training.seed, card.training.epoch) == (model.spec.training["seed"], model.spec.training["epoch"])
    assert card.training.data_hash == model.spec.training["data_hash"]


@pytest.mark.parametrize("name", pretrained.names())
def test_the_card_has_the_figures_of_the_results(name: str) -> None:
    card = cards.read(pretrained.FOLDER / f"{name}.json")
    (result,) = [one for one in json.loads(WILD.read_text())["results"] if one["contender"] == f"mien {name}"]
    for data, value, ends, n in (
        ("public_test", result["test"]["accuracy"], result["test"]["interval"], 3589),
        ("corrupted", result["corrupted"]["accuracy"], result["corrupted"]["accuracy_interval"], 1000),
        ("ck48", result["away"]["accuracy"], result["away"]["interval"], 927),
    ):
        figure = card.figure("accuracy", data)
        assert figure is not None
        assert figure.n == n
        assert [figure.value, figure.low, figure.high] == pytest.approx([value, *ends], abs=0.0006)
    recalls = [row.recall or 0 for row in card.by_class]
    balanced = card.figure("balanced_accuracy")
    assert balanced is not None
    assert sum(recalls) / 7 == pytest.approx(balanced.value, abs=0.001)
    assert {"fear", "disgust"} == {row.name for row in sorted(card.by_class, key=lambda row: row.recall or 0)[:2]}
    assert card.figure("accuracy", "elsewhere") is None


def test_a_copy_of_a_pretrained_model_has_its_card_and_others_have_none(tmp_path: Path) -> None:
    copy = tmp_path / "copy.onnx"
    copy.write_bytes((pretrained.FOLDER / "tiny.onnx").read_bytes())
    found = cards.info(mien.load(copy))
    assert found.card == cards.read(pretrained.FOLDER / "tiny.json")
    assert (found.name, found.bytes) == (str(copy), copy.stat().st_size)
    assert found.num_seen == len(mien.load("tiny").seen.learned) + len(mien.load("tiny").seen.held_out)  # type: ignore[union-attr]
    adapted = mien.adapt("tiny", drawn.draw(80, seed=2), tmp_path / "mine.onnx")
    assert cards.info(mien.load(adapted.path)).card is None


@pytest.mark.parametrize("text", ["", "{}", '{"name": 3}'])
def test_a_damaged_card_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ModelFileError, match=r"card '.*a\.json' can't be read"):
        cards.read(tmp_path / "a.json")
    with pytest.raises(ModelFileError, match="can't be read"):
        cards.read(tmp_path / "none.json")


def test_a_card_survives_json() -> None:
    card = cards.read(pretrained.FOLDER / "base.json")
    assert typed_json.parse(json.dumps(typed_json.to_json(card)), cards.Card) == card
