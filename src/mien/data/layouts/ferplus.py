"""FER+: the votes of ten annotators for each picture of FER2013, in a separate table that is joined row by row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien import emotions
from mien.data.faceset import FaceSet, canonical_split
from mien.data.layouts import codes, tables
from mien.data.layouts.rows import Rows
from mien.data.layouts.survey import Survey, Table, peek
from mien.data.reading import ReadOptions
from mien.errors import DataError
from mien.words import counted

_NUM_TEXT_COLUMNS = 2  # Usage and Image name; the votes follow


@dataclass(frozen=True)
class _Votes:
    """One row of the table of votes; ``reason`` is why it can't be used, or empty."""

    split: str | None
    counts: dict[str, float]
    reason: str = ""


def matches(survey: Survey) -> bool:
    """Whether there is a table of FER+ votes, and in a folder one of FER2013 too."""
    there = any(_is_votes(table) for table in survey.tables)
    return there and (not survey.path.is_dir() or tables.matches_fer2013(survey))


def read(survey: Survey, options: ReadOptions) -> FaceSet:
    """Join the votes to the faces. Rows without an image name were removed by FER+ and are dropped.

    Raises:
        DataError: one of the two tables is missing, or their rows don't match.
    """
    votes_table, faces = _pair(survey, options.votes)
    table, columns = faces
    rows = Rows("ferplus", survey.path, coding=codes.FER2013.of_layout)
    records = tables.records(table, columns, rows.notes)
    votes = [_votes(cells, votes_table) for cells in votes_table.rows()]
    if len(votes) != len(records):
        raise DataError(
            f"'{votes_table.path}' has {counted(len(votes), 'row')} but '{table.path}' has {len(records):,}:"
            " they are joined row by row, so both must be complete and in their original order."
        )
    for record, vote in zip(records, votes, strict=True):
        if record.face is None or vote.reason:
            rows.drop(record.name, record.reason or vote.reason)
            continue
        if vote.split != canonical_split(record.given_split or record.split):
            raise DataError(
                f"Row {record.name} is {record.split} in '{table.path}' but {vote.split} in '{votes_table.path}':"
                " the two are not in the same order. Use the original files."
            )
        rows.add(record.name, record.face, record.raw_class, record.split, votes=vote.counts)
    unkept = [
        head for head in votes_table.header[_NUM_TEXT_COLUMNS:] if emotions.canonical(head) not in emotions.EMOTIONS
    ]
    rows.notes.append("The labels are FER2013's own; FER+ gave the votes.")
    rows.notes.append(f"Votes for classes that the set lacks were not kept: {', '.join(unkept)}.")
    return rows.faceset(options.size)


def _pair(survey: Survey, given: Path | None) -> tuple[Table, tuple[Table, tables.Columns]]:
    """The table of votes, and the table of faces with its columns."""
    if given is not None:
        votes = peek(given)
        if not _is_votes(votes):
            raise DataError(votes.problem or f"'{given}' is no table of FER+ votes (fer2013new.csv).")
        faces = tables.whole_table(survey.tables)
    else:
        found = [table for table in survey.tables if _is_votes(table)]
        if not found:
            raise DataError(f"'{survey.path}' holds no table of FER+ votes (fer2013new.csv).")
        votes = found[0]
        beside = survey.tables if survey.path.is_dir() else [peek(file) for file in survey.folder.glob("*.csv")]
        faces = tables.whole_table(beside)
    if faces is None:
        raise DataError(
            f"'{votes.path}' holds votes but no faces, and no fer2013.csv with the column Usage is beside it: put it there."
        )
    return votes, faces


def _is_votes(table: Table) -> bool:
    return {"usage", "image name", "neutral", "nf"} <= set(table.header)


def _votes(cells: list[str], table: Table) -> _Votes:
    if len(cells) != len(table.header):
        return _Votes(None, {}, f"FER+ has {len(cells)} columns for it instead of {len(table.header)}")
    split = canonical_split(cells[0])
    if not cells[1].strip():
        return _Votes(split, {}, "FER+ has no image name for it: its makers left the picture out")
    counts = {}
    for head, cell in zip(table.header[_NUM_TEXT_COLUMNS:], cells[_NUM_TEXT_COLUMNS:], strict=True):
        name = emotions.canonical(head)
        if not cell.strip().isdecimal():
            return _Votes(split, {}, f"'{cell}' is no number of votes")
        if name in emotions.EMOTIONS:
            counts[name] = float(cell)
    return _Votes(split, counts)
