"""Reading data and models, auditing data, predictions for a competition."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mien.data.faceset import FaceSet
from mien.data.reading import DEFAULT, ReadOptions
from mien.progress import SILENT, Progress

if TYPE_CHECKING:
    from mien.auditing.audit import Audit
    from mien.inference.classifier import Classifier
    from mien.inference.submission import Submission


Data = str | os.PathLike[str] | FaceSet


def read(data: Data, reading: ReadOptions = DEFAULT, progress: Progress = SILENT) -> FaceSet:
    """Read labelled faces; what was assumed, changed or left out is told to ``progress``."""
    if isinstance(data, FaceSet):
        return data
    from mien.inference import datasets

    faceset = datasets.read(data, reading)
    for note in faceset.source.told:
        progress.line(f"note: {note}")
    return faceset


def load(
    model: str | os.PathLike[str] | Classifier, *, decision: str = "argmax", prior: str | None = None
) -> Classifier:
    """Load a model.

    Args:
        model: a pretrained model's name, a model file, or a loaded model, which is given back.
        decision: how it answers: by the most probable class, or by a decision that the file holds.
        prior: class shares in use, such as ``"neutral=0.5,happy=0.3"``; None for those of training.
    """
    from mien.inference.classifier import Classifier

    loaded = model if isinstance(model, Classifier) else Classifier.load(model, decision=decision)
    return loaded if prior is None else loaded.with_prior(prior)


def audit(
    data: Data,
    model: str | os.PathLike[str] | Classifier | None = None,
    *,
    reading: ReadOptions = DEFAULT,
    correlation: float = 0.98,
    mirrored: bool = False,
    progress: Progress = SILENT,
) -> Audit:
    """Look for copies, conflicts, label issues, blank pictures and drift.

    Args:
        data: the faces.
        model: judges the labels; None fits small ones in folds.
        reading: how the data is read.
        correlation: what near copies exceed.
        mirrored: whether a mirror image is a copy too.
        progress: is told of the work.
    """
    from mien.auditing import audit as auditing

    classifier = None if model is None else load(model)
    faceset = read(data, reading, progress)
    return auditing.audit(faceset, classifier, correlation=correlation, mirrored=mirrored, progress=progress)


def submit(
    model: str | os.PathLike[str] | Classifier,
    test: Data,
    out: str | os.PathLike[str],
    *,
    reading: ReadOptions = DEFAULT,
    sample: Path | None = None,
    num_rows: int | None = None,
    flip: bool = False,
    decision: str = "argmax",
    progress: Progress = SILENT,
) -> Submission:
    """Write predictions for a competition's test set; see ``inference.submission.write``."""
    from mien.inference import submission

    classifier = load(model, decision=decision)
    return submission.write(classifier, read(test, reading, progress), out, sample=sample, num_rows=num_rows, flip=flip)
