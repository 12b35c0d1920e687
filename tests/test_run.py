"""Run folders: what is written is read, and whatever else is in them gives an answer or one sentence."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import records
from mien import files, recipes, typed_json
from mien import run as runs
from mien.data.reading import ReadOptions
from mien.data.source import ChosenCoding, ClassChange, Leak, ReadingRecord
from mien.errors import MienError, RunError
from mien.run import Run, check_new
from mien.run_record import NetworkRecord, Resumption, Speed

fuzz = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def copy(run: Run, tmp_path: Path) -> Path:
    shutil.copytree(run.folder, tmp_path / "run")
    return tmp_path / "run"


def test_a_folder_that_is_no_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is not a run folder"):
        Run.open(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(RunError, match=r"run.json' is damaged"):
        Run.open(tmp_path)


def test_a_run_without_a_curve_says_how_to_go_on(run: Run, tmp_path: Path) -> None:
    shutil.copy(run.folder / "run.json", tmp_path)
    with pytest.raises(RunError, match=r"has no history.jsonl: resume it with  mien train --resume"):
        Run.open(tmp_path).history  # noqa: B018 # reading it is the test


def test_the_source_commit_is_a_hash_or_empty() -> None:
    is_checkout = (Path(__file__).parents[1] / ".git").exists()
    assert len(runs.git_commit().rstrip("+")) == (40 if is_checkout else 0)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    read = ReadingRecord(
        layout="rows",
        options=ReadOptions(drop=("fear",), map=(("joy", "happy"),)),
        coding=ChosenCoding("fer2013", "model", {"0": "angry"}, "base", 500, {"fer2013": 0.61}),
        notes=("a note",),
        num_dropped=3,
        changes=(ClassChange("fear", None, 9), ClassChange("joy", "happy", 1)),
        leaks=(Leak("train", "test", 1, 2),),
    )
    data, setup = records.data(size=(48, 40), read=read), records.setup(speed=Speed("eager", 3.5), workers=2)
    recipe = recipes.get("base", ["augment=robust", "keep=last"])
    made = Run.create(tmp_path / "run", recipe, data=data, setup=setup, command=("mien", "train"))
    assert Run.open(made.folder) == made
    assert (made.record.settings, made.record.command) == (tuple(recipes.changes(recipe)), ("mien", "train"))
    resumption = Resumption(2, data="elsewhere", epochs=9)
    later = Run(made.folder, replace(made.record, ended="patience", resumed=(resumption,)))
    later.write()
    assert Run.open(made.folder) == later
    later.write_history(records.history(3))
    assert (later.history, later.epochs_done) == (records.history(3), 3)
    layers = (records.layer("drop", "Dropout", 8, dropout=0.25), records.layer("linear", "Linear", 7, parameters=63))
    network = NetworkRecord(layers, (1, 48, 48), 60)
    files.write_json(made.folder / "network.json", typed_json.to_json(network))
    assert later.network == network
    assert (network.parameters, network.dropouts) == (63, [0.25])


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here] * bool(here) + [path for key, inner in items for path in paths(inner, (*here, key))]


@fuzz
@given(st.data())
def test_a_changed_run_is_read_or_refused_in_one_sentence(copy: Path, run: Run, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["run.json", "network.json", "history.jsonl"]))
    line = (run.folder / name).read_text(encoding="utf-8")
    record = json.loads(line.splitlines()[0] if name.endswith("l") else line)
    (*above, last) = data.draw(st.sampled_from(paths(record)))
    holder = record
    for key in above:
        holder = holder[key]
    holder[last] = data.draw(json_values)
    (copy / name).write_text(json.dumps(record), encoding="utf-8")
    said = ""
    try:
        opened = Run.open(copy)
        assert opened.recipe
        assert opened.record.data.read
        assert sum(row.seconds for row in opened.history) >= float("-inf")
        assert opened.network.layers is not None
    except MienError as error:
        said = str(error)
    assert "\n" not in said
    shutil.copy(run.folder / name, copy / name)


@pytest.mark.parametrize("name", ["run.json", "network.json", "history.jsonl"])
@pytest.mark.parametrize("content", [b"", b"[" * 3000, b'{"a":' * 3000, b"5", b"[]", b"{}", b"\xff\xfe", b"null"])
def test_hostile_parts_of_a_run(copy: Path, name: str, content: bytes) -> None:
    (copy / name).write_bytes(content)

    def read() -> Any:
        opened = Run.open(copy)
        return opened.network, opened.history

    if (name, content) == ("history.jsonl", b""):
        assert read()[1] == []
        return
    with pytest.raises(RunError, match=r"is damaged .*: train again"):
        read()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("path", 5, "path should be a string"),
        ("classes", 7, "classes should be a list"),
        ("classes", [1], "each of classes should be a string"),
        ("mean", float("nan"), "mean should be a number"),
        ("mean", 10**400, "mean should be a number"),
        ("train", {"rows": 1}, "train lacks 'counts'"),
        ("read", {"options": {"votes": 5}}, "options doesn't fit"),
        ("read", {"leaks": [{"split": "train"}]}, "each of leaks lacks 'other'"),
        ("train", {"rows": True, "counts": [], "faces_hash": ""}, "rows should be a whole number"),
        ("valid", None, "valid should be an object"),
    ],
)
def test_wrong_types_are_named(copy: Path, key: str, value: Any, message: str) -> None:
    record = json.loads((copy / "run.json").read_text())
    record["data"][key] = value
    (copy / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunError, match=message):
        Run.open(copy)


def test_a_run_folder_whose_name_is_no_text_is_refused_before_the_training(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is not valid UTF-8: choose another one"):
        check_new(tmp_path / "run\udcff")
    assert not list(tmp_path.iterdir())
