"""A judgement and a run as reports need them, and what a page consists of."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

import records
from mien import emotions, files, recipes, typed_json
from mien.data.faceset import FaceSet
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement
from mien.evaluation.overlap import Overlap
from mien.run import Run
from mien.training import networks, summary

TRAIN = ("mien", "train", "faces.csv", "--recipe", "base", "--set", "epochs=15", "--out", "first")


REPORT = ("mien", "report", "first", "--data", "else where.csv", "--lang", "en")


def answered(true: list[int], predicted: list[int]) -> Evaluation:
    """The seven expressions, each row answered without doubt."""
    return Evaluation.from_predictions(np.array(true), np.eye(7, dtype=np.float32)[predicted], emotions.EMOTIONS)


WITHOUT = answered([3] * 5 + [1] * 10, [3] * 4 + [0] * 10 + [1])
"""Scores without copies: the recall of happy is 80%, that of disgust 10%."""


def judgement(
    classes: tuple[str, ...] = emotions.EMOTIONS, num: int = 140, *, perfect: bool = False, absent: int | None = None,
    side: int = 24, **told: Any,
) -> Judgement:  # fmt: skip
    rng = np.random.default_rng(0)
    labels = np.arange(num) % len(classes)
    if absent is not None:
        labels[labels == absent] = (absent + 1) % len(classes)
    logits = rng.normal(0, 1, (num, len(classes)))
    logits[np.arange(num), labels] += 9 if perfect else 1.2
    probabilities = (np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).astype(np.float32)
    faces = FaceSet.from_arrays(rng.integers(0, 256, (num, side, side)).astype(np.uint8), labels, classes, "test")
    record = records.judgement(**{"copies_of_train": copies(4, 136) if num > 4 else None, **told})
    return Judgement(Evaluation.from_predictions(labels, probabilities, classes), faces, record)


def readable(page: str) -> str:
    """A page without pictures and hashes, which have any letters."""
    return re.sub(r"(base64,|sha256-)[^\"']*", "", page)


def copies(rows: int, n_without: int) -> Overlap:
    without = WITHOUT if n_without else None
    return Overlap(rows, rows - rows // 4, rows // 4, n_without, without, "model file", 1e-6)


def made(
    folder: Path, classes: tuple[str, ...] = emotions.EMOTIONS, recipe: str = "base", num_epochs: int = 5,
    counts: list[int] | None = None,
) -> Run:  # fmt: skip
    """A run folder as far as a report reads it."""
    folder.mkdir()
    settings = recipes.get(recipe)
    network = networks.build(settings.network, len(classes), settings.image_size)
    run = Run(folder, records.run(settings, data=records.data(classes, counts, votes=True), command=TRAIN))
    run.write()
    run.write_history(records.history(num_epochs))
    files.write_json(folder / "network.json", typed_json.to_json(summary.describe(network, settings.image_size)))
    return run


class Outline(HTMLParser):
    """Collects what the tests ask about, and checks that tags close in order."""

    VOID = ("meta", "img", "br", "link", "path", "use", "rect", "image")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag
