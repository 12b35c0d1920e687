"""Pictures with a list of their classes: numbered pictures of a course, RAF-DB and AffectNet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from mien.data.faceset import FaceSet, canonical_split
from mien.data.layouts import codes, folders
from mien.data.layouts.columns import Labelling, Roles, roles
from mien.data.layouts.pictures import Pictures
from mien.data.layouts.rows import Rows
from mien.data.layouts.survey import Survey, Table, split_rank
from mien.data.reading import ReadOptions
from mien.errors import DataError

_LARGEST_CODE = 10  # AffectNet's
_RAF_LINE = re.compile(r"((?:train|test)_\S+\.(?:jpe?g|png))\s+(\d+)", re.IGNORECASE)
_NUMBERED = re.compile(r"\D*(\d+)")


@dataclass(frozen=True)
class _Listing:
    """A table that names pictures, with the roles of its columns."""

    table: Table
    key: int
    roles: Roles

    def rows(self) -> Iterator[tuple[str, Labelling]]:
        """Each picture's name, and its annotation."""
        for cells in self.table.rows():
            yield cells[self.key if self.key < len(cells) else 0].strip(), self.roles.read(cells)

    def keeping(self, names: Sequence[str]) -> _Listing:
        """The same, with further columns by name."""
        return replace(self, roles=self.roles.keeping(self.table.header, names))

    @property
    def heads(self) -> list[str]:
        """The headers that are neither that of the picture nor that of the class."""
        used = (self.key, self.roles.label)
        return [head for place, head in enumerate(self.table.header) if head and place not in used]


def matches_raf_db(survey: Survey) -> bool:
    """Whether a text file begins with a line such as ``train_00001.jpg 5``."""
    return _raf_list(survey) is not None


def matches_affectnet(survey: Survey) -> bool:
    """Whether a table has the columns ``subDirectory_filePath`` and ``expression``."""
    return any(_is_affectnet(table) for table in survey.tables)


def lists_pictures(survey: Survey) -> bool:
    """Whether a table labels existing pictures, so that their folders need not be classes."""
    pictures = Pictures(survey)
    return any(
        listing.roles.is_labelled
        and any(pictures.has(cells[listing.key]) for cells in listing.table.sample if len(cells) > listing.key)
        for listing in _listings(survey)
    )


def matches_numbered(survey: Survey) -> bool:
    """Whether a table names pictures, or most pictures have numbers as names."""
    if not survey.path.is_dir():
        return bool(_listings(survey)) and (bool(Survey(survey.folder).pictures) or _leads_elsewhere(survey))
    numbered = sum(_NUMBERED.fullmatch(picture.stem) is not None for picture in survey.pictures)
    return bool(survey.pictures) and (numbered > len(survey.pictures) / 2 or bool(_listings(survey)))


def _leads_elsewhere(survey: Survey) -> bool:
    """Whether the given list names pictures by paths outside of its folder."""
    pictures = Pictures(survey, elsewhere=True)
    return any(
        pictures.find(cells[listing.key], beside=survey.folder)
        for listing in _listings(survey)
        for cells in listing.table.sample
        if len(cells) > listing.key
    )


