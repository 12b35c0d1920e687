"""Leakage: the same faces in several of the splits that data has, or several times in one; counted whenever data is read."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from mien.data import identity
from mien.data.faceset import FaceSet
from mien.data.source import Leak
from mien.data.splits import TOLERATED_SHARE
from mien.errors import DataError


def find(faceset: FaceSet) -> tuple[Leak, ...]:
    """Count copies, pixel for pixel, within each split and between each two; blank pictures are no copies of each other."""
    shown = faceset.images.max((1, 2), initial=0) > faceset.images.min((1, 2), initial=255)
    hashes = identity.hashes(faceset.images)
    of_split = {name: hashes[shown & (faceset.splits == name)] for name in faceset.split_names}
    totals = {name: int((faceset.splits == name).sum()) for name in of_split}
    repeats = [Leak(name, name, len(own) - len(np.unique(own)), totals[name]) for name, own in of_split.items()]
    leakage = [
        Leak(later, earlier, int(np.isin(of_split[later], of_split[earlier]).sum()), totals[later])
        for earlier, later in combinations(of_split, 2)
    ]
    return tuple(leak for leak in (*leakage, *repeats) if leak.rows)


def check(faceset: FaceSet, chosen_on: str) -> None:
    """Refuse to train on splits that leak so much that what is chosen or judged on them is worth nothing.

    Any copy of a training face among the rows that choose the epoch is refused. Of any other split, up to ``TOLERATED_SHARE`` of
    the rows may also stand among the training rows or those that choose: judging counts them and gives the score without them.

    Args:
        faceset: the data.
        chosen_on: the split that chooses the epoch and the temperature; empty where rows are held out of ``train``, which never
            leak.

    Raises:
        DataError: the splits leak, and the data was not read with ``allow_leakage``.
    """
    if faceset.source.options.allow_leakage:
        return
    for leak in find(faceset):
        pair = {leak.split, leak.other}
        chooses = pair == {"train", chosen_on}
        heavy = len(pair) == 2 and pair & {"train", chosen_on} and leak.rows > TOLERATED_SHARE * leak.total
        if chooses or heavy:
            why = "they would choose the epoch" if chooses else "scores on them would say little of new faces"
            raise DataError(
                f"{str(leak).rstrip('.')}, and {why}. Write the data without copies, mien data audit '{faceset.source.path}' --write "
                "CLEAN.parquet, and train on that; or train all the same with --allow-leakage."
            )
