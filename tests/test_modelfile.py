from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from mien import modelfile
from mien.errors import ModelFileError
from mien.modelfile import Spec

SPEC = Spec(("happy", "sad"), (48, 40), temperature=1.5, training={"seed": 3}, scores=({"split": "test", "n": 5},))


def test_a_spec_survives_json() -> None:
    assert Spec.from_json(SPEC.to_json(), "m.onnx") == SPEC


def test_a_newer_format_asks_for_an_upgrade() -> None:
    values = json.loads(SPEC.to_json()) | {"format": modelfile.FORMAT + 1}
    with pytest.raises(ModelFileError, match=r"'m.onnx' was written by a newer mien: upgrade"):
        Spec.from_json(json.dumps(values), "m.onnx")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "size": [48], "classes": [], "scores": []}']
)
def test_a_damaged_spec_says_so(text: str) -> None:
    with pytest.raises(ModelFileError, match="has a spec that can't be read"):
        Spec.from_json(text, "m.onnx")


def test_the_hash_is_sha256_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"model")
    assert modelfile.sha256(tmp_path / "m") == hashlib.sha256(b"model").hexdigest()
