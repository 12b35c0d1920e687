"""Survey of a path: one walk over the files, and the first rows of each table, from which layouts are recognised."""

from __future__ import annotations

import errno
import itertools
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from mien import images
from mien.data.faceset import SPLITS, canonical_split
from mien.data.layouts import delimited, filekinds, jsondocument, jsonlines, workbook
from mien.data.layouts.arrowfile import SUFFIXES as ARROW_SUFFIXES
from mien.data.layouts.trees import Tree, look
from mien.errors import DataError, MienError

TABLE_SUFFIXES = (".csv", ".tsv", ".xlsx", ".jsonl", ".ndjson")
_MAX_JSON = 2**29
_SAMPLE_ROWS = 50
_DOCUMENTS = (".json", ".yaml", ".yml")
_NO_TABLES = ("npy", "npz", "hdf5", "arrow")  # handled by other readers
LIST_SUFFIXES = (".txt", ".lst")
RUN_FILES = {"run.json", "seen_faces.npz"}
"""Files by which a run folder is recognised: its pictures are no data."""

MAX_LISTS = 64
"""Maximum number of text files in a folder that are opened: a set has a few lists, or one annotation per picture."""

_SPLIT_WORD = re.compile(
    r"(?<![a-z])((public|private)[_ -]?test|train(ing)?|valid(ation)?|val|test(ing)?|dev)(?![a-z])"
)


@dataclass(frozen=True)
class Table:
    """The header and the first rows of a table.

    Attributes:
        path: the file.
        header: column names, stripped, in lower case; empty if the table has no header.
        sample: the first rows below the header.
        problem: the reason why it can't be read as a table, as one sentence; empty if it can.
        content: returns its rows, without the header.
        note: the assumption made to read it, as one sentence.
    """

    path: Path
    header: tuple[str, ...] = ()
    sample: tuple[tuple[str, ...], ...] = ()
    problem: str = ""
    content: Callable[[], Iterator[list[str]]] = lambda: iter(())
    note: str = ""

    def column(self, *names: str) -> int | None:
        """The position of the first of these columns that the table has, or None."""
        return next((self.header.index(name) for name in names if name in self.header), None)

    @property
    def first(self) -> tuple[str, ...]:
        """The cells of the first row below the header; empty if there is none."""
        return self.sample[0] if self.sample else ()

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.header or self.first)

    @property
    def split(self) -> str | None:
        """The split in the file's name, otherwise in its folder's name."""
        return split_of(self.path)

    def rows(self) -> Iterator[list[str]]:
        """All rows, without blank ones and without the header.

        Raises:
            DataError: the table is damaged.
        """
        return self.content()


