"""The audit of a data set, computed once: copies, conflicting and suspect labels, blank faces and none, shares and drift."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

import mien
from mien import images
from mien.auditing import drift, label_issues
from mien.auditing.drift import SplitDrift
from mien.auditing.label_issues import LabelIssues
from mien.checks import checked
from mien.data import duplicates
from mien.data.duplicates import Copies
from mien.data.faceset import SPLITS, UNLABELLED, FaceSet
from mien.data.info import describe
from mien.errors import DataError
from mien.inference.classifier import Classifier
from mien.inference.detector import MIN_SCORE, Detector
from mien.progress import SILENT, Progress

FACE_SIDE, BORDER = 128, 32
"""How large a crop is shown to the detector, and the border of its mean gray around it, in pixels: tight crops have no rim."""

LEAST_SCORE = 0.1
"""Below this the detector's score counts as 0; it only ranks."""

T = TypeVar("T")
NUM_FIRST = 100
"""How many of the first label issues the votes are also counted for."""


@dataclass(frozen=True, eq=False)
class Group:
    """Rows that are copies of one another.

    Attributes:
        rows: ``(R,)`` in the order of the data.
        exact: whether they are the same pixel for pixel.
        across: whether they stand in more than one split.
        labels: how many labels they carry; blank rows carry none that could be right.
    """

    rows: NDArray[np.int64]
    exact: bool
    across: bool
    labels: int


@dataclass(frozen=True)
class Crossing:
    """How many rows of one split have a copy in another.

    Attributes:
        split, other: the two splits.
        rows: how many rows ``split`` has.
        exact: rows with a copy in ``other``, pixel for pixel; blank ones count.
        near: rows that correlate with a row of ``other``; exact copies that aren't blank count too.
        conflicting: of the near ones, those whose nearest copy carries another label.
    """

    split: str
    other: str
    rows: int
    exact: int
    near: int
    conflicting: int


