"""What a run folder tells of its training."""

from __future__ import annotations

import json
from typing import Any

import pytest

import records
from mien.errors import ArgumentError
from mien.run_record import Hardware, NetworkRecord, Speed, best_epoch


@pytest.mark.parametrize(
    "wrong", [{"precision": "fp16"}, {"precision": None}, {"device": 3}, {"device": "tpu"}, {"speed": 1}]
)
def test_hardware_that_there_is_not_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=f"{next(iter(wrong))}=.* doesn't fit"):
        Hardware(**wrong)


def test_the_best_epoch_is_the_earliest_of_the_most_accurate() -> None:
    history = [records.epoch(number, valid_accuracy=accuracy) for number, accuracy in ((1, 0.5), (2, 0.7), (3, 0.7))]
    assert best_epoch(history).epoch == 2


@pytest.mark.parametrize(
    ("gpu", "processor", "shown"), [("a card", "a cpu", "a card"), ("", "a cpu", "a cpu"), ("", "", "cpu")]
)
def test_the_machine_is_named_as_well_as_can_be(gpu: str, processor: str, shown: str) -> None:
    assert records.run(setup=records.setup(device_name=gpu), processor=processor).machine == shown


def test_a_network_counts_its_layers() -> None:
    layers = (
        records.layer("conv", "Conv2d", 16, 48, 48, parameters=144, macs=331_776),
        records.layer("drop", "Dropout", 16, dropout=0.25),
        records.layer("linear", "Linear", 7, parameters=119),
    )
    network = NetworkRecord(layers, (1, 48, 48), 4096)
    assert (network.parameters, network.dropouts) == (263, [0.25])
    assert network.macs == 331_776
    described = network.to_dict()
    assert described["layers"][0]["output"] == list(layers[0].output)
    assert (described["parameters"], described["input"], described["activation_bytes"]) == (263, [1, 48, 48], 4096)
    assert json.loads(json.dumps(described)) == described


def test_speed_has_its_bounds() -> None:
    assert Speed() == Hardware().speed
    for wrong in ({"compiler": "fast"}, {"store_every": -1.0}, {"store_every": 90_000.0}):
        with pytest.raises(ArgumentError, match=f"{next(iter(wrong))}=.* doesn't fit"):
            Speed(**wrong)
