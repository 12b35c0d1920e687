"""Reading data and models, auditing data, writing predictions for a competition."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from mien.checks import OneOf, checked
from mien.data.faceset import FaceSet
from mien.data.reading import DEFAULT, ReadOptions
from mien.progress import Progress
from mien.reporting.texts import LANGUAGES
from mien.shown import SHOWN

if TYPE_CHECKING:
    from mien.auditing.audit import Audit
    from mien.inference.cards import ModelInfo
    from mien.inference.classifier import Classifier
    from mien.inference.submission import Submission


Data = str | os.PathLike[str] | FaceSet

Language = Annotated[str, OneOf(tuple(LANGUAGES))]
"""Language of a page."""


def read(data: Data, reading: ReadOptions = DEFAULT, progress: Progress = SHOWN) -> FaceSet:
    """Read labelled faces; assumptions, changes and omissions are reported to ``progress``.

    Args:
        data: a path; a ``FaceSet`` is returned as it is.
        reading: how the data is read.
        progress: receives one line for each note.

    Raises:
        DataError: the data can't be read.
    """
    if isinstance(data, FaceSet):
        return data
    from mien.inference import datasets

    faceset = datasets.read(data, reading)
    for note in faceset.source.messages:
        progress.line(f"note: {note}")
    return faceset


def load(
    model: str | os.PathLike[str] | Classifier,
    *,
    decision: str = "argmax",
    prior: str | None = None,
    device: str = "cpu",
) -> Classifier:
    """Load a model.

    Args:
        model: name of a pretrained model, path of a model file, or a loaded model, which is returned.
        decision: rule that turns probabilities into a class: ``"argmax"`` or one stored in the model file.
        prior: expected class shares, such as ``"neutral=0.5,happy=0.3"``; None for those of the training data.
        device: as for ``Classifier.load``.
    """
    from mien.inference.classifier import Classifier

    loaded = model if isinstance(model, Classifier) else Classifier.load(model, decision=decision, device=device)
    return loaded if prior is None else loaded.with_prior(prior)


@checked
def info(model: str | os.PathLike[str] | Classifier) -> ModelInfo:
    """Show what a model file says of itself: classes, input, training, hash; and the model card of a pretrained one.

    Args:
        model: name of a pretrained model, path of a model file, or a loaded model.

    Raises:
        ModelFileError: there is no such model, or the file is not a model file of mien.
    """
    from mien.inference import cards

    return cards.info(load(model))


@checked
def audit(
    data: Data,
    *,
    model: str | os.PathLike[str] | Classifier | None = None,
    reading: ReadOptions = DEFAULT,
    correlation: float = 0.98,
    mirrored: bool = False,
    progress: Progress = SHOWN,
) -> Audit:
    """Search a data set for duplicates, conflicting labels, label issues, blank images and drift.

    Args:
        data: the labelled faces.
        model: model whose probabilities are compared with the labels; None fits small models by cross-validation.
        reading: how the data is read.
        correlation: two faces are near duplicates if their correlation exceeds this.
        mirrored: whether a mirror image counts as a duplicate.
        progress: receives notes and progress.
    """
    from mien.auditing import audit as auditing

    classifier = None if model is None else load(model)
    faceset = read(data, reading, progress)
    return auditing.audit(faceset, classifier, correlation=correlation, mirrored=mirrored, progress=progress)


@checked
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
    progress: Progress = SHOWN,
) -> Submission:
    """Write predictions for a competition's test set, one row for each of its faces.

    Args:
        model: the name of a pretrained model, a model file, a run folder or a loaded model.
        test: the test set.
        out: the CSV to write.
        reading: how the test set is read.
        sample: a sample submission, which gives header, order and ids; None takes the one beside the test set.
        num_rows: the number of rows that the test set must have.
        flip: average the predictions of each face and its mirror image.
        decision: rule for the predicted class: argmax, or a rule of ``mien decide``.
        progress: receives notes and progress.
    """
    from mien.inference import submission

    classifier = load(model, decision=decision)
    return submission.write(classifier, read(test, reading, progress), out, sample=sample, num_rows=num_rows, flip=flip)
