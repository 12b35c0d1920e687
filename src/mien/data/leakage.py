"""Leakage: the same faces in several splits, or several times in one split; counted whenever data is read."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mien.data import identity
from mien.data.faceset import FaceSet
from mien.data.source import Leak
from mien.data.splits import TOLERATED_SHARE
from mien.errors import DataError


def find(faceset: FaceSet) -> tuple[Leak, ...]:
    """Count copies, pixel for pixel, within each split and between each two; blank pictures are not counted as copies."""
    of_split = _hashes(faceset)
    totals = {name: int((faceset.splits == name).sum()) for name in of_split}
    repeats = [Leak(name, name, len(own) - len(np.unique(own)), totals[name]) for name, own in of_split.items()]
    leakage = [
        Leak(later, earlier, int(np.isin(of_split[later], of_split[earlier]).sum()), totals[later])
        for earlier, later in combinations(of_split, 2)
    ]
    return tuple(leak for leak in (*leakage, *repeats) if leak.rows)


def across(faceset: FaceSet, test: FaceSet) -> tuple[Leak, ...]:
    """Count the faces of a test set from another place that are also in a split of the data, other than its own split ``test``."""
    tested = np.concatenate([*_hashes(test.resized(faceset.size)).values()])
    leaks = [
        Leak("test", name, int(np.isin(tested, own).sum()), len(test))
        for name, own in _hashes(faceset).items()
        if name != "test"
    ]
    return tuple(leak for leak in leaks if leak.rows)


def _hashes(faceset: FaceSet) -> dict[str, NDArray[np.uint64]]:
    """The hashes of the faces of each split, without blank pictures."""
    shown = faceset.images.max((1, 2), initial=0) > faceset.images.min((1, 2), initial=255)
    hashes = identity.hashes(faceset.images)
    return {name: hashes[shown & (faceset.splits == name)] for name in faceset.split_names}


def check(faceset: FaceSet, chosen_on: str, test: FaceSet | None = None) -> None:
    """Refuse to train on splits with so much leakage that scores on them are not meaningful.

    Any copy of a training face among the rows that choose the epoch is refused. In any other split, up to ``TOLERATED_SHARE`` of
    the rows may also be training or validation rows: evaluation counts them and reports the score without them.

    Args:
        faceset: the data.
        chosen_on: the split that chooses the epoch and the temperature; empty if rows are held out of ``train``, which have no
            leakage.
        test: a test set from another place, compared with the data; None compares the splits of the data.

    Raises:
        DataError: the splits leak, and the data was not read with ``allow_leakage``.
    """
    if faceset.source.options.allow_leakage:
        return
    data = faceset.source.path
    cure = f"Write the data without copies, mien data audit '{data}' --write CLEAN.parquet, and train on that"
    if test is not None:
        cure = f"Remove them from '{test.source.path}' or from '{data}'"
    for leak in find(faceset) if test is None else across(faceset, test):
        pair = {leak.split, leak.other}
        chooses = pair == {"train", chosen_on}
        heavy = len(pair) == 2 and pair & {"train", chosen_on} and leak.rows > TOLERATED_SHARE * leak.total
        if chooses or heavy:
            why = "the epoch would be chosen on them" if chooses else "scores on them would not hold for new faces"
            raise DataError(f"{str(leak).rstrip('.')}, and {why}. {cure}; or allow it with --allow-leakage.")
