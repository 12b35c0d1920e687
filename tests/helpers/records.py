"""Records of runs and judgements as tests need them: all fields are there, and any may be given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from mien import emotions, recipes
from mien.data.faceset import FaceSet
from mien.data.source import ReadingRecord
from mien.evaluation.judge import JudgementRecord
from mien.experiments.results import Common
from mien.recipes import Recipe
from mien.run_record import (
    DataRecord,
    EpochRecord,
    Hardware,
    HeldOutRows,
    LayerRecord,
    RunRecord,
    Setup,
    TrainRows,
)

HASH = "ab" * 32
CPU = Hardware("cpu", "fp32")
"""Where two trainings give the same, bit for bit."""


def setup(**changes: Any) -> Setup:
    """One process on this CPU in full precision."""
    made = Setup("cpu", "", "fp32", torch.get_num_threads(), torch.__version__)
    return replace(made, **changes)


def data_of(train: FaceSet, valid: FaceSet) -> DataRecord:
    """The record of rows that are in memory."""
    return DataRecord(
        path="somewhere/faces.csv",
        hash=train.hash,
        classes=train.classes,
        train=TrainRows(len(train), tuple(train.counts().tolist()), train.faces_hash),
        valid=HeldOutRows("hold_out", len(valid), tuple(valid.counts().tolist()), valid.hash),
        mean=float(train.images.mean()),
        std=float(train.images.std()),
        size=train.size,
        votes=train.votes is not None,
    )


def data(classes: Sequence[str] = emotions.EMOTIONS, counts: Sequence[int] | None = None, **changes: Any) -> DataRecord:
    """Data that is nowhere: 60 held-out rows, and a hundred and more of each class to learn from."""
    counts = counts or [100 + 10 * index for index in range(len(classes))]
    made = DataRecord(
        path="somewhere/faces.csv",
        hash=HASH,
        classes=tuple(classes),
        train=TrainRows(sum(counts), tuple(counts), HASH),
        valid=HeldOutRows("hold_out", 60, (60,) + (0,) * (len(classes) - 1), HASH),
        mean=128.0,
        std=60.0,
        splits={"train": 999, "test": 140},
    )
    return replace(made, **changes)


def run(recipe: Recipe | None = None, **changes: Any) -> RunRecord:
    """A run on that data, with two threads of a processor."""
    made = RunRecord(
        recipe=recipe or recipes.get("base"),
        settings=("epochs=15",),
        setup=setup(threads=2, torch="2.11.0"),
        data=data(),
        mien="0.1.0",
        git_commit="c0ffee" * 6 + "+",
        python="3.12.1",
        processor="a processor",
    )
    return replace(made, **changes)


def epoch(number: int, **changes: Any) -> EpochRecord:
    """An epoch of a training whose third is best on the held-out rows."""
    made = EpochRecord(
        epoch=number,
        learning_rate=0.1 / number,
        train_loss=2 / number,
        train_accuracy=0.1 * number,
        valid_loss=2 / number,
        valid_accuracy=0.6 - 0.1 * abs(3 - number),
        seconds=2.0,
        images_per_second=500.0,
    )
    return replace(made, **changes)


def history(num: int) -> list[EpochRecord]:
    """That many epochs."""
    return [epoch(number) for number in range(1, num + 1)]


def layer(name: str, kind: str, *output: int, **changes: Any) -> LayerRecord:
    """A layer without parameters."""
    return replace(LayerRecord(name, kind, output, parameters=0, macs=0, reason="conv"), **changes)


def judgement(**changes: Any) -> JudgementRecord:
    """A model judged on the test rows of its own data, of which it has seen none."""
    made = JudgementRecord(
        mien="0.1.0",
        model="runs/first/model.onnx",
        model_hash=HASH,
        data="somewhere/faces.csv",
        data_hash=HASH,
        read=ReadingRecord(),
        temperature=1.25,
        split="test",
        is_hold_out=False,
        hold_out_chose_epoch=True,
        rows_hash=HASH,
        flip=False,
        decision="argmax",
        prior=None,
        prior_estimated=False,
        holds_training_rows=False,
        copies_of_train=None,
        without_duplicates_of=None,
    )
    return replace(made, **changes)


def common(recipe: str = "tiny", **changes: Any) -> Common:
    """What the trainings of an experiment on that data have in common."""
    made = Common(
        recipe=recipe,
        settings=(),
        data="faces.csv",
        data_hash="0123456789abcdef" * 4,
        read=ReadingRecord(),
        train_rows=1000,
        setup=setup(threads=1, torch="2"),
        processor="a processor",
    )
    return replace(made, **changes)
