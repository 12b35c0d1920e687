"""Run folders from outside: whatever is in them, an answer or one sentence."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.errors import MienError, RunError
from mien.training import checkpoint, shapes
from mien.training.run import Run, check_new

fuzz = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def copy(run: Run, tmp_path: Path) -> Path:
    shutil.copytree(run.folder, tmp_path / "run")
    return tmp_path / "run"


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
        assert opened.reading
        assert sum(row["seconds"] for row in opened.history) >= float("-inf")
        assert opened.network["layers"] is not None
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
        ("path", 5, "path should be a text"),
        ("classes", 7, "classes should be a list"),
        ("classes", [1], "each of classes should be a text"),
        ("mean", float("nan"), "mean should be a number"),
        ("train", {"rows": True}, "rows should be a whole number"),
        ("valid", None, "valid should be an object"),
    ],
)
def test_wrong_types_are_named(copy: Path, key: str, value: Any, message: str) -> None:
    record = json.loads((copy / "run.json").read_text())
    record["data"][key] = value
    (copy / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunError, match=message):
        Run.open(copy)


@pytest.mark.parametrize("state", [{}, {"history": 5}, {"history": [{"epoch": 1}]}, {"history": [5]}])
def test_a_checkpoint_of_another_state_is_refused(tmp_path: Path, state: dict[str, Any]) -> None:
    checkpoint.save(tmp_path / "c.safetensors", {"a": torch.zeros(2)}, state)
    with pytest.raises(RunError, match=r"can't be read \("):
        checkpoint.load(tmp_path / "c.safetensors", shapes.STATE)


@pytest.mark.parametrize("name", ["optimizer0.999.x", "optimizer0.x.y", "optimizer0.0", "optimizer0.0.momentum_buffer"])
def test_a_checkpoint_of_another_optimizer_is_refused(name: str) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(3))], lr=0.1, momentum=0.9)
    with pytest.raises(RunError, match="fits another optimizer than the recipe's"):
        checkpoint.load_optimizer(optimizer, {name: torch.zeros(5)}, "optimizer0")


@fuzz
@given(st.binary(max_size=300))
def test_a_checkpoint_of_random_bytes(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "c.safetensors").write_bytes(data)
    with contextlib.suppress(RunError):
        checkpoint.load(tmp_path / "c.safetensors", shapes.STATE)


def test_a_run_folder_whose_name_is_no_text_is_refused_before_the_training(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has a name that is no text in UTF-8: choose another one"):
        check_new(tmp_path / "run\udcff")
    assert not list(tmp_path.iterdir())
