"""Predictions as rows, and rows as files: JSON Lines, CSV, Parquet and JSON, written atomically and resumable.

A row is a face; a photo without faces is a row ``no_face``, an unreadable photo a row ``error``.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import IO, Any, Protocol, TextIO

import numpy as np
from numpy.typing import NDArray

from mien import escapes, files
from mien.errors import OutputError
from mien.inference import priors
from mien.inference.classifier import Classifier
from mien.inference.photo import PhotoResult
from mien.inference.readability import Readability
from mien.locks import Lock
from mien.typed_json import JsonObject

Row = dict[str, Any]

FORMATS = ("jsonl", "csv", "parquet", "json")
"""Formats of rows; the file's suffix selects one."""

SIDES = ("left", "top", "right", "bottom")
CHUNK = 4096
"""Rows per row group of a Parquet file."""


def rows_of(reading: PhotoResult) -> list[Row]:
    """The rows of one photo: one per face, or one that says that there is none or why the photo couldn't be read."""
    if reading.error is not None:
        return [{"photo": reading.name, "status": "error", "error": reading.error}]
    note = {} if reading.note is None else {"note": reading.note}
    if not reading.faces:
        return [{"photo": reading.name, "status": "no_face", **note}]
    prior = {} if reading.prior is None else {"prior": reading.prior}
    return [
        {"photo": reading.name, "status": "face", "face": number, **face.to_dict(), **prior, **note}
        for number, face in enumerate(reading.faces)
    ]


def shares_of(rows: Iterable[Row], classifier: Classifier) -> NDArray[np.float64]:
    """Estimate the class shares ``(K,)`` among the faces of rows.

    Raises:
        DataError: they have too few faces.
    """
    faces = [list(row["probabilities"].values()) for row in rows if row["status"] == "face"]
    return priors.estimate(np.array(faces, np.float32), classifier.shares)


def with_prior(row: Row, classifier: Classifier, shares: NDArray[np.float64], abstain: float) -> Row:
    """A row adjusted to class shares in use ``(K,)`` that were not known at prediction."""
    if row["status"] != "face":
        return row
    before = np.array([list(row["probabilities"].values())], np.float32)
    after = priors.shift(before, priors.offsets(classifier.shares, shares))[0].tolist()
    best = int(np.argmax(after))
    return row | {
        "label": classifier.classes[best],
        "confidence": after[best],
        "abstained": after[best] < abstain,
        "probabilities": dict(zip(classifier.classes, after, strict=True)),
        "prior": priors.in_words(shares, classifier.classes),
    }


def columns(classes: Sequence[str]) -> dict[str, type]:
    """The columns of a flat table of faces, with types."""
    return {
        "photo": str,
        "status": str,
        "face": int,
        **dict.fromkeys(SIDES, float),
        "detection_score": float,
        "label": str,
        "confidence": float,
        "abstained": bool,
        "rotated": int,
        **{field.name: float for field in fields(Readability)},
        "unreadable": str,
        **{f"p_{name}": float for name in classes},
        "prior": str,
        "note": str,
        "error": str,
    }


def flat(row: Row) -> Row:
    """A row without nested values: one column per side of the box and per class; landmarks are left out."""
    values = {key: value for key, value in row.items() if key not in ("box", "landmarks", "probabilities")}
    values |= dict(zip(SIDES, row.get("box", ()), strict=False))
    return values | {f"p_{name}": value for name, value in row.get("probabilities", {}).items()}


def format_of(path: Path) -> str:
    """The format of a file, by its suffix.

    Raises:
        OutputError: the suffix is unknown.
    """
    ending = path.suffix.lower().removeprefix(".")
    files.check_suffix(path, [f".{name}" for name in FORMATS])
    return ending


class Writer(Protocol):
    """A sink for rows."""

    def write(self, row: Row) -> None:
        """Add a row."""

    def close(self) -> None:
        """Write buffered rows."""


class LinesWriter:
    """JSON Lines: one row per line."""

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def write(self, row: Row) -> None:
        """Add a row."""
        self.file.write(escapes.to_json(row, self.file.encoding) + "\n")

    def close(self) -> None:
        """Nothing is buffered."""