@dataclass(frozen=True, eq=False)
class Audit:
    """What was found.

    Attributes:
        faces: the data.
        correlation: what near copies exceed.
        mirrored: whether a mirror image is a copy too.
        copies: which rows are copies of which.
        contrast: ``(N,)`` the deviation of each face's grays.
        scores: ``(N,)`` how sure the detector is that there is a face, 0 to 1.
        label_issues: labels that are unlikely.
        drift: each split beside the first.
        seconds: how long each part took.
    """

    faces: FaceSet
    correlation: float
    mirrored: bool
    copies: Copies
    contrast: NDArray[np.float64]
    scores: NDArray[np.float64]
    label_issues: LabelIssues
    drift: Sequence[SplitDrift]
    seconds: dict[str, float]

    @cached_property
    def groups(self) -> list[Group]:
        """Groups of at least two rows: those with conflicting labels first, then those across splits, then the largest."""
        order = np.argsort(self.copies.groups, kind="stable")
        edges = np.flatnonzero(np.diff(self.copies.groups[order])) + 1
        groups = [self._group(rows) for rows in np.split(order, edges) if len(rows) > 1]
        return sorted(groups, key=lambda group: (group.labels < 2, not group.across, -len(group.rows), group.rows[0]))

    @cached_property
    def blank(self) -> NDArray[np.int64]:
        """Rows that show nothing, the one with the least contrast first."""
        order = np.argsort(self.contrast, kind="stable")
        return np.asarray(order[self.contrast[order] < duplicates.MIN_CONTRAST], np.int64)

    @cached_property
    def faceless(self) -> NDArray[np.int64]:
        """Rows that aren't blank but in which no face is found, the least face-like first, of equal ones that of least contrast."""
        order = np.lexsort((self.contrast, self.scores))
        kept = (self.scores < MIN_SCORE) & (self.contrast >= duplicates.MIN_CONTRAST)
        return np.asarray(order[kept[order]], np.int64)

    @cached_property
    def leakage(self) -> list[Crossing]:
        """Each split beside each one before it, where copies are shared."""
        names = self.faces.split_names
        pairs = [(name, other) for index, name in enumerate(names) for other in names[:index]]
        return [found for name, other in pairs if (found := self._crossing(name, other)).exact or found.near]

    @cached_property
    def voted_otherwise(self) -> dict[str, float] | None:
        """Of judged rows with votes, which share got most votes for another class than their label: of all these rows, of the
        suspects, and of the first ``NUM_FIRST`` suspects. None where nobody voted on a suspect.
        """
        votes = self.faces.votes
        if votes is None:
            return None
        is_voted, otherwise = votes.sum(1) > 0, votes.argmax(1) != self.faces.labels
        found = self.label_issues.rows[is_voted[self.label_issues.rows]]
        if not len(found):
            return None
        parts = {
            "judged": self.label_issues.judged[is_voted[self.label_issues.judged]],
            "label_issues": found,
            "first": found[:NUM_FIRST],
        }
        return {name: float(otherwise[rows].mean()) for name, rows in parts.items()}

    def drops(self, what: Sequence[str]) -> dict[int, str]:
        """Which rows to leave out, and why: row to reason, see ``DROPS``; a row has the first reason that applies.

        Args:
            what: names out of ``DROPS``.
        """
        parts = dict(
            zip(
                DROPS,
                (self._drop_blank, self._drop_conflicts, self._drop_duplicates, self._drop_label_issues),
                strict=True,
            )
        )
        reasons: dict[int, str] = {}
        for name, found in parts.items():
            if name in what:
                for row, reason in found():
                    reasons.setdefault(int(row), reason)
        return dict(sorted(reasons.items()))

    def _drop_blank(self) -> Iterator[tuple[int, str]]:
        yield from ((row, "blank") for row in self.blank.tolist())

    def _drop_conflicts(self) -> Iterator[tuple[int, str]]:
        yield from (
            (row, "a copy carries another label")
            for group in self.groups
            if group.labels > 1
            for row in group.rows.tolist()
        )

    def _drop_duplicates(self) -> Iterator[tuple[int, str]]:
        for group in self.groups:
            ranks = [_rank(name) for name in self.faces.splits[group.rows].tolist()]
            seen: set[str] = set()
            for row, rank in zip(group.rows.tolist(), ranks, strict=True):
                split = str(self.faces.splits[row])
                if rank < max(ranks):
                    yield row, "copy of a row that judges"
                elif split in seen:
                    yield row, "further copy in its split"
                seen.add(split)

    def _drop_label_issues(self) -> Iterator[tuple[int, str]]:
        yield from ((row, "suspect label") for row in self.label_issues.rows.tolist())

    def _group(self, rows: NDArray[np.int64]) -> Group:
        labels = self.faces.labels[rows[self.contrast[rows] >= duplicates.MIN_CONTRAST]]
        return Group(
            rows,
            len(np.unique(self.copies.pictures[rows])) == 1,
            len(np.unique(self.faces.splits[rows])) > 1,
            len(np.unique(labels[labels != UNLABELLED])),
        )

    def _crossing(self, name: str, other: str) -> Crossing:
        rows, others = (np.flatnonzero(self.faces.splits == split) for split in (name, other))
        nearest, _ = self.copies.nearest(rows, others)
        near = (nearest >= 0) & (self.contrast[rows] >= duplicates.MIN_CONTRAST)
        labels = self.faces.labels
        known = near & (labels[rows] != UNLABELLED) & (labels[nearest] != UNLABELLED)
        return Crossing(
            name,
            other,
            len(rows),
            int(np.isin(self.copies.pictures[rows], self.copies.pictures[others]).sum()),
            int(near.sum()),
            int((labels[rows] != labels[nearest])[known].sum()),
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything with the names of the rows, fit for JSON."""
        names = self.faces.names.tolist()
        return {
            "mien": mien.__version__,
            "data": describe(self.faces),
            "correlation": self.correlation,
            "mirrored": self.mirrored,
            "leakage": [vars(crossing) for crossing in self.leakage],
            "counts": self.counts(),
            "groups": [
                {
                    "rows": [self._row(row) for row in group.rows.tolist()],
                    "exact": group.exact,
                    "across": group.across,
                    "labels": group.labels,
                }
                for group in self.groups
            ],
            "blank": [names[row] for row in self.blank.tolist()],
            "no_face_found": [
                {"name": names[row], "score": round(float(self.scores[row]), 4)} for row in self.faceless.tolist()
            ],
            "label_issues": {
                "judge": self.label_issues.judge or f"{label_issues.NUM_FOLDS} folds of a small classifier",
                "judged": len(self.label_issues.judged),
                "learned": self.label_issues.num_learned,
                "knows_training": self.label_issues.knows_training,
                "voted_otherwise": self.voted_otherwise,
                "rows": [self._label_issue(row) for row in self.label_issues.rows.tolist()],
            },
            "drift": [split.to_dict() for split in self.drift],
            "seconds": {part: round(value, 2) for part, value in self.seconds.items()},
        }

    def counts(self) -> dict[str, int]:
        """How many rows and groups each finding has."""
        exact = Counter(self.copies.pictures.tolist())
        return {
            "rows": len(self.faces),
            "pictures": len(exact),
            "exact_copies": len(self.faces) - len(exact),
            "groups": len(self.groups),
            "rows_in_groups": sum(len(group.rows) for group in self.groups),
            "groups_across_splits": sum(group.across for group in self.groups),
            "conflicting_groups": sum(group.labels > 1 for group in self.groups),
            "conflicting_rows": sum(len(group.rows) for group in self.groups if group.labels > 1),
            "blank": len(self.blank),
            "no_face_found": len(self.faceless),
            "label_issues": len(self.label_issues.rows),
            "judged": len(self.label_issues.judged),
        }

    def is_blank(self, group: Group) -> bool:
        """Whether the rows of a group are blank; then all are, as blank faces have exact copies only."""
        return bool(self.contrast[group.rows[0]] < duplicates.MIN_CONTRAST)

    def label(self, row: int) -> str:
        """The class of a row; empty where it isn't known."""
        code = int(self.faces.labels[row])
        return "" if code == UNLABELLED else self.faces.classes[code]

    def _row(self, row: int) -> dict[str, str]:
        return {"name": str(self.faces.names[row]), "split": str(self.faces.splits[row]), "label": self.label(row)}

    def _label_issue(self, row: int) -> dict[str, Any]:
        shares = self.label_issues.of(row)
        return {
            **self._row(row),
            "reading": self.faces.classes[int(shares.argmax())],
            "confidence": round(float(shares.max()), 4),
            "label_probability": round(float(shares[self.faces.labels[row]]), 4),
        }


DROPS = ("blank", "conflicts", "duplicates", "label-issues")
"""What can be left out: blank rows; all rows of a group whose labels conflict; of other groups, rows with a copy in a split that
judges (``valid`` judges ``train``, any test split judges both) and further copies within a split; rows with a suspect label."""


@checked
def audit(
    faceset: FaceSet,
    classifier: Classifier | None = None,
    *,
    correlation: float = duplicates.MIN_CORRELATION,
    mirrored: bool = False,
    progress: Progress = SILENT,
) -> Audit:
    """Audit a data set.

    Args:
        faceset: the data.
        classifier: the model that judges the labels; None fits a small one in folds.
        correlation: what near copies exceed.
        mirrored: whether a mirror image is a copy too.
        progress: is told of the work.

    Raises:
        DataError: there is no row, there are too many near copies, or rows have a class that the model doesn't know.
        MissingExtraError: scikit-learn or cleanlab isn't installed.
    """
    if not len(faceset):
        raise DataError("The data has no rows: there is nothing to audit.")
    seconds: dict[str, float] = {}

    def timed(part: str, work: Callable[[], T]) -> T:
        started = time.perf_counter()
        result = work()
        seconds[part] = time.perf_counter() - started
        progress.line(f"{part}: {seconds[part]:.1f} s")
        return result

    copies = timed("copies", lambda: duplicates.find(faceset.images, correlation, mirrored=mirrored))
    contrast = duplicates.contrast(faceset.images)
    scores = timed("faces", lambda: face_scores(faceset.images))
    usable = contrast >= duplicates.MIN_CONTRAST
    found = timed("labels", lambda: label_issues.find(faceset, copies, usable, classifier))
    drifts = timed("drift", lambda: drift.of_splits(faceset, contrast))
    return Audit(faceset, correlation, mirrored, copies, contrast, scores, found, drifts, seconds)


def face_scores(faces: NDArray[np.uint8]) -> NDArray[np.float64]:
    """``(N,)`` the score of the best face that the detector finds in each of ``(N, H, W)`` crops; 0 where there is none."""
    detector = Detector()

    def score(face: NDArray[np.uint8]) -> float:
        large = images.resize_faces(face[None], (FACE_SIDE, FACE_SIDE))[0]
        padded = np.pad(large, BORDER, constant_values=int(face.mean()))
        found = detector.detect(np.repeat(padded[:, :, None], 3, 2), min_score=LEAST_SCORE)
        return float(found.scores.max(initial=0))

    with ThreadPoolExecutor() as pool:
        return np.array(list(pool.map(score, faces)), np.float64)


def _rank(split: str) -> int:
    """How far from training a split stands: training rows, those that training chooses by, and those that judge."""
    return min(SPLITS.index(split), 2)
