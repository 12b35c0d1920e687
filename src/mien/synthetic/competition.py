"""A drawn competition: labelled faces to train on, and a test set without labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from mien.data import store
from mien.data.faceset import UNLABELLED
from mien.synthetic import drawn

TRAIN, TEST = "train.parquet", "test.parquet"
"""Names of the two files."""


def write(folder: Path, num: int, num_test: int) -> tuple[Path, Path]:
    """Draw both files into a folder, which is made if missing; files that are there are kept.

    Args:
        folder: the folder.
        num: labelled faces, a fifth of them in the split ``test``.
        num_test: faces of the test set; they show other people.

    Returns:
        The file to train on, and the test set.

    Raises:
        OutputError: a file can't be written.
    """
    data, test = folder / TRAIN, folder / TEST
    folder.mkdir(parents=True, exist_ok=True)
    if not data.is_file():
        store.write_parquet(drawn.draw(num), data)
    if not test.is_file():
        faces = drawn.draw(num_test, seed=1, wrong_labels=0.0)
        labels, splits = np.full(num_test, UNLABELLED, np.int64), np.full(num_test, "test")
        store.write_parquet(replace(faces, labels=labels, splits=splits), test)
    return data, test