class JsonWriter:
    """One JSON document: ``{"rows": [...]}``."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.before = '{"rows": [\n'

    def write(self, row: Row) -> None:
        """Add a row."""
        self.file.write(self.before + escapes.to_json(row, self.file.encoding))
        self.before = ",\n"

    def close(self) -> None:
        """Write the end of the document."""
        self.file.write("\n]}\n" if self.before == ",\n" else '{"rows": []}\n')


class CsvWriter:
    """CSV with a header, flat."""

    def __init__(self, file: TextIO, names: Iterable[str]) -> None:
        self.table = csv.DictWriter(file, list(names), lineterminator="\n", restval="")
        self.table.writeheader()

    def write(self, row: Row) -> None:
        """Add a row."""
        self.table.writerow({key: escapes.cell(value) for key, value in flat(row).items()})

    def close(self) -> None:
        """Nothing is buffered."""


class ParquetWriter:
    """Parquet, flat, in groups of ``CHUNK`` rows, to a path or an open file. Needs pyarrow."""

    def __init__(self, path: Path | IO[bytes], types: Mapping[str, type]) -> None:
        import pyarrow
        import pyarrow.parquet

        kinds = {str: pyarrow.string(), int: pyarrow.int32(), float: pyarrow.float64(), bool: pyarrow.bool_()}
        self.schema = pyarrow.schema([(name, kinds[kind]) for name, kind in types.items()])
        self.table = pyarrow.Table
        self.file = pyarrow.parquet.ParquetWriter(path, self.schema)
        self.held: list[Row] = []

    def write(self, row: Row) -> None:
        """Add a row."""
        values = flat(row).items()
        self.held.append({key: escapes.readable(value) if isinstance(value, str) else value for key, value in values})
        if len(self.held) == CHUNK:
            self._flush()

    def close(self) -> None:
        """Write the last group and the file's footer."""
        self._flush()
        self.file.close()

    def _flush(self) -> None:
        if self.held:
            self.file.write_table(self.table.from_pylist(self.held, schema=self.schema))
            self.held = []


def writer(form: str, file: TextIO, types: Mapping[str, type]) -> Writer:
    """A writer for one of the text formats (all except Parquet)."""
    makers: dict[str, Callable[[], Writer]] = {
        "jsonl": lambda: LinesWriter(file),
        "json": lambda: JsonWriter(file),
        "csv": lambda: CsvWriter(file, types),
    }
    return makers[form]()


@contextmanager
def opened(path: Path, form: str, types: Mapping[str, type]) -> Iterator[Writer]:
    """A writer to a file that appears at the end, atomically.

    Raises:
        OutputError: it can't be written to.
    """
    with files.atomic_write(path, suffixes=[f".{form}"]) as temporary, ExitStack() as stack:
        if form == "parquet":
            # pyarrow can't write to a path whose name isn't UTF-8.
            to: Writer = ParquetWriter(stack.enter_context(temporary.open("wb")), types)
        else:
            to = writer(form, stack.enter_context(temporary.open("w", encoding="utf-8", newline="")), types)
        try:
            yield to
        finally:
            to.close()


def partial(out: Path) -> Path:
    """Path of the journal of an incomplete output."""
    return out.with_name(out.name + ".partial")