def read_raf_db(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read RAF-DB: a list of names and codes; aligned pictures are preferred if both are available."""
    path = _raf_list(survey)
    if path is None:
        raise DataError(f"'{survey.path}' holds no list of RAF-DB (list_patition_label.txt).")
    pictures = Pictures(survey.with_pictures())
    rows = Rows("raf-db", survey.path, coding=codes.RAF_DB.of_layout)
    for line in filter(None, map(str.strip, path.read_text(encoding="utf-8-sig", errors="replace").splitlines())):
        match = _RAF_LINE.fullmatch(line)
        if match is None:
            rows.drop(line, "the line is no name and label")
            continue
        name = match[1]
        found = pictures.find(f"{PurePosixPath(name).stem}_aligned") or pictures.find(name)
        split = canonical_split(name.split("_")[0]) or "train"
        _add(rows, name, found, Labelling(match[2]), split, pictures.problem(name))
    pictures.note_unlisted(rows)
    return rows.faceset(options.size)


def read_affectnet(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read AffectNet: tables of paths and codes; the table's name or folder sets the split."""
    tables = [table for table in survey.tables if _is_affectnet(table)]
    if not tables:
        raise DataError(f"'{survey.path}' holds no table with the columns subDirectory_filePath and expression.")
    pictures = Pictures(survey.with_pictures())
    rows = Rows("affectnet", survey.path, coding=codes.AFFECTNET.of_layout)
    for table in sorted(tables, key=lambda table: split_rank(table.path)):
        key, label = table.header.index("subdirectory_filepath"), table.header.index("expression")
        listing = _Listing(table, key, Roles(key, label)).keeping(options.columns)
        rows.columns = tuple(dict.fromkeys((*rows.columns, *listing.heads)))
        for name, row in listing.rows():
            code = codes.plain(row.raw_class or "")
            if code in codes.AFFECTNET.none:
                rows.drop(name, f"expression {code} ({codes.AFFECTNET.none[code]}) is no class")
            else:
                found = pictures.find(name, beside=table.path.parent, person=row.subject)
                _add(rows, name, found, row, table.split or "train", pictures.problem(name))
    pictures.note_unlisted(rows)
    return rows.faceset(options.size)


def read_numbered(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read pictures that a table labels. Pictures without a label are unlabelled, in numeric order."""
    inside = survey if survey.path.is_dir() else Survey(survey.folder)
    pictures = Pictures(inside, elsewhere=not survey.path.is_dir())
    parsed = [(listing, list(listing.keeping(options.columns).rows())) for listing in _listings(survey)]
    rows = Rows("numbered", survey.path)
    rows.columns = tuple(dict.fromkeys(head for listing, _ in parsed for head in listing.heads))
    if not parsed:
        rows.notes.append("No table labels the pictures, so all are unlabelled.")
    for listing, listed in parsed:
        table = listing.table
        rows.notes += [note for note in (table.note, listing.roles.note) if note]
        for name, row in listed:
            found = pictures.find(name, table.split, table.path.parent, row.subject)
            split = table.split or (found and pictures.split(found))
            split = split or ("train" if listing.roles.is_labelled else "test")
            _add(rows, name, found, row, split, pictures.problem(name))
    if survey.path.is_dir():
        _add_unlisted(rows, pictures)
        folders.note_others(rows, survey, {listing.table.path for listing, _ in parsed})
    return rows.faceset(options.size)


def _add(rows: Rows, name: str, found: Path | None, row: Labelling, split: str, problem: str) -> None:
    """Add a listed picture, or drop it with the problem of finding it; the split in its own row has priority over ``split``."""
    if row.problem:
        rows.drop(name, row.problem)
    elif found is None:
        rows.drop(name, problem)
    else:
        rows.add(
            name,
            found,
            row.raw_class,
            split,
            given_split=row.split,
            subject=row.subject,
            votes=row.votes,
            groups=row.groups,
        )


def _add_unlisted(rows: Rows, pictures: Pictures) -> None:
    """Add pictures that no table names: the test set of a course, unless they are among the training pictures."""
    for name, picture in pictures.unlisted():
        split = pictures.split(picture) or "test"
        if split == "train":
            rows.drop(name, "no table has a label for it")
        else:
            rows.add(name, picture, None, split)


def _listings(survey: Survey) -> list[_Listing]:
    """The tables that name pictures, training first; sample submissions are excluded, as their labels are placeholders."""
    found = [listing for table in survey.tables if (listing := _listing(table))]
    real = [listing for listing in found if not re.search("sample|submission", listing.table.path.stem.lower())]
    return sorted(real, key=lambda listing: split_rank(listing.table.path))


def _listing(table: Table) -> _Listing | None:
    """The table's columns, if it names pictures: from its header, otherwise from its cells."""
    width = table.width
    found = roles(table.header or ("",) * width, table.sample)
    rest = [place for place in range(width) if place not in (found.path, found.label, found.split, found.subject)]
    key = found.path
    if key is None and width == 2 and rest and (found.label is not None or not table.header):
        key = rest.pop(0)  # beside a column of classes, or the first of two without heads
    if key is None:
        return None
    if not found.is_labelled:
        found = replace(found, label=next((place for place in rest if _holds_classes(table, place)), None))
    return _Listing(table, key, found) if found.is_labelled or width == 1 else None


def _holds_classes(table: Table, place: int) -> bool:
    """Whether a column without a known header can be classes: a table without a header, with codes or words in it."""
    cells = [codes.plain(row[place]) for row in table.sample if place < len(row)]
    named = [cell for cell in cells if not cell.isdecimal()]
    if table.header and table.width > 2:
        return False
    return bool(cells) and (all(len(cell) <= 40 for cell in cells) if named else max(map(int, cells)) <= _LARGEST_CODE)


def _raf_list(survey: Survey) -> Path | None:
    for path in survey.lists:
        with path.open("rb") as file:
            lines = file.read(4096).decode("utf-8-sig", errors="replace").split("\n")
        first = next((line.strip() for line in lines if line.strip()), "")
        if _RAF_LINE.fullmatch(first):
            return path
    return None


def _is_affectnet(table: Table) -> bool:
    return {"subdirectory_filepath", "expression"} <= set(table.header)
