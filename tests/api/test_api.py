"""The interface: every verb says what it does and what it gives."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

import scenes
from mien import api
from mien.errors import OutputError
from mien.reporting.pages import explain as pages
from mien.run import Run


@pytest.mark.parametrize("name", api.__all__)
def test_every_verb_is_described_and_typed(name: str) -> None:
    verb = inspect.unwrap(getattr(api, name))
    first = (inspect.getdoc(verb) or "").partition("\n")[0]
    assert first[:1].isupper()
    assert first.split()[-1]
    assert inspect.signature(verb).return_annotation is not inspect.Signature.empty


def test_no_function_replaces_a_file_of_another_kind(run: Run, faces_file: Path, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("mine")
    photo = tmp_path / "a.jpg"
    scenes.save(scenes.scene(width=160, height=120, side=100), photo)
    calls: list[Callable[[], object]] = [
        lambda: api.report(run, note, probes=False),
        lambda: api.export(run, note),
        lambda: api.ensemble([run, run], note),
        lambda: api.adapt(run.model_file, faces_file, note, overwrite=True),
        lambda: api.decide(run.model_file, faces_file, out=note),
        lambda: api.submit(run.model_file, faces_file, note),
        lambda: api.predict(photo, "tiny", out=note),
        lambda: pages.write(note, api.evaluate(run.model_file, faces_file).judgement, None),  # type: ignore[arg-type] # refused before it is drawn
    ]
    for call in calls:
        with pytest.raises(OutputError, match=r"note\.txt' must end in"):
            call()
    assert note.read_text() == "mine"


def test_verbs_are_in_order() -> None:
    assert sorted(api.__all__) == api.__all__