class Journal:
    """Makes a long run resumable: a file beside the output, to which each photo's rows are appended as one line.

    An incomplete line is discarded, so a run killed at any moment loses at most the photos in progress, and repeats no finished
    one. At the end, ``finish`` writes the output and removes the journal.

    Args:
        out: the output; the journal is ``OUT.partial``.
        form: format of the output.
        types: columns of a flat output.
        settings: settings that the rows depend on; a journal with other settings is not resumed.
        resume: resume an existing journal.

    Attributes:
        done: photos whose rows are in the journal.
        drawn: names of the pictures drawn for them.
        counts: number of rows of each status.

    Raises:
        OutputError: it can't be written, another process writes it, it has other settings, is damaged, or exists and
            ``resume`` is false.
    """

    def __init__(self, out: Path, form: str, types: Mapping[str, type], settings: JsonObject, *, resume: bool) -> None:
        self.out, self.form, self.types = out, form, types
        self.path = partial(out)
        self.done: set[str] = set()
        self.drawn: list[str] = []
        self.counts: Counter[str] = Counter()
        if self.path.exists() and not self.path.is_file():
            raise OutputError(f"'{self.path}' is not a file: remove it, or choose another output.")
        try:
            self.file = self.path.open("a", encoding="utf-8", errors="surrogateescape")
            self.lock = Lock.take(self.path)
        except OSError as error:
            raise OutputError(f"'{self.path}' can't be written: {error.strerror or error}.") from None
        try:
            self._begin(dict(settings), resume)
        except BaseException:
            self.close()
            raise

    def _begin(self, settings: JsonObject, resume: bool) -> None:
        if self.lock is None:
            raise OutputError(
                f"Another process is writing '{self.out}': wait until it has ended, or choose another output."
            )
        if self.path.stat().st_size and not resume:
            raise OutputError(
                f"'{self.path}' has the results of a stopped run: resume with --resume, or remove it to start again."
            )
        if not self._take_up(settings):
            self._write({"settings": settings})

    def _take_up(self, settings: JsonObject) -> bool:
        """Load the finished rows and cut off an incomplete line; false if not even the header is complete."""
        length = 0
        with self.path.open("rb+") as file:
            for number, line in enumerate(file):
                if not line.endswith(b"\n"):
                    break
                record = self._parsed(number, line)
                if number == 0:
                    self._compare(record["settings"], settings)
                else:
                    self.done.add(record["photo"])
                    self.drawn += [record["drawn"]] if "drawn" in record else []
                    self.counts.update(row["status"] for row in record["rows"])
                length += len(line)
            file.truncate(length)
        return length > 0

    def _parsed(self, number: int, line: bytes) -> JsonObject:
        """A line's record, with the types of all fields checked."""
        try:
            record: dict[str, Any] = json.loads(line.decode("utf-8", "surrogateescape"))
            if number == 0:
                sound = isinstance(record["settings"], dict)
            else:
                texts = (record["photo"], record.get("drawn", ""), *(row["status"] for row in record["rows"]))
                sound = all(isinstance(text, str) for text in texts) and all(
                    _fits(row, self.types) for row in record["rows"]
                )
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            sound = False
        if not sound:
            raise OutputError(f"'{self.path}' is damaged in line {number + 1}: remove it to start again.")
        return record

    def _compare(self, there: JsonObject, settings: JsonObject) -> None:
        other = sorted(name for name in {*there, *settings} if there.get(name) != settings.get(name))
        if not other:
            return
        photos = other[0] in ("folder", "photos") and len(other) == 1
        what = "another list of photos" if photos else f"another model or other options ({', '.join(other)})"
        raise OutputError(f"'{self.path}' was started with {what}: use the same ones, or remove it to start again.")

    def add(self, photo: str, rows: list[Row], drawn: str | None = None) -> None:
        """Append a photo's rows, and the name of the drawn picture; the write has reached the system on return."""
        self.counts.update(row["status"] for row in rows)
        self._write({"photo": photo, "rows": rows} | ({} if drawn is None else {"drawn": drawn}))

    def _write(self, record: JsonObject) -> None:
        try:
            self.file.write(json.dumps(record, ensure_ascii=False) + "\n")
            self.file.flush()
        except OSError as error:
            raise OutputError(f"'{self.path}' can't be written: {error.strerror or error}.") from None

    def rows(self) -> Iterator[Row]:
        """All rows so far, in order."""
        with self.path.open(encoding="utf-8", errors="surrogateescape") as file:
            next(file)
            for line in file:
                yield from json.loads(line)["rows"]

    def finish(self, revise: Callable[[Row], Row] | None = None) -> None:
        """Write the output, if there are rows, each changed by ``revise``; then remove the journal."""
        if self.counts:
            with opened(self.out, self.form, self.types) as to:
                for row in self.rows():
                    to.write(row if revise is None else revise(row))
        self.file.close()  # Windows removes no open file
        self.path.unlink()
        self.close()

    def close(self) -> None:
        """Keep the journal, and release its lock."""
        self.file.close()
        if self.lock is not None:
            self.lock.release()


def track_columns(classes: Sequence[str]) -> dict[str, type]:
    """The columns of a flat table of a video's faces, with types."""
    faces = {
        name: kind
        for name, kind in columns(classes).items()
        if name not in ("photo", "status", "face", "note", "error")
    }
    return {"frame": int, "time": float, "status": str, "track": int} | faces


def _fits(row: Row, types: Mapping[str, type]) -> bool:
    """Whether a row from a file matches these columns."""
    return all(
        value is None or type(value) is kind or (kind is float and type(value) is int)
        for value, kind in ((value, types.get(name)) for name, value in flat(row).items())
    )
