"""Pictures with a list that tells their classes: numbered pictures of a course, RAF-DB and AffectNet."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mien import emotions
from mien.data.faceset import FaceSet, canonical_split
from mien.data.layouts import codes, folders
from mien.data.layouts.rows import Rows
from mien.data.layouts.survey import Survey, Table, split_rank
from mien.data.reading import ReadOptions
from mien.errors import DataError

_KEY_HEADS = ("id", "image_id", "filename", "file_name", "file", "image", "image_name", "img", "name", "path")
_LABEL_HEADS = ("label", "labels", "emotion", "expression", "class", "category", "target")
_RAF_LINE = re.compile(r"((?:train|test)_\S+\.(?:jpe?g|png))\s+(\d+)", re.IGNORECASE)
_NUMBERED = re.compile(r"\D*(\d+)")


class Pictures:
    """Finds a listed picture by its path, its name, its name without the ending, or its number."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._seen: set[Path] = set()
        self._found: dict[str | int, list[Path]] = defaultdict(list)
        for picture in survey.pictures:
            relative = survey.relative(picture)
            number = _NUMBERED.fullmatch(picture.stem)
            keys: set[str | int] = {relative, picture.name, picture.stem}
            keys |= {int(number[1])} if number else set()
            for key in keys:
                self._found[key].append(picture)

    def find(self, key: str, split: str | None = None) -> Path | None:
        """The picture that a list calls ``key``; with a split, one that lies in no folder of another split."""
        name = PurePosixPath(key.strip().replace("\\", "/"))
        keys: list[str | int] = [name.as_posix(), name.name, name.stem]
        keys += [int(name.name)] if name.name.isdecimal() and len(name.name) < 256 else []
        for found in keys:
            for picture in self._found.get(found, ()):
                if self._is_there(picture, name) and (split is None or self.split(picture) in (None, split)):
                    self._seen.add(picture)
                    return picture
        return None

    def split(self, picture: Path) -> str | None:
        """The split that the folders of a picture stand for, or None."""
        return folders.place(self._survey.relative(picture))[0]

    def unlisted(self) -> list[tuple[str, Path]]:
        """The pictures that were never found by a list, each with its name, in natural order."""
        pictures = self._survey.pictures
        return [(self._survey.relative(picture), picture) for picture in pictures if picture not in self._seen]

    def note_unlisted(self, rows: Rows) -> None:
        """Note how many pictures no list names."""
        if num := len(self.unlisted()):
            rows.notes.append(f"{num:,} of the pictures there are in no list and were not read.")

    def _is_there(self, picture: Path, name: PurePosixPath) -> bool:
        """Whether the folders that a list names, if any, are those of the picture: two folders may hold the same name."""
        listed, real = name.parts[:-1], PurePosixPath(self._survey.relative(picture)).parts[:-1]
        common = min(len(listed), len(real))
        return common == 0 or listed[-common:] == real[-common:]


@dataclass(frozen=True)
class _Listing:
    """A table that names pictures, and where it has their names and labels; label is None where it has none."""

    table: Table
    key: int
    label: int | None

    def rows(self) -> Iterator[tuple[str, str | None]]:
        """Each picture's name and raw label; ``""`` where the row is unlabelled, None where it is too short."""
        needed = max(self.key, self.label or 0) + 1
        for cells in self.table.rows():
            if len(cells) < needed:
                yield cells[0], None
            else:
                yield cells[self.key].strip(), "" if self.label is None else codes.plain(cells[self.label])


def matches_raf_db(survey: Survey) -> bool:
    """Whether a text file begins with a line such as ``train_00001.jpg 5``."""
    return _raf_list(survey) is not None


def matches_affectnet(survey: Survey) -> bool:
    """Whether a table has the columns ``subDirectory_filePath`` and ``expression``."""
    return any(_is_affectnet(table) for table in survey.tables)


def matches_numbered(survey: Survey) -> bool:
    """Whether a table names pictures, or most pictures are called by a number."""
    if not survey.path.is_dir():
        return bool(_listings(survey)) and bool(Survey(survey.folder).pictures)
    numbered = sum(_NUMBERED.fullmatch(picture.stem) is not None for picture in survey.pictures)
    return bool(survey.pictures) and (numbered > len(survey.pictures) / 2 or bool(_listings(survey)))


