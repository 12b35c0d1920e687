"""The audit of a data set: duplicates, conflicting labels, label issues, blank images, images without a face, and drift."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

import mien
from mien import images
from mien.auditing import drift, label_issues
from mien.auditing.drift import SplitDrift
from mien.auditing.findings import Counts, Group, Leakage, OutvotedShares
from mien.auditing.label_issues import LabelIssues
from mien.checks import checked
from mien.data import duplicates
from mien.data.duplicates import Copies
from mien.data.faceset import SPLITS, UNLABELLED, FaceSet
from mien.data.info import describe
from mien.display import Paged
from mien.errors import DataError
from mien.inference.classifier import Classifier
from mien.inference.detector import MIN_SCORE, Detector
from mien.progress import SILENT, Progress
from mien.threads import in_threads
from mien.typed_json import JsonObject

if TYPE_CHECKING:
    from mien.display import Axes

FACE_SIDE, BORDER = 128, 32
"""Size of the crop for the detector, and width of the border of mean gray around it, in pixels; tight crops need the border."""

LEAST_SCORE = 0.1
"""Minimum detection score; lower scores count as 0. It affects only the ranking."""

T = TypeVar("T")
NUM_FIRST = 100
"""Number of the most likely label issues for which the votes are counted separately."""


@dataclass(frozen=True, eq=False)
class Audit(Paged, kind="audit"):
    """The findings of an audit; ``to_frame`` has a row for each row of the data that a finding names.

    Attributes:
        faces: the data.
        correlation: threshold of the correlation of near duplicates.
        mirrored: whether mirror images count as duplicates.
        copies: the duplicates.
        contrast: ``(N,)`` standard deviation of each face's gray levels.
        scores: ``(N,)`` face-detection scores, 0 to 1.
        label_issues: labels that are probably wrong.
        drift: comparison of each split with the first.
        seconds: duration of each part.
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
        """Blank rows, lowest contrast first."""
        order = np.argsort(self.contrast, kind="stable")
        return np.asarray(order[self.contrast[order] < duplicates.MIN_CONTRAST], np.int64)

    @cached_property
    def faceless(self) -> NDArray[np.int64]:
        """Rows without a detected face that aren't blank, by detection score, then by contrast, lowest first."""
        order = np.lexsort((self.contrast, self.scores))
        kept = (self.scores < MIN_SCORE) & (self.contrast >= duplicates.MIN_CONTRAST)
        return np.asarray(order[kept[order]], np.int64)

    @cached_property
    def leakage(self) -> list[Leakage]:
        """Pairs of splits that share duplicates, each split with each earlier one."""
        names = self.faces.split_names
        pairs = [(name, other) for index, name in enumerate(names) for other in names[:index]]
        return [found for name, other in pairs if (found := self._leakage(name, other)).exact or found.near]

    @cached_property
    def voted_otherwise(self) -> OutvotedShares | None:
        """Shares of rows whose most frequent vote is not the label; None if no label issue has votes."""
        votes = self.faces.votes
        if votes is None:
            return None
        is_voted, otherwise = votes.sum(1) > 0, votes.argmax(1) != self.faces.labels
        found = self.label_issues.rows[is_voted[self.label_issues.rows]]
        if not len(found):
            return None
        judged = self.label_issues.judged[is_voted[self.label_issues.judged]]
        return OutvotedShares(*(float(otherwise[rows].mean()) for rows in (judged, found, found[:NUM_FIRST])))

    def drops(self, what: Sequence[str]) -> dict[int, str]:
        """The rows to drop, with the reason: row index to text; the first reason that applies counts.

        Args:
            what: names from ``DROPS``.
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

    def _leakage(self, name: str, other: str) -> Leakage:
        rows, others = (np.flatnonzero(self.faces.splits == split) for split in (name, other))
        nearest, _ = self.copies.nearest(rows, others)
        near = (nearest >= 0) & (self.contrast[rows] >= duplicates.MIN_CONTRAST)
        labels = self.faces.labels
        known = near & (labels[rows] != UNLABELLED) & (labels[nearest] != UNLABELLED)
        return Leakage(
            name,
            other,
            len(rows),
            int(np.isin(self.copies.pictures[rows], self.copies.pictures[others]).sum()),
            int(near.sum()),
            int((labels[rows] != labels[nearest])[known].sum()),
        )

    def to_dict(self) -> JsonObject:
        """All findings with the names of the rows, as a dictionary for JSON."""
        names = self.faces.names.tolist()
        return {
            "mien": mien.__version__,
            "data": describe(self.faces),
            "correlation": self.correlation,
            "mirrored": self.mirrored,
            "leakage": [asdict(found) for found in self.leakage],
            "counts": asdict(self.counts),
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
                "judge": self.label_issues.judge_name,
                "judged": len(self.label_issues.judged),
                "learned": self.label_issues.num_learned,
                "knows_training": self.label_issues.knows_training,
                "voted_otherwise": self.voted_otherwise and asdict(self.voted_otherwise),
                "rows": [self._label_issue(row) for row in self.label_issues.rows.tolist()],
            },
            "drift": [split.to_dict() for split in self.drift],
            "seconds": {part: round(value, 2) for part, value in self.seconds.items()},
        }

    def plot_findings(self, ax: Axes | None = None) -> Axes:
        """Draw the number of rows of each finding on ``ax``, or on a new figure."""
        return self._plot("findings", ax)

    @cached_property
    def counts(self) -> Counts:
        """How many rows and groups each finding has."""
        num_pictures = len(np.unique(self.copies.pictures))
        conflicting = [group for group in self.groups if group.labels > 1]
        return Counts(
            rows=len(self.faces),
            pictures=num_pictures,
            exact_copies=len(self.faces) - num_pictures,
            groups=len(self.groups),
            rows_in_groups=sum(len(group.rows) for group in self.groups),
            groups_across_splits=sum(group.across for group in self.groups),
            conflicting_groups=len(conflicting),
            conflicting_rows=sum(len(group.rows) for group in conflicting),
            blank=len(self.blank),
            no_face_found=len(self.faceless),
            label_issues=len(self.label_issues.rows),
            judged=len(self.label_issues.judged),
        )

    def is_blank(self, group: Group) -> bool:
        """Whether the rows of a group are blank; either all or none are, because blank faces have exact duplicates only."""
        return bool(self.contrast[group.rows[0]] < duplicates.MIN_CONTRAST)

    def label(self, row: int) -> str:
        """The label of a row; empty if it has none."""
        code = int(self.faces.labels[row])
        return "" if code == UNLABELLED else self.faces.classes[code]

    def _row(self, row: int) -> dict[str, str]:
        return {"name": str(self.faces.names[row]), "split": str(self.faces.splits[row]), "label": self.label(row)}

    def _label_issue(self, row: int) -> dict[str, str | float]:
        shares = self.label_issues.of(row)
        return {
            **self._row(row),
            "reading": self.faces.classes[int(shares.argmax())],
            "confidence": round(float(shares.max()), 4),
            "label_probability": round(float(shares[self.faces.labels[row]]), 4),
        }


DROPS = ("blank", "conflicts", "duplicates", "label-issues")
"""What can be dropped: blank rows; all rows of groups with conflicting labels; of other groups, rows with a duplicate in a later
split (``train``, ``valid``, test splits) and all but one of the duplicates within a split; rows with a label issue."""


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
        classifier: model whose probabilities are compared with the labels; None fits small models by cross-validation.
        correlation: two faces are near duplicates if their correlation exceeds this.
        mirrored: whether mirror images count as duplicates.
        progress: receives the duration of each part.

    Raises:
        DataError: there is no row, there are too many near duplicates, or rows have a class that the model doesn't have.
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
    first = np.unique(copies.pictures, return_index=True)[1]  # exact copies have the same score
    scores = timed("faces", lambda: face_scores(faceset.images[first])[copies.pictures])
    usable = contrast >= duplicates.MIN_CONTRAST
    found = timed("labels", lambda: label_issues.find(faceset, copies, usable, classifier))
    drifts = timed("drift", lambda: drift.of_splits(faceset, contrast))
    return Audit(faceset, correlation, mirrored, copies, contrast, scores, found, drifts, seconds)


def face_scores(faces: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The highest face-detection score ``(N,)`` in each of ``(N, H, W)`` crops; 0 without a detection."""
    detector = Detector()

    def score(face: NDArray[np.uint8]) -> float:
        large = images.resize_faces(face[None], (FACE_SIDE, FACE_SIDE))[0]
        highest = detector.highest_score(np.pad(large, BORDER, constant_values=int(face.mean())))
        return highest if highest >= LEAST_SCORE else 0.0

    return np.array(in_threads(score, list(faces)), np.float64)


def _rank(split: str) -> int:
    """Rank of a split: 0 for training, 1 for validation, 2 for test."""
    return min(SPLITS.index(split), 2)
