"""The settings of a search."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from mien import recipes
from mien.errors import ArgumentError
from mien.scale.sweep import Sweep

GIVEN: dict[str, Any] = {"data": Path("faces.csv"), "recipe": recipes.demo(), "out": Path("out")}


def test_runs_lie_below_the_folder_and_all_of_it_can_be_sent_to_workers() -> None:
    sweep = Sweep(**GIVEN)
    assert sweep.runs == Path("out/runs")
    assert (sweep.num_trials, sweep.parallel, sweep.seed, sweep.num_cpus, sweep.given) == (20, 0, 0, 1, ())
    assert sweep.home == Path.cwd()
    assert pickle.loads(pickle.dumps(sweep)) == sweep


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"num_trials": 0}, "num_trials=0 doesn't fit"), ({"parallel": -1}, "parallel=-1 doesn't fit"),
        ({"seed": 2**32}, "seed=4294967296 doesn't fit"), ({"num_cpus": 1.5}, "num_cpus=1.5 doesn't fit"),
        ({"recipe": "demo"}, "recipe=demo doesn't fit"),
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        Sweep(**{**GIVEN, **wrong})