def read_raf_db(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read RAF-DB: a list of names and codes; the aligned pictures are preferred where both are there."""
    path = _raf_list(survey)
    if path is None:
        raise DataError(f"'{survey.path}' holds no list of RAF-DB (list_patition_label.txt).")
    pictures = Pictures(_with_pictures(survey))
    rows = Rows("raf-db", survey.path, codes.RAF_DB)
    for line in filter(None, map(str.strip, path.read_text(encoding="utf-8-sig", errors="replace").splitlines())):
        match = _RAF_LINE.fullmatch(line)
        if match is None:
            rows.drop(line, "the line is no name and label")
            continue
        name = match[1]
        found = pictures.find(f"{PurePosixPath(name).stem}_aligned") or pictures.find(name)
        _add(rows, name, found, match[2], canonical_split(name.split("_")[0]) or "train")
    pictures.note_unlisted(rows)
    return rows.faceset(options.size)


def read_affectnet(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read AffectNet: tables of paths and codes, whose own names (or folders) tell the split."""
    tables = [table for table in survey.tables if _is_affectnet(table)]
    if not tables:
        raise DataError(f"'{survey.path}' holds no table with the columns subDirectory_filePath and expression.")
    pictures = Pictures(_with_pictures(survey))
    rows = Rows("affectnet", survey.path, codes.AFFECTNET)
    for table in sorted(tables, key=lambda table: split_rank(table.path)):
        listing = _Listing(table, table.header.index("subdirectory_filepath"), table.header.index("expression"))
        for name, code in listing.rows():
            found = pictures.find(name)
            if code in codes.AFFECTNET_NONE:
                rows.drop(name, f"expression {code} ({codes.AFFECTNET_NONE[code]}) is no class")
            else:
                _add(rows, name, found, code, table.split or "train")
    pictures.note_unlisted(rows)
    return rows.faceset(options.size)


def read_numbered(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read pictures that a table labels. Those of a folder that none labels are unlabelled, in the order of their numbers."""
    inside = survey if survey.path.is_dir() else Survey(survey.folder)
    pictures = Pictures(inside)
    parsed = [(listing, list(listing.rows())) for listing in _listings(survey)]
    values = {raw for _, listed in parsed for _, raw in listed if raw}
    class_map, note = codes.meaning(values, f"'{survey.path}'")
    rows = Rows("numbered", survey.path, class_map)
    if not parsed:
        note = "No table labels the pictures, so all are unlabelled."
    rows.notes += [note] if note else []
    for listing, listed in parsed:
        by_table = listing.table.split
        for name, raw in listed:
            found = pictures.find(name, by_table)
            split = by_table or (found and pictures.split(found)) or ("test" if listing.label is None else "train")
            _add(rows, name, found, raw, split)
    if survey.path.is_dir():
        _add_unlisted(rows, pictures)
        folders.note_others(rows, survey, {listing.table.path for listing, _ in parsed})
    return rows.faceset(options.size, emotions.EMOTIONS if class_map == codes.FER2013 or not values else None)


def _add(rows: Rows, name: str, found: Path | None, raw: str | None, split: str) -> None:
    if raw is None:
        rows.drop(name, "its line of the table is too short")
    elif found is None:
        rows.drop(name, "no such picture is there")
    else:
        rows.add(name, found, raw or None, split)


def _add_unlisted(rows: Rows, pictures: Pictures) -> None:
    """Pictures that no table names: the test set of a course, unless they lie among the training pictures."""
    for name, picture in pictures.unlisted():
        split = pictures.split(picture) or "test"
        if split == "train":
            rows.drop(name, "no table has a label for it")
        else:
            rows.add(name, picture, None, split)


def _listings(survey: Survey) -> list[_Listing]:
    """The tables that name pictures, training first; a sample of a submission is none, for its labels are made up."""
    found = [listing for table in survey.tables if (listing := _listing(table))]
    real = [listing for listing in found if not re.search("sample|submission", listing.table.path.stem.lower())]
    return sorted(real, key=lambda listing: split_rank(listing.table.path))


def _listing(table: Table) -> _Listing | None:
    key, label = table.column(*_KEY_HEADS), table.column(*_LABEL_HEADS)
    if key is None and label is not None and len(table.header) == 2:
        key = 1 - label
    if key is None or (label is None and len(table.header) > 1):
        return None
    return _Listing(table, key, label)


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


def _with_pictures(survey: Survey) -> Survey:
    """What was given if it has pictures; for a list, its folder or else the one above, where its pictures may lie beside it."""
    if survey.path.is_dir():
        return survey
    inside = Survey(survey.folder)
    return inside if inside.pictures else Survey(survey.folder.resolve().parent)
