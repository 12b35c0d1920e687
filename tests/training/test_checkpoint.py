"""Checkpoints from outside: whatever is in them, an answer or one sentence."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import records
from mien.errors import RunError
from mien.training import checkpoint
from mien.training.loop import State


def test_tensors_and_their_state_come_back(tmp_path: Path) -> None:
    tensors, state = {"a": torch.randn(2, 3), "b": torch.arange(4)}, State(tuple(records.history(3)))
    checkpoint.save(tmp_path / "c.safetensors", tensors, state)
    found, told = checkpoint.load(tmp_path / "c.safetensors", State)
    assert told == state
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)
    assert checkpoint.tensors(tmp_path / "c.safetensors").keys() == tensors.keys()


@dataclass(frozen=True)
class Other:
    history: object = None


@dataclass(frozen=True)
class Row:
    epoch: int


@pytest.mark.parametrize("state", [{}, Other(5), Other((Row(1),)), Other((5,))])
def test_a_checkpoint_of_another_state_is_refused(tmp_path: Path, state: object) -> None:
    checkpoint.save(tmp_path / "c.safetensors", {"a": torch.zeros(2)}, state)
    with pytest.raises(RunError, match=r"can't be read \("):
        checkpoint.load(tmp_path / "c.safetensors", State)


@pytest.mark.parametrize("name", ["optimizer0.999.x", "optimizer0.x.y", "optimizer0.0", "optimizer0.0.momentum_buffer"])
def test_a_checkpoint_of_another_optimizer_is_refused(name: str) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(3))], lr=0.1, momentum=0.9)
    with pytest.raises(RunError, match="doesn't fit the optimizer of the recipe"):
        checkpoint.load_optimizer(optimizer, {name: torch.zeros(5)}, "optimizer0")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(st.binary(max_size=300))
def test_a_checkpoint_of_random_bytes(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "c.safetensors").write_bytes(data)
    with contextlib.suppress(RunError):
        checkpoint.load(tmp_path / "c.safetensors", State)
