"""What lies at a path: one walk over it, and a look at the head of each table, so that layouts are told apart by content."""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mien import images
from mien.data.faceset import SPLITS, canonical_split
from mien.errors import DataError

_HEAD_BYTES = 2**20
_MAX_FIELD = 2**26  # a 1024x1024 face in text; the csv module's own limit ends at about 180x180
_PARQUET_MAGIC = b"PAR1"
_SPLIT_WORD = re.compile(
    r"(?<![a-z])((public|private)[_ -]?test|train(ing)?|valid(ation)?|val|test(ing)?|dev)(?![a-z])"
)


@dataclass(frozen=True)
class Table:
    """The head of a table in text: its column names and its first row.

    Attributes:
        path: the file.
        header: the cells of the first line, without surrounding blanks, in lower case.
        first: the cells of the line after it; empty where there is none.
        problem: why it can't be read as a table, as one sentence; empty where it can.
    """

    path: Path
    header: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    problem: str = ""

    def column(self, *names: str) -> int | None:
        """The position of the first of these columns that the table has, or None."""
        return next((self.header.index(name) for name in names if name in self.header), None)

    @property
    def split(self) -> str | None:
        """The split that the file's name, or else its folder's name, stands for."""
        return split_of(self.path)


class Survey:
    """What lies at a path.

    Args:
        path: a file or a folder.

    Raises:
        DataError: nothing is there, it can't be listed, or it is empty.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            if path.is_dir():
                self.files = sorted(_walk(path), key=lambda file: natural(file.relative_to(path).as_posix()))
            elif path.exists():
                self.files = [path]
            else:
                raise DataError(f"'{path}' doesn't exist: check the spelling of the path.")
            if path.is_file() and path.stat().st_size == 0:
                raise DataError(f"'{path}' is empty (0 bytes): download or copy it again.")
        except OSError as error:
            raise DataError(f"'{path}' can't be read: {error.strerror or error}.") from None
        if not self.files:
            raise DataError(f"'{path}' is an empty folder: give the path of the data set.")

    @property
    def folder(self) -> Path:
        """The folder that was given, or the one that holds the file that was given."""
        return self.path if self.path.is_dir() else self.path.parent

    @cached_property
    def visible(self) -> list[Path]:
        """The files without hidden ones (``.DS_Store``, ``.ipynb_checkpoints/…``, ``__MACOSX/…``)."""
        return [file for file in self.files if not self._hidden(file)]

    @cached_property
    def pictures(self) -> list[Path]:
        """The files that are pictures by their ending, in natural order."""
        return [file for file in self.visible if file.suffix.lower() in images.SUFFIXES]

    @cached_property
    def parquet(self) -> list[Path]:
        """The Parquet files, by ending in a folder and also by their first bytes where one file was given."""
        if self.path.is_dir():
            return [file for file in self.visible if file.suffix.lower() == ".parquet"]
        return [self.path] if self.path.suffix.lower() == ".parquet" or _starts_with_magic(self.path) else []

    @cached_property
    def tables(self) -> list[Table]:
        """The head of each table in text; of a single file whatever its ending."""
        if self.path.is_dir():
            return [peek(file) for file in self.visible if file.suffix.lower() == ".csv"]
        return [] if self.pictures or self.parquet else [peek(self.path)]

    @cached_property
    def lists(self) -> list[Path]:
        """The plain text files."""
        return [file for file in self.visible if file.suffix.lower() == ".txt"]

    def relative(self, file: Path) -> str:
        """The name of a file seen from the folder, with forward slashes."""
        return file.relative_to(self.folder).as_posix()

    def describe(self) -> str:
        """What is there, in words: ``holds 12 .txt files and 3 .md files``."""
        if not self.path.is_dir():
            return f"is a {self.path.suffix.lower() or 'nameless'} file"
        counts = Counter(file.suffix.lower() or "nameless" for file in self.files)
        parts = [f"{count:,} {suffix} file{'s' if count > 1 else ''}" for suffix, count in counts.most_common(4)]
        more = f" and {len(counts) - 4} other kinds" if len(counts) > 4 else ""
        return "holds " + ", ".join(parts) + more

    def _hidden(self, file: Path) -> bool:
        parts = file.relative_to(self.folder).parts
        return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def split_of(file: Path) -> str | None:
    """The split that a file's name (``train-00000-of-00002.parquet``, ``test_labels.csv``), or else its folder's, stands for."""
    word = _SPLIT_WORD.search(file.stem.lower())
    return canonical_split(word.group() if word else file.parent.name)


def split_rank(file: Path) -> int:
    """A key that sorts files in the order of their splits, training first; a file of no split counts as training."""
    return SPLITS.index(split_of(file) or "train")


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts ``2.png`` before ``10.png``."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name) if part]


def peek(path: Path) -> Table:
    """Read the first two lines of a table; what is no table comes back with its ``problem``."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        # The decoder is told that more may follow, for the head can end inside a character.
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head, final=False)
    except OSError as error:
        return Table(path, problem=f"'{path}' can't be read: {error.strerror or error}.")
    except UnicodeDecodeError as error:
        return Table(path, problem=_not_utf8(path, error))
    if "\0" in text:
        return Table(path, problem=f"'{path}' is no table: it holds binary data. Download or export it again as CSV.")
    if not text.strip():
        return Table(path, problem=f"'{path}' is empty: download or copy it again.")
    try:
        with _wide_fields():
            lines = (row for row in csv.reader(io.StringIO(text, newline="")) if row)
            header, first = next(lines, []), next(lines, [])
    except csv.Error as error:
        return Table(path, problem=f"'{path}' can't be read as CSV ({error}): export it again.")
    return Table(path, tuple(cell.strip().lower() for cell in header), tuple(cell.strip() for cell in first))


def table_rows(path: Path, has_header: bool = True) -> Iterator[list[str]]:
    """The rows of a table in text, without blank lines and without the header; a byte-order mark is passed over.

    Raises:
        DataError: it isn't UTF-8, or no CSV.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file, _wide_fields():
            lines = (row for row in csv.reader(file) if row)
            if has_header:
                next(lines, None)
            yield from lines
    except UnicodeDecodeError as error:
        raise DataError(_not_utf8(path, error)) from None
    except csv.Error as error:
        raise DataError(f"'{path}' can't be read as CSV ({error}): export it again.") from None
    except OSError as error:
        raise DataError(f"'{path}' can't be read: {error.strerror or error}.") from None


def _walk(folder: Path) -> Iterator[Path]:
    """All files below a folder; linked folders are followed, each real folder once, so a loop of links ends."""
    seen = set()
    for parent, folders, names in os.walk(folder, followlinks=True, onerror=_raise):
        real = os.path.realpath(parent)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        yield from (Path(parent, name) for name in names)


def _raise(error: OSError) -> None:
    raise error


@contextmanager
def _wide_fields() -> Iterator[None]:
    before = csv.field_size_limit(_MAX_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _starts_with_magic(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_PARQUET_MAGIC)) == _PARQUET_MAGIC


def _not_utf8(path: Path, error: UnicodeDecodeError) -> str:
    byte = error.object[error.start]
    return f"'{path}' is no text in UTF-8 (it has the byte 0x{byte:02x}): save it again as CSV in UTF-8."
