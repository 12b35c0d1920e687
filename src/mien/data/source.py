"""Where a FaceSet came from: how its source was understood, what was left out, changed or found to repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from mien.data.reading import DEFAULT, ReadOptions
from mien.words import agreed, counted, percent


@dataclass(frozen=True)
class DroppedRow:
    """A row of the source that was left out, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class ClassChange:
    """What the user asked to be done to a class.

    Attributes:
        name: the class as the data calls it.
        target: its new name; None where its rows were left out.
        rows: how many labelled rows it had.
    """

    name: str
    target: str | None
    rows: int

    def __str__(self) -> str:
        what = "left out" if self.target is None else f"renamed to '{self.target}'"
        return f"'{self.name}' ({counted(self.rows, 'row')}) was {what}"


@dataclass(frozen=True)
class ChosenCoding:
    """How the numbers were understood that a source has for labels, and on what evidence.

    Attributes:
        name: the coding, as ``--coding`` calls it; ``"own"`` where the user named each code.
        by: what told it: the user's ``"option"``, the ``"layout"``, the ``"columns"`` (not yet compared with the faces), mien's
            own ``"file"``, or a ``"model"`` that was asked.
        classes: the class of each code.
        model: the model that was asked; empty where none was.
        num_faces: how many faces it was asked about.
        agreement: the share of them on which it agrees with each coding that fits, best first.
    """

    name: str
    by: str
    classes: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    num_faces: int = 0
    agreement: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        legend = ", ".join(f"{code} {name}" for code, name in self.classes.items())
        return f"The labels are numbers, read by the coding {self.name} ({legend}), {self.evidence}."

    @property
    def evidence(self) -> str:
        """Why this coding was taken, in words."""
        reasons = {
            "option": "as stated",
            "layout": "which is that of the layout",
            "columns": "as its columns say",
            "file": "as the file names them",
        }
        reason = reasons.get(self.by, "since the model and it agree best")
        if not self.model:
            return reason
        best = ", ".join(f"{name} {percent(share, 0)}" for name, share in list(self.agreement.items())[:2])
        return f"{reason}: of {counted(self.num_faces, 'face')}, '{self.model}' agrees with {best}"

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {**asdict(self), "classes": dict(self.classes), "agreement": dict(self.agreement)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ChosenCoding:
        """What ``to_dict`` gave.

        Raises:
            TypeError, ValueError: the values are no coding.
        """
        return cls(**{**values, "classes": dict(values["classes"]), "agreement": dict(values.get("agreement", {}))})


@dataclass(frozen=True)
class Leak:
    """Faces of one split that also stand in another, or several times in one; pixel for pixel.

    Attributes:
        split: the split.
        other: the split that has the same faces; the split itself for rows that repeat another of its rows.
        rows: how many rows of ``split``.
        total: of how many.
    """

    split: str
    other: str
    rows: int
    total: int

    def __str__(self) -> str:
        some = f"{self.rows:,} of {counted(self.total, 'face')} of the split '{self.split}'"
        if self.split != self.other:
            return f"{some} also {agreed(self.rows, 'stands', 'stand')} in the split '{self.other}', pixel for pixel."
        twice = " The data seems to be there twice." if 2 * self.rows >= self.total else ""
        return f"{some} {agreed(self.rows, 'repeats', 'repeat')} another face of it, pixel for pixel.{twice}"


@dataclass(frozen=True)
class ReadingRecord:
    """How data was read, as runs, judgements and reports keep it.

    Attributes:
        layout, options, coding, notes, changes, leaks: as in ``Source``.
        num_dropped: how many rows were left out.
    """

    layout: str = "memory"
    options: ReadOptions = DEFAULT
    coding: ChosenCoding | None = None
    notes: tuple[str, ...] = ()
    num_dropped: int = 0
    changes: tuple[ClassChange, ...] = ()
    leaks: tuple[Leak, ...] = ()


@dataclass(frozen=True)
class Source:
    """Where a FaceSet came from and how it was understood; not part of its content hash.

    Attributes:
        layout: the name of the layout that was recognised, such as ``"fer2013-csv"``.
        path: the path that was read, as given.
        class_map: how the source's class names or codes were mapped, source to mien.
        dropped: the rows that were left out, each with its reason.
        notes: other things worth knowing, one sentence each.
        options: how it was asked to be read.
        changes: what these options did to the classes.
        coding: how its numbers for labels were understood; None where it has names.
        leaks: faces that stand in several splits, or several times in one.
    """

    layout: str = "memory"
    path: str = ""
    class_map: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[DroppedRow, ...] = ()
    notes: tuple[str, ...] = ()
    options: ReadOptions = DEFAULT
    changes: tuple[ClassChange, ...] = ()
    coding: ChosenCoding | None = None
    leaks: tuple[Leak, ...] = ()

    @property
    def told(self) -> list[str]:
        """What every verb tells of the reading: the notes, and how many rows were left out for which reasons."""
        reasons = Counter(row.reason for row in self.dropped).most_common()
        shown = ", ".join(f"{count:,} x {reason}" for reason, count in reasons[:3]) + (
            ", ..." if len(reasons) > 3 else ""
        )
        left_out = f"{counted(len(self.dropped), 'row was', 'rows were')} left out: {shown}."
        return [*self.notes, *([left_out] if reasons else [])]

    def reading(self) -> ReadingRecord:
        """How the data was read, for the record of what was done with it."""
        return ReadingRecord(
            self.layout, self.options, self.coding, self.notes, len(self.dropped), self.changes, self.leaks
        )


IN_MEMORY = Source()
"""The source of a FaceSet that was made in Python."""
