"""Provenance of a FaceSet: how the source was interpreted, and what was dropped, changed or duplicated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from mien.data.reading import DEFAULT, ReadOptions
from mien.typed_json import JsonObject
from mien.words import agreed, counted, percent


@dataclass(frozen=True)
class DroppedRow:
    """A row of the source that was left out, with the reason; ``is_requested`` if the user left out its class."""

    name: str
    reason: str
    is_requested: bool = False


@dataclass(frozen=True)
class ClassChange:
    """A requested change of a class.

    Attributes:
        name: the class name in the data.
        target: its new name; None if its rows were left out.
        rows: number of labelled rows.
    """

    name: str
    target: str | None
    rows: int

    def __str__(self) -> str:
        what = "left out" if self.target is None else f"renamed to '{self.target}'"
        return f"'{self.name}' ({counted(self.rows, 'row')}) was {what}"


@dataclass(frozen=True)
class ChosenCoding:
    """The coding of numeric labels, and the evidence for it.

    Attributes:
        name: name of the coding, as for ``--coding``; ``"own"`` if the user named each code.
        by: source of the coding: the user's ``"option"``, the ``"layout"``, the ``"columns"`` (not yet compared with the
            faces), mien's own ``"file"``, or a ``"model"``.
        classes: the class of each code.
        model: name of the model; empty if none was used.
        num_faces: number of faces that the model predicted.
        agreement: the share of them on which the model agrees with each possible coding, best first.
    """

    name: str
    by: str
    classes: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    num_faces: int = 0
    agreement: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        legend = ", ".join(f"{code} {name}" for code, name in self.classes.items())
        return f"The labels are numbers in the coding {self.name} ({legend}), {self.evidence}."

    @property
    def evidence(self) -> str:
        """The evidence for this coding, as text."""
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

    def to_dict(self) -> JsonObject:
        """Plain values for JSON."""
        return {**asdict(self), "classes": dict(self.classes), "agreement": dict(self.agreement)}

    @classmethod
    def from_dict(cls, values: JsonObject) -> ChosenCoding:
        """Make a coding from the output of ``to_dict``.

        Raises:
            TypeError, ValueError: the values are not a coding.
        """
        return cls(**{**values, "classes": dict(values["classes"]), "agreement": dict(values.get("agreement", {}))})


@dataclass(frozen=True)
class Leak:
    """Faces of one split that are also in another split, or several times in one; pixel for pixel.

    Attributes:
        split: the split.
        other: the split that has the same faces; ``split`` itself for rows that repeat another of its rows.
        rows: number of such rows of ``split``.
        total: number of rows of ``split``.
    """

    split: str
    other: str
    rows: int
    total: int

    def __str__(self) -> str:
        some = f"{self.rows:,} of {counted(self.total, 'face')} of the split '{self.split}'"
        if self.split != self.other:
            return f"{some} also {agreed(self.rows, 'is', 'are')} in the split '{self.other}', pixel for pixel."
        twice = " The data may have been added twice." if 2 * self.rows >= self.total else ""
        return f"{some} {agreed(self.rows, 'repeats', 'repeat')} another face of the split, pixel for pixel.{twice}"


@dataclass(frozen=True)
class ReadingRecord:
    """How data was read, for runs, evaluations and reports.

    Attributes:
        layout, options, coding, notes, changes, leaks: as in ``Source``.
        num_dropped: number of rows that were left out.
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
    """Provenance of a FaceSet; not part of its content hash.

    Attributes:
        layout: name of the detected layout, such as ``"fer2013-csv"``.
        path: the path that was read, as given.
        class_map: from class names or codes of the source to names of mien.
        dropped: rows that were left out, with reasons.
        notes: other messages, one sentence each.
        options: the options of reading.
        changes: changes of classes by these options.
        coding: coding of numeric labels; None if the source has names.
        leaks: faces in several splits, or several times in one.
        columns: further columns of its tables, which may be asked for by name.
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
    columns: tuple[str, ...] = ()

    @property
    def messages(self) -> list[str]:
        """The messages that every verb prints: the notes, and the number of dropped rows with the most frequent reasons.

        Rows of classes that were left out on request are counted in the notes.
        """
        reasons = Counter(row.reason for row in self.dropped if not row.is_requested).most_common()
        shown = ", ".join(f"{count:,} x {reason}" for reason, count in reasons[:3])
        shown += " and other reasons" if len(reasons) > 3 else ""
        total = sum(count for _, count in reasons)
        left_out = f"{counted(total, 'row was', 'rows were')} left out: {shown}."
        return [*self.notes, *([left_out] if reasons else [])]

    def reading(self) -> ReadingRecord:
        """A record of how the data was read."""
        return ReadingRecord(
            self.layout, self.options, self.coding, self.notes, len(self.dropped), self.changes, self.leaks
        )


IN_MEMORY = Source()
"""Source of a FaceSet made in Python."""
