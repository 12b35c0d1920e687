from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from mien import recipes
from mien.errors import OutputError, RunError
from mien.scale import seal, tuning
from mien.scale.sweep import Sweep

RECORD = {"data": "abc", "trials": 3}


def test_a_seal_fits_its_search_and_its_place_only(tmp_path: Path) -> None:
    made = seal.of(tmp_path, RECORD)
    assert seal.fits(tmp_path, dict(RECORD), made)
    assert not seal.fits(tmp_path / "elsewhere", RECORD, made)
    assert not seal.fits(tmp_path, RECORD | {"trials": 4}, made)
    for other in (None, 5, "", "é", made[:-1]):
        assert not seal.fits(tmp_path, RECORD, other)
    assert seal.key_file().stat().st_mode & 0o777 == 0o600
    seal.key_file().unlink()
    assert not seal.fits(tmp_path, RECORD, made)  # another user's key
    seal.key_file().write_bytes(b"short")
    with pytest.raises(OutputError, match="is damaged"):
        seal.of(tmp_path, RECORD)


class Trap:
    """What runs where it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return Path.touch, (Path("sprung"),)  # type: ignore[return-value] # as a hostile file would have it


@pytest.mark.parametrize("forged", ["none", "unsealed", "copied", "damaged", "deep", "list"])
def test_a_foreign_search_is_refused_before_anything_of_it_is_read(
    tmp_path: Path, forged: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    own = Sweep(tmp_path / "d", recipes.get("demo"), tmp_path / "other")
    tuning._claim(own, [], "hash")
    genuine = (tmp_path / "other" / "sweep.json").read_text()
    out = tmp_path / "foreign"
    (out / "tune").mkdir(parents=True)
    (out / "tune" / "tuner.pkl").write_bytes(pickle.dumps(Trap()))
    (out / "tune" / "experiment_state-2026-01-01_00-00-00.json").write_text("{}")
    record = json.loads(genuine)
    texts = {
        "unsealed": json.dumps({name: value for name, value in record.items() if name != "seal"}),
        "copied": genuine,
        "damaged": genuine[:40],
        "deep": "[" * 3000,
        "list": "[]",
    }
    if forged in texts:
        (out / "sweep.json").write_text(texts[forged])
    message = "is damaged" if forged in ("damaged", "deep", "list") else "could run unknown programs"
    with pytest.raises(RunError, match=message):
        tuning._claim(Sweep(tmp_path / "d", recipes.get("demo"), out), [], "hash")
    assert not (tmp_path / "sprung").exists()
    tuning._claim(own, [], "hash")  # the user's own goes on
