"""Text tables: detect encoding, separator and header, and parse the rows strictly."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mien import images
from mien.data.layouts import filekinds
from mien.data.layouts.columns import is_number
from mien.errors import DataError

HEAD_BYTES = 2**20
"""Number of bytes used to detect the separator and the header."""

MIN_PIXELS = 64
"""Minimum number of values in a cell of pixels: an 8x8 face."""

_CHUNK = 2**20
_HEAD_OF_UTF16 = 512
_MAX_FIELD = 2**26  # a 1024x1024 face in text; the csv module's own limit ends at about 180x180
_SAMPLE_ROWS = 50
_SEPARATORS = (",", ";", "\t", "|")
_CONTROLS = bytes(sorted({*range(32)} - {9, 10, 12, 13, 26}))  # never in text, except 26, the end-of-file mark of DOS
_HINT = re.compile(r"\ufeff?\"?sep=(.)\"?\r?\n")
_NOT_WINDOWS = (0x81, 0x8D, 0x8F, 0x90, 0x9D)  # the bytes that Windows-1252 has no letter for


@dataclass(frozen=True)
class Dialect:
    """The format of a text table.

    Attributes:
        encoding: name of the encoding for ``open``.
        separator: the character between cells.
        has_header: whether the first row has the column names.
        has_hint: whether a line ``sep=;`` precedes it, as written by Excel.
    """

    encoding: str = "utf-8-sig"
    separator: str = ","
    has_header: bool = True
    has_hint: bool = False

    @property
    def is_guessed(self) -> bool:
        """Whether the bytes fit several encodings, so that non-ASCII characters may be wrong."""
        return self.encoding == "cp1252"


def recognise(path: Path) -> tuple[Dialect, list[list[str]]]:
    """Detect the format of a table.

    Returns:
        The dialect, and the first rows, including the header.

    Raises:
        DataError: it is empty, not text, or not a table.
    """
    try:
        encoding = _encoding(path)
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise DataError(f"'{path}' can't be read: {error.strerror or error}.") from None
    try:
        # Incremental decoding, as the sample may end inside a character.
        text = codecs.getincrementaldecoder(encoding)().decode(head, final=False)
    except UnicodeError:
        raise DataError(filekinds.advice(path)) from None
    if "\0" in text:
        raise DataError(filekinds.advice(path))
    if not text.strip():
        raise DataError(f"'{path}' is empty: download or copy it again.")
    is_whole = len(head) < HEAD_BYTES
    hint = _HINT.match(text)
    text = text[hint.end() :] if hint else text
    separator = hint[1] if hint else _separator(text, is_whole, path.suffix.lower() in (".txt", ".lst"))
    first_rows = _sample(text, separator, is_whole) or _sample(text, separator, is_whole=True)[:1]
    dialect = Dialect(encoding, separator, bool(first_rows) and is_header(first_rows[0]), hint is not None)
    return dialect, first_rows


def rows(path: Path, dialect: Dialect) -> Iterator[list[str]]:
    """The rows of a table, without blank lines; the head, where there is one, is the first.

    Raises:
        DataError: it can't be read in this encoding, or a quote in it is never closed.
    """
    try:
        with path.open(encoding=dialect.encoding, newline="") as file:
            if dialect.has_hint:
                file.readline()
            yield from parsed(file, str(path), dialect.separator)
    except UnicodeError:
        raise DataError(filekinds.advice(path)) from None
    except OSError as error:
        raise DataError(f"'{path}' can't be read: {error.strerror or error}.") from None


def parsed(lines: Iterator[str] | io.TextIOBase, name: str, separator: str = ",") -> Iterator[list[str]]:
    """Parse the rows of CSV lines strictly, as an unclosed quote would absorb the rows after it.

    Raises:
        DataError: a quote is never closed, or text follows a closing quote.
    """
    csv.field_size_limit(max(_MAX_FIELD, csv.field_size_limit()))
    reader = csv.reader(lines, strict=True, delimiter=separator, skipinitialspace=True)
    width = begun = 0
    try:
        for cells in reader:
            if reader.line_num > begun + 1 and _swallowed(cells, separator, width or len(cells)):
                raise DataError(_unclosed(name, begun + 1))
            begun = reader.line_num
            if cells:
                width = width or len(cells)
                yield cells
    except csv.Error as error:
        if "expected after" in str(error):
            raise DataError(
                f"'{name}' has text behind a closing quote near line {reader.line_num:,}, so a quote before it is missing or too many:"
                " repair that line, or export the table again."
            ) from None
        raise DataError(_unclosed(name, begun + 1)) from None


def looks_like_pixels(cell: str) -> bool:
    """Whether a cell starts like the pixels of a face, in any notation: ``70 80``, ``70,80``, ``[70, 80]``."""
    words = cell[: 64 * MIN_PIXELS].translate(_PUNCTUATION).split()
    return len(words) >= MIN_PIXELS and all(is_number(word) for word in words[:MIN_PIXELS])


_PUNCTUATION = str.maketrans("[](),;\r\n\t", " " * 9)


def _encoding(path: Path) -> str:
    """UTF-8 if all bytes are valid, UTF-16 if its mark or the pattern of zero bytes indicates it, else Windows-1252."""
    decoder, encoding = codecs.getincrementaldecoder("utf-8")(), "utf-8-sig"
    with path.open("rb") as file:
        head = file.read(_HEAD_OF_UTF16)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        for first, name in ((1, "utf-16-le"), (0, "utf-16-be")):  # without a mark, tables have mostly ASCII letters
            if head[first::2].count(0) > 0.8 * len(head) / 2 and not head[1 - first :: 2].count(0):
                return name
        file.seek(0)
        while chunk := file.read(_CHUNK):
            if len(chunk.translate(None, _CONTROLS)) != len(chunk):
                raise DataError(filekinds.advice(path))
            if encoding == "utf-8-sig" and not (chunk.isascii() and decoder.getstate()[0] == b""):
                encoding = _if_decodes(decoder, chunk)
            if encoding == "cp1252" and any(byte in chunk for byte in _NOT_WINDOWS):
                raise DataError(filekinds.advice(path))
    return _if_decodes(decoder, b"", final=True) if encoding == "utf-8-sig" else encoding


def _if_decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, final: bool = False) -> str:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _separator(text: str, is_whole: bool, is_list: bool) -> str:
    """The separator with which all rows have the same number of cells, more than one; lists may be separated by blanks too."""
    widest, chosen = 1, ","
    for separator in (*_SEPARATORS, " ") if is_list else _SEPARATORS:
        widths = [len(row) for row in _sample(text, separator, is_whole)]
        if len(set(widths)) == 1 and widths[0] > 1:
            return separator
        if widths and widths[0] > widest and separator != " ":
            widest, chosen = widths[0], separator
    return chosen


def _sample(text: str, separator: str, is_whole: bool) -> list[list[str]]:
    """The first rows of a text, without the last one, which may be incomplete, unless the text is complete."""
    csv.field_size_limit(max(_MAX_FIELD, csv.field_size_limit()))
    found: list[list[str]] = []
    try:
        # Not strictly: errors in a row are reported when the rows are read.
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True):
            if cells and any(cell.strip() for cell in cells):
                found.append(cells)
            if len(found) > _SAMPLE_ROWS:
                break
    except csv.Error:
        return found
    return found[:_SAMPLE_ROWS] if is_whole or len(found) > _SAMPLE_ROWS else found[:-1]


def is_header(cells: Sequence[str]) -> bool:
    """Whether a row is a header: it has no face, no name of a picture, and no number.

    The numbers 0, 1, 2, ... are also a header, as of a data frame without column names; for columns of pixels in any order.
    """
    words = [cell.strip() for cell in cells]
    if any(looks_like_pixels(word) for word in words):
        return False
    if any(Path(word).suffix.lower() in images.SUFFIXES for word in words if len(word) < 4096):
        return False
    numbers = [word for word in words if is_number(word)]
    if len(numbers) >= MIN_PIXELS:
        return any(set(numbers) == set(map(str, range(first, first + len(numbers)))) for first in (0, 1))
    return not numbers or (len(numbers) > 1 and numbers == [str(number) for number in range(len(numbers))])


def _swallowed(cells: list[str], separator: str, width: int) -> bool:
    """Whether a multi-line cell contains rows of the table, because a quote is not closed."""
    for cell in cells:
        text = cell.strip()
        if "\n" in text and not (text.startswith("[") and text.endswith("]")):
            inner = text.splitlines()[1:]
            if width > 1 and any(line.count(separator) + 1 >= width for line in inner):
                return True
    return False


def _unclosed(name: str, line: int) -> str:
    return f"'{name}' has a quote in line {line:,} that is never closed, so the rows after it can't be separated: repair that line, or export the table again."