class Survey:
    """The files at a path.

    Args:
        path: a file or a folder.

    Attributes:
        files: everything in the folder and below it that is no folder, in natural order; or the file.
        contents: the name relative to the folder of each of them that is a regular file, not a pipe or a broken link.

    Raises:
        DataError: it doesn't exist, can't be listed, or is empty.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            if path.is_dir():
                found = sorted(_walk(path), key=lambda entry: natural(entry.name))
            elif path.exists():
                found = [_Entry(path, path.name, path.is_file())]
            else:
                raise DataError(f"'{path}' doesn't exist: check the spelling of the path.")
            if path.is_file() and path.stat().st_size == 0:
                raise DataError(f"'{path}' is empty (0 bytes): download or copy it again.")
        except OSError as error:
            raise DataError(f"'{path}' can't be read: {error.strerror or error}.") from None
        self.files = [entry.path for entry in found]
        self.contents = {entry.path: entry.name for entry in found if entry.is_file}
        self._names = {entry.path: entry.name for entry in found}
        if not self.files:
            raise DataError(f"'{path}' is an empty folder: name the folder of the data set.")

    @cached_property
    def folder(self) -> Path:
        """The given folder, or the folder of the given file."""
        return self.path if self.path.is_dir() else self.path.parent

    @cached_property
    def visible(self) -> list[Path]:
        """The files without hidden ones (``.DS_Store``, ``.ipynb_checkpoints/…``, ``__MACOSX/…``)."""
        return [file for file, name in self._names.items() if not _is_hidden(name)]

    @cached_property
    def _endings(self) -> list[tuple[Path, str]]:
        return [(file, file.suffix.lower()) for file in self.visible]

    def ending(self, suffixes: Collection[str]) -> list[Path]:
        """The visible files with one of these suffixes, in lower case."""
        return [file for file, suffix in self._endings if suffix in suffixes]

    @cached_property
    def pictures(self) -> list[Path]:
        """The pictures, by suffix, in natural order."""
        return self.ending(images.SUFFIXES)

    @cached_property
    def parquet(self) -> list[Path]:
        """The Parquet and Arrow files, by suffix; a single file also by its first bytes."""
        endings = (".parquet", *ARROW_SUFFIXES)
        if not self.path.is_dir():
            by_content = filekinds.kind(self.path) in ("parquet", "arrow")
            return [self.path] if self.path.suffix.lower() in endings or by_content else []
        found = self.ending(endings)
        # The datasets library writes tables of row numbers beside its data.
        return [file for file in found if not (file.name.startswith("cache-") and file.suffix == ".arrow")]

    @cached_property
    def tables(self) -> list[Table]:
        """The first rows of each text table; of a single file with any suffix."""
        if not self.path.is_dir():
            return (
                [] if self.pictures or self.parquet or filekinds.kind(self.path) in _NO_TABLES else tables_in(self.path)
            )
        found = [table for file in self.ending(TABLE_SUFFIXES) for table in tables_in(file)]
        found += [table for file in self.lists if _names_pictures(table := peek(file))]
        return found + [
            table for file, content in self.documents if _names_pictures(table := _of_document(file, content))
        ]

    @cached_property
    def documents(self) -> list[tuple[Path, Any]]:
        """The readable JSON files with their contents; none if each picture has its own."""
        found = self.ending((".json",))
        loaded = [(file, _json(file)) for file in found] if len(found) <= MAX_LISTS else []
        return [(file, content) for file, content in loaded if content is not None]

    def with_pictures(self) -> Survey:
        """The given path if it has pictures; for a list, its folder or the parent folder, which may have the pictures."""
        return self if self.path.is_dir() else self._around

    @cached_property
    def _around(self) -> Survey:
        inside = Survey(self.folder)
        return inside if inside.pictures else Survey(self.folder.resolve().parent)

    @cached_property
    def lists(self) -> list[Path]:
        """The plain text files that may be lists; none if there are so many that each belongs to one picture."""
        found = self.ending(LIST_SUFFIXES)
        return found if len(found) <= MAX_LISTS else []

    @cached_property
    def tree(self) -> Tree:
        """The meaning of the folders of the pictures, beside classes and splits."""
        return look(map(self.relative, self.pictures))

    def relative(self, file: Path) -> str:
        """The name of a file relative to the folder, with forward slashes."""
        return self._names.get(file) or file.relative_to(self.folder).as_posix()

    def describe(self) -> str:
        """A description of the files: ``holds 12 .txt files and 3 .md files``."""
        if not self.path.is_dir():
            return f"is a {self.path.suffix.lower() or 'nameless'} file"
        counts = Counter(file.suffix.lower() or "nameless" for file in self.files)
        parts = [f"{count:,} {suffix} file{'s' if count > 1 else ''}" for suffix, count in counts.most_common(4)]
        more = f" and {len(counts) - 4} other kinds" if len(counts) > 4 else ""
        return "holds " + ", ".join(parts) + more


def _names_pictures(table: Table) -> bool:
    return table.width > 1 and any(Path(cell).suffix.lower() in images.SUFFIXES for cell in table.first)


def split_of(file: Path) -> str | None:
    """The split in a file's name (``train-00000-of-00002.parquet``, ``test_labels.csv``), otherwise in its folder's."""
    word = _SPLIT_WORD.search(file.stem.lower())
    return canonical_split(word.group() if word else file.parent.name)


def split_rank(file: Path) -> int:
    """A key that sorts files in the order of their splits, training first; a file of no split counts as training."""
    return SPLITS.index(split_of(file) or "train")


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts ``2.png`` before ``10.png``."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name) if part]


def tables_in(path: Path) -> list[Table]:
    """The heads of the tables in a file: one of text or JSON, or each sheet of a workbook."""
    suffix = path.suffix.lower()
    if suffix in (".jsonl", ".ndjson"):
        return [_peek_json(path)]
    if suffix == ".json" and (table := _of_document(path, _json(path))).header:
        return [table]
    return _peek_sheets(path) if filekinds.kind(path) == "xlsx" else [peek(path)]


def _peek_json(path: Path) -> Table:
    try:
        keys, sample = jsonlines.recognise(path)
    except DataError as error:
        return Table(path, problem=str(error))
    return table_of(path, [keys, *sample], lambda: jsonlines.rows(path, keys))


def _of_document(path: Path, content: Any) -> Table:
    found = list(jsondocument.rows(content))
    return table_of(path, found[: _SAMPLE_ROWS + 1], lambda: iter(found[1:])) if found else Table(path)


def _peek_sheets(path: Path) -> list[Table]:
    try:
        found = workbook.sheets(path)
    except MienError as error:  # the package for workbooks may be missing, and the workbook not be needed
        return [Table(path, problem=str(error))]
    return [_sheet(path, title, rows) for title, rows in found]


def _sheet(path: Path, title: str, first_rows: list[list[str]]) -> Table:
    has_header = delimited.is_header(first_rows[0])

    def content() -> Iterator[list[str]]:
        found = workbook.rows(path, title)
        return itertools.islice(found, 1, None) if has_header else found

    return table_of(path, first_rows, content, has_header=has_header)


def peek(path: Path) -> Table:
    """Read the first rows of a table; if it is not a table, ``problem`` says why."""
    try:
        dialect, first_rows = delimited.recognise(path)
    except DataError as error:
        return Table(path, problem=str(error))

    def content() -> Iterator[list[str]]:
        found = delimited.rows(path, dialect)
        return itertools.islice(found, 1, None) if dialect.has_header else found

    note = f"'{path.name}' is not in UTF-8; it was read as Windows-1252." if dialect.is_guessed else ""
    return table_of(path, first_rows, content, has_header=dialect.has_header, note=note)


def table_of(
    path: Path,
    first_rows: Sequence[Sequence[str]],
    content: Callable[[], Iterator[list[str]]],
    *,
    has_header: bool = True,
    note: str = "",
) -> Table:
    """A table with known first rows, including the header if it has one."""
    cells = [tuple(cell.strip() for cell in row) for row in first_rows]
    header = tuple(cell.lower() for cell in cells.pop(0)) if has_header and cells else ()
    return Table(path, header, tuple(cells), content=content, note=note)


def _json(file: Path) -> Any:
    """The content of a JSON file; None if it is invalid, or too large for a list of annotations."""
    try:
        if file.stat().st_size > _MAX_JSON:
            return None
        return json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


class _Entry(NamedTuple):
    """A file below a folder: its path, its name relative to the folder, and whether it is a regular file."""

    path: Path
    name: str
    is_file: bool


def _walk(folder: Path) -> Iterator[_Entry]:
    """All files below a folder, without mien's run folders.

    Linked folders are followed, each real folder once, so a loop of links ends.
    """
    seen = set()
    waiting = [(folder, "")]
    while waiting:
        parent, prefix = waiting.pop()
        real = os.path.realpath(parent)
        if real in seen:
            continue
        seen.add(real)
        with os.scandir(parent) as found:
            entries = list(found)
        if prefix and {entry.name for entry in entries} >= RUN_FILES:
            continue
        below = []
        for entry in entries:
            if _is_folder(entry):
                below.append((parent / entry.name, f"{prefix}{entry.name}/"))
            else:
                yield _Entry(parent / entry.name, prefix + entry.name, _is_file(entry))
        waiting += reversed(below)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a regular file; true also where that is forbidden to know, so that reading it tells the reason."""
    try:
        return entry.is_file()
    except OSError as error:
        return error.errno != errno.ELOOP


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or "/." in name or "__MACOSX" in name.split("/")
