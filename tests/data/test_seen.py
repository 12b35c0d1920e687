"""Hashes of the faces that a training has seen: found again, in a run folder and in a model file, and nothing else found."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from mien.data.seen import SeenFaces
from mien.errors import ModelFileError, RunError

FACES = np.random.default_rng(0).integers(0, 256, (900, 12, 12), np.uint8)
SEEN = SeenFaces.of(FACES[:600], FACES[600:700])


def test_a_model_file_keeps_them_in_few_bytes_and_finds_no_others() -> None:
    text = SEEN.to_text()
    assert len(text) < 5 * 700
    kept = SeenFaces.from_text(text, "model.onnx")
    learned, held_out = kept.find(FACES)
    assert np.flatnonzero(learned).tolist() == list(range(600))
    assert np.flatnonzero(held_out).tolist() == list(range(600, 700))
    assert kept.false_positive_rate == 700 / 2**32
    assert SeenFaces.from_text(SeenFaces.of(FACES[:0], FACES[:1]).to_text(), "m").find(FACES[:2])[1].tolist() == [
        True,
        False,
    ]


def test_a_run_folder_keeps_one_hash_a_row(tmp_path: Path) -> None:
    assert SeenFaces.load(tmp_path / "none.npz") is None
    SEEN.save(tmp_path / "seen.npz")
    kept = SeenFaces.load(tmp_path / "seen.npz")
    assert kept is not None
    np.testing.assert_array_equal(kept.learned, SEEN.learned)
    (tmp_path / "seen.npz").write_bytes((tmp_path / "seen.npz").read_bytes()[:-40])
    with pytest.raises(RunError, match="is damaged"):
        SeenFaces.load(tmp_path / "seen.npz")


def test_what_one_training_held_out_another_may_have_learned() -> None:
    both = SEEN.joined(SeenFaces.of(FACES[650:800], FACES[:10]))
    learned, held_out = both.find(FACES)
    assert np.flatnonzero(learned).tolist() == [*range(600), *range(650, 800)]
    assert np.flatnonzero(held_out).tolist() == list(range(600, 650))


GOOD = json.loads(SEEN.to_text())


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "[" * 3000, json.dumps({**GOOD, "bits": 8}), json.dumps({**GOOD, "learned": 5}),
        json.dumps({**GOOD, "learned": "***"}), json.dumps({**GOOD, "learned": GOOD["learned"][:-8]}),
        json.dumps({**GOOD, "held_out": base64.b64encode(zlib.compress(b"abcde")).decode()}),
    ],
)  # fmt: skip
def test_a_damaged_list_is_refused(text: str) -> None:
    with pytest.raises(ModelFileError, match=r"'m\.onnx' has a list of training faces that can't be read"):
        SeenFaces.from_text(text, "m.onnx")
