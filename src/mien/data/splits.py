"""Hold out a part of a FaceSet for validation: stratified, without the same picture or person on both sides."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from mien.checks import Between, checked
from mien.data import identity
from mien.data.faceset import UNLABELLED, FaceSet
from mien.data.identity import Links
from mien.errors import DataError
from mien.words import counted

TOLERATED_SHARE = 0.1
"""Share of copies of training faces above which scores on a split would not hold for new faces (FER2013's PublicTest has 0.08)."""

MAX_SEED = 2**63 - 1

MAX_SHARE = 0.9
"""Maximum share of held-out rows."""


@checked
def hold_out(
    faceset: FaceSet, share: float = 0.12, seed: Annotated[int, Between(0, MAX_SEED)] = 0
) -> tuple[FaceSet, FaceSet]:
    """Hold out a random share of the rows.

    Exact copies of a picture stay on one side. The share holds for each class; if there are subjects, complete subjects are
    held out instead, in random order, as close to the share as possible. The same seed gives the same rows.

    Args:
        faceset: the rows to divide, all of them labelled.
        share: share to hold out, between 0 and ``MAX_SHARE``.
        seed: seed of the random order.

    Returns:
        The remaining rows, and the held-out ones, whose split is ``"valid"``; both in the original order.

    Raises:
        DataError: the share is out of range, a row is unlabelled, or there are fewer than two subjects or pictures.
    """
    if not 0 < share < MAX_SHARE:
        raise DataError(f"A share of {share} can't be held out: choose one between 0 and {MAX_SHARE}.")
    unlabelled = int((faceset.labels == UNLABELLED).sum())
    if unlabelled:
        raise DataError(
            f"{counted(unlabelled, 'row has', 'rows have')} no label: hold out from labelled rows, such as one split of the data."
        )
    groups = groups_of(faceset)
    num_groups = int(groups.max(initial=-1)) + 1
    if num_groups < 2:
        what = "subject" if faceset.subjects is not None else "different picture"
        raise DataError(
            f"The data has {num_groups} {what}{'' if num_groups == 1 else 's'}: at least 2 are needed to hold some out."
        )
    held = _chosen(faceset, groups, share, np.random.default_rng(seed))
    valid = faceset.select(held)
    return faceset.select(~held), replace(valid, splits=np.full(len(valid), "valid"))


@checked
def divide(
    faceset: FaceSet, share: float = 0.12, valid_split: str = "", seed: Annotated[int, Between(0, MAX_SEED)] = 0
) -> tuple[FaceSet, FaceSet]:
    """Divide a data set into training rows and validation rows.

    The validation rows are the split ``valid_split`` if one is named, else the data's own split ``valid`` if there is one, else
    rows held out of split ``train``.

    Raises:
        DataError: a split is missing or is the training split itself, or the training rows have fewer than two classes.
    """
    labelled = faceset.select(faceset.labels != UNLABELLED)
    if not len(labelled):
        raise DataError("No row of the data has a label: training needs labelled rows.")
    train = labelled.split("train")
    if np.count_nonzero(train.counts()) < 2:
        raise DataError("The training rows have fewer than two classes: training needs at least two.")
    if valid_split == "train":
        raise DataError(
            "valid_split=train would validate on the training rows: name another split, or leave it out to hold rows out."
        )
    split = validation_split(labelled, valid_split)
    return (train, labelled.split(split)) if split else hold_out(train, share, seed)


def validation_split(faceset: FaceSet, valid_split: str = "") -> str:
    """The split to validate on: the named one, else ``valid`` if it has a label; empty to hold rows out."""
    has_labels = "valid" in faceset.splits[faceset.labels != UNLABELLED]
    return valid_split or ("valid" if has_labels else "")


def moved(train: FaceSet, valid: FaceSet, learned: NDArray[np.bool_]) -> tuple[FaceSet, FaceSet]:
    """Move some of the held-out rows, given by a mask ``(M,)``, to the training rows."""
    joined = replace(
        train,
        images=np.concatenate([train.images, valid.images[learned]]),
        labels=np.concatenate([train.labels, valid.labels[learned]]),
        names=np.concatenate([train.names, valid.names[learned]]),
        splits=np.concatenate([train.splits, valid.splits[learned]]),
        votes=_both(train.votes, valid.votes, learned),
        subjects=_both(train.subjects, valid.subjects, learned),
        groups={
            name: np.concatenate([values, valid.groups[name][learned]])
            for name, values in train.groups.items()
            if name in valid.groups
        },
    )
    return joined, valid.select(~learned)


def _both(first: NDArray[Any] | None, second: NDArray[Any] | None, rows: NDArray[np.bool_]) -> NDArray[Any] | None:
    return None if first is None or second is None else np.concatenate([first, second[rows]])


@checked
def sample(
    faceset: FaceSet, num: Annotated[int, Between(1, MAX_SEED)], seed: Annotated[int, Between(0, MAX_SEED)] = 0
) -> FaceSet:
    """Draw about so many labelled rows, the same share of each class in each split; rows without a label stay.

    Args:
        faceset: the rows.
        num: labelled rows to draw; a class that is there has at least one in each of its splits.
        seed: seed of the choice.
    """
    labelled = faceset.labels != UNLABELLED
    share = min(1.0, num / max(1, int(np.count_nonzero(labelled))))
    random, kept = np.random.default_rng(seed), ~labelled
    strata = np.unique(faceset.splits, return_inverse=True)[1] * len(faceset.classes) + faceset.labels
    for stratum in np.unique(strata[labelled]):
        members = random.permutation(np.flatnonzero(labelled & (strata == stratum)))
        kept[members[: max(1, round(share * len(members)))]] = True
    return faceset.select(kept)


def halves(faceset: FaceSet) -> NDArray[np.bool_]:
    """``(N,)`` which rows are in the first of two halves: stratified, copies and persons on one side; deterministic."""
    groups = groups_of(faceset)
    if groups.max(initial=-1) < 1:
        return np.zeros(len(faceset), np.bool_)
    return _chosen(faceset, groups, 0.5, np.random.default_rng(0))


def _chosen(
    faceset: FaceSet, groups: NDArray[np.int64], share: float, random: np.random.Generator
) -> NDArray[np.bool_]:
    """``(N,)`` which rows are held out: in each stratum, groups in random order while they bring the share closer to the target."""
    sizes = np.bincount(groups)
    first_rows = np.unique(groups, return_index=True)[1]
    # A person shows many expressions, so subjects can't be stratified; a picture counts for the class of its first copy.
    strata = np.zeros(len(sizes), np.int64) if faceset.subjects is not None else faceset.labels[first_rows]
    taken = np.zeros(len(sizes), np.bool_)
    for stratum in np.unique(strata):
        members = random.permutation(np.flatnonzero(strata == stratum))
        missing = share * sizes[members].sum()
        for group in members:
            if sizes[group] / 2 <= missing:
                taken[group] = True
                missing -= sizes[group]
    if not taken.any():  # every group is more than twice the share; the smallest is closest
        taken[random.permutation(np.flatnonzero(sizes == sizes.min()))[0]] = True
    if taken.all():
        taken[random.permutation(np.flatnonzero(sizes == sizes.min()))[0]] = False
    return taken[groups]


def groups_of(faceset: FaceSet) -> NDArray[np.int64]:
    """``(N,)`` numbers, equal for rows that have to stay together: copies of one picture, and pictures of one person."""
    pictures: list[int | str] = identity.numbers(faceset.images).tolist()
    people = [""] * len(pictures) if faceset.subjects is None else faceset.subjects.tolist()
    keys = [key for pair in zip(pictures, people, strict=True) for key in pair if key != ""]
    number = {key: index for index, key in enumerate(dict.fromkeys(keys))}
    links = Links(len(number))
    for picture, person in zip(pictures, people, strict=True):
        # A picture with two subjects joins their groups.
        links.join(number[person] if person else number[picture], to=number[picture])
    rows = [links.root(number[picture]) for picture in pictures]
    return np.unique(rows, return_inverse=True)[1].astype(np.int64)
