"""The data of a homework: its folder, a sample of many faces, and the test set in the words of the training data."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from mien.data import leakage, splits, store
from mien.data.faceset import UNLABELLED, FaceSet
from mien.errors import OutputError
from mien.inference import datasets
from mien.progress import Progress
from mien.recipes import Recipe
from mien.synthetic import competition

PLAN, SAMPLE = "plan.json", "sample.parquet"
DATA = (SAMPLE, competition.TRAIN, competition.TEST)
"""Names of files with faces, which may be there before the plan."""


def check_folder(folder: Path) -> None:
    """Refuse a folder with files that are not of a homework."""
    if folder.is_dir() and not (folder / PLAN).is_file():
        others = [entry.name for entry in folder.iterdir() if entry.name not in DATA and not entry.name.startswith(".")]
        if others:
            raise OutputError(f"'{folder}' holds other files, such as '{min(others)}': name another folder with --out.")


def sampled(faceset: FaceSet, folder: Path, most_faces: int, progress: Progress) -> tuple[Path, FaceSet]:
    """A sample of the faces as a file in the folder, and its content."""
    place = folder / SAMPLE
    some = splits.sample(faceset, most_faces)
    labelled = [int((rows.labels != UNLABELLED).sum()) for rows in (some, faceset)]
    progress.line(f"a random sample: {labelled[0]:,} of {labelled[1]:,} labelled faces")
    folder.mkdir(parents=True, exist_ok=True)
    store.write_parquet(some, place, overwrite=True)
    found = datasets.read(place, allow_leakage=faceset.source.options.allow_leakage)
    source = dataclasses.replace(found.source, class_map=faceset.source.class_map)
    return place, dataclasses.replace(found, source=source)


def as_test(test: FaceSet, faceset: FaceSet) -> FaceSet:
    """The rows of a test set as those of the split ``test`` of the data: with its classes, and its way to write them."""
    rows = test.split("test") if "test" in test.split_names else test
    rows = rows.to_classes(faceset.classes) if has_labels(rows) else rows
    labels = rows.labels if has_labels(rows) else np.full(len(rows), UNLABELLED, np.int64)
    source = dataclasses.replace(rows.source, class_map=faceset.source.class_map)
    return dataclasses.replace(
        rows, labels=labels, classes=faceset.classes, splits=np.full(len(rows), "test"), votes=None, source=source
    )


def check_test(test: FaceSet | None, faceset: FaceSet, recipe: Recipe | None, progress: Progress) -> None:
    """Refuse a test set with so many faces of the data that its scores would not hold for new faces; fewer are noted.

    Raises:
        DataError: as for ``leakage.check``.
    """
    if test is None:
        return
    leakage.check(faceset, splits.validation_split(faceset, recipe.valid_split if recipe else ""), test)
    for leak in leakage.across(faceset, test):
        progress.line(f"note: {leak}")


def has_labels(faceset: FaceSet) -> bool:
    """Whether any row has a label."""
    return bool((faceset.labels != UNLABELLED).any())
