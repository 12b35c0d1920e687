"""Predictions for a competition: ``id,label``, one row per test face, in the order of the test set."""

from __future__ import annotations

import os

import numpy as np

from mien import emotions, files
from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.inference.classifier import Classifier


def write(
    classifier: Classifier,
    faceset: FaceSet,
    path: str | os.PathLike[str],
    *,
    num_rows: int | None = None,
    flip: bool = False,
) -> int:
    """Write a submission.

    Args:
        classifier: the model.
        faceset: the test set; where it also has other splits, only its rows of split ``test`` count.
        path: the CSV to write: the header ``id,label``, ids from 0 in test order, labels as the codes of FER2013.
        num_rows: how many rows the competition wants, where known.
        flip: average each face with its mirror image.

    Returns:
        How many rows were written.

    Raises:
        DataError: these are training rows, the model has classes that FER2013 lacks, a row could not be read, or their number
            is not ``num_rows``; nothing is written then.
    """
    dropped = faceset.source.dropped
    if dropped:
        raise DataError(
            f"{len(dropped):,} of {len(faceset) + len(dropped):,} rows of the test set could not be read, the first ({dropped[0].name}) "
            f"because: {dropped[0].reason}. A submission needs every row: mend the file."
        )
    if "test" not in faceset.split_names and "train" in faceset.split_names:
        raise DataError("These are training rows, and there is no split 'test' beside them: name the test set.")
    foreign = [name for name in classifier.spec.classes if name not in emotions.EMOTIONS]
    if foreign:
        raise DataError(f"A submission has the seven classes of FER2013; the model also knows {', '.join(foreign)}.")
    rows = faceset.split("test") if "test" in faceset.split_names else faceset
    if num_rows is not None and len(rows) != num_rows:
        raise DataError(
            f"The test set has {len(rows):,} rows, but {num_rows:,} are wanted: check that it is the right file."
        )
    codes = np.array([emotions.EMOTIONS.index(name) for name in classifier.spec.classes])  # a model may lack a class
    labels = codes[classifier.probabilities(rows.images, flip=flip).argmax(1)]
    files.write_text(path, "id,label\n" + "".join(f"{row},{label}\n" for row, label in enumerate(labels.tolist())))
    return len(rows)
