"""The models inside the package: what their cards say is what the files are."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest

import mien
from mien import modelfile
from mien.emotions import EMOTIONS
from mien.errors import ModelFileError
from mien.inference import pretrained

LIMITS = {
    "base": (4_000_000, 1_600_000, 135.0),
    "robust": (4_000_000, 1_600_000, 135.0),
    "tiny": (600_000, 200_000, 12.0),
}
"""Most bytes, parameters, and million multiply-adds of each model."""

PUBLIC_TEST = (
    Path(os.environ.get("MIEN_FER2013") or Path(__file__).parents[3] / "shared" / "fer2013") / "public_test.parquet"
)


def card(name: str) -> str:
    return (pretrained.FOLDER / f"{name}.md").read_text(encoding="utf-8")


def test_all_models_are_there() -> None:
    assert pretrained.names() == sorted(LIMITS)


@pytest.mark.parametrize("name", LIMITS)
def test_a_short_name_loads_the_shipped_file(name: str) -> None:
    model = mien.load(name)
    assert model.name == name
    assert Path(model.path) == pretrained.FOLDER / f"{name}.onnx"
    assert model.spec.classes == EMOTIONS
    assert model.probabilities(np.zeros((2, 64, 64), np.uint8)).shape == (2, 7)


@pytest.mark.parametrize("name", LIMITS)
def test_the_card_is_the_files(name: str) -> None:
    path = pretrained.FOLDER / f"{name}.onnx"
    most_bytes, most_parameters, most_macs = LIMITS[name]
    assert path.stat().st_size <= most_bytes
    assert f"`{modelfile.sha256(path)}`" in card(name)
    parameters, macs = re.findall(r"([\d,]+) parameters, ([\d.]+) million multiply-adds", card(name))[0]
    assert int(parameters.replace(",", "")) <= most_parameters
    assert float(macs) <= most_macs
    training = mien.load(name).spec.training
    assert training["data_hash"] in card(name)
    assert len(training["git_commit"]) == 40  # of a clean checkout: anyone can train it again


@pytest.mark.real
@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.skipif(not PUBLIC_TEST.exists(), reason="the FER2013 files are absent")
def test_the_card_holds_the_scores(name: str) -> None:
    judged, model = mien.read(PUBLIC_TEST), mien.load(name)
    plain = model.probabilities(judged.images)
    flipped = plain + model.probabilities(judged.images[:, :, ::-1])  # twice the mean of both, as with flip=True
    for rows, cell in ((plain, r"\| accuracy \| ([\d.]+)%"), (flipped, r"\| accuracy \| [^|]+\| ([\d.]+)%")):
        measured = float((rows.argmax(1) == judged.labels).mean())
        (written,) = re.findall(cell, card(name))
        assert measured == pytest.approx(float(written) / 100, abs=0.0006)  # one face, and the card's rounding


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(ModelFileError, match=r"no model file 'best': .* \(base, robust, tiny\)"):
        mien.load("best")


def test_a_short_name_wins_over_a_file_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base").write_bytes(pretrained.resolve("tiny").read_bytes())
    assert Path(mien.load("base").path) == pretrained.FOLDER / "base.onnx"
    assert Path(mien.load("./base").path) == Path("base")
