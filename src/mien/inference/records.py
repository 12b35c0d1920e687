"""Readings as rows, and rows as files: JSON Lines, CSV, Parquet and JSON, whole or not at all, and resumable.

A row is a face; a photo without one is a row ``no_face``, a photo that can't be read a row ``error``.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, TextIO

import numpy as np
from numpy.typing import NDArray

from mien import escapes, files
from mien.errors import OutputError
from mien.inference import priors
from mien.inference.classifier import Classifier
from mien.inference.photo import PhotoResult
from mien.locks import Lock

Row = dict[str, Any]

FORMATS = ("jsonl", "csv", "parquet", "json")
"""What rows are written as; a file's ending says which."""

SIDES = ("left", "top", "right", "bottom")
CHUNK = 4096
"""Rows that are held before they go into a Parquet file."""


def rows_of(reading: PhotoResult) -> list[Row]:
    """The rows of one photo: one a face, or one that says that there is none or why it couldn't be read."""
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
    """The class shares ``(K,)`` among the faces of rows, estimated.

    Raises:
        DataError: they have too few faces.
    """
    faces = [list(row["probabilities"].values()) for row in rows if row["status"] == "face"]
    return priors.estimate(np.array(faces, np.float32), classifier.shares)


def with_prior(row: Row, classifier: Classifier, shares: NDArray[np.float64], abstain: float) -> Row:
    """A row as it would be with class shares in use ``(K,)`` that weren't stated when it was read."""
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
    """The columns of a flat table of faces, each with its type."""
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
        **{f"p_{name}": float for name in classes},
        "prior": str,
        "note": str,
        "error": str,
    }


def flat(row: Row) -> Row:
    """A row without lists or dictionaries in it: a column a side of the box and a column a class; landmarks are left out."""
    values = {key: value for key, value in row.items() if key not in ("box", "landmarks", "probabilities")}
    values |= dict(zip(SIDES, row.get("box", ()), strict=False))
    return values | {f"p_{name}": value for name, value in row.get("probabilities", {}).items()}


def format_of(path: Path) -> str:
    """The format that a file's ending asks for.

    Raises:
        OutputError: it ends in none of them.
    """
    ending = path.suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        raise OutputError(f"'{path}' should end in one of {', '.join('.' + name for name in FORMATS)}: rename it.")
    return ending


class Writer(Protocol):
    """Takes rows one after another."""

    def write(self, row: Row) -> None:
        """Add a row."""

    def close(self) -> None:
        """Write what is still held."""


class LinesWriter:
    """JSON Lines: one row a line."""

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def write(self, row: Row) -> None:
        """Add a row."""
        self.file.write(escapes.to_json(row, self.file.encoding) + "\n")

    def close(self) -> None:
        """Nothing is held."""


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
        """Nothing is held."""


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
        """Write the last group and the file's foot."""
        self._flush()
        self.file.close()

    def _flush(self) -> None:
        if self.held:
            self.file.write_table(self.table.from_pylist(self.held, schema=self.schema))
            self.held = []


def writer(form: str, file: TextIO, types: Mapping[str, type]) -> Writer:
    """A writer of text in one of the formats but Parquet, which is no text."""
    makers: dict[str, Callable[[], Writer]] = {
        "jsonl": lambda: LinesWriter(file),
        "json": lambda: JsonWriter(file),
        "csv": lambda: CsvWriter(file, types),
    }
    return makers[form]()


@contextmanager
def opened(path: Path, form: str, types: Mapping[str, type]) -> Iterator[Writer]:
    """A writer to a file that is there once all is written, or not at all.

    Raises:
        OutputError: it can't be written to.
    """
    with files.atomic_write(path) as temporary, ExitStack() as stack:
        if form == "parquet":
            # By its path, pyarrow writes no file whose name isn't UTF-8.
            to: Writer = ParquetWriter(stack.enter_context(temporary.open("wb")), types)
        else:
            to = writer(form, stack.enter_context(temporary.open("w", encoding="utf-8", newline="")), types)
        try:
            yield to
        finally:
            to.close()


def partial(out: Path) -> Path:
    """Where the journal of an output lies while it isn't whole."""
    return out.with_name(out.name + ".partial")


class Journal:
    """What makes a long run resumable: a file beside the output to which each photo's rows are added as one line.

    A line is whole or it doesn't count, so a run killed at any moment loses at most the photos it was at, and repeats none
    of those it has. When all is read, ``finish`` writes the output and removes the journal.

    Args:
        out: the output that it is for; the journal is ``OUT.partial``.
        form: the format of the output.
        types: the columns of a flat output.
        settings: what the rows depend on; a journal of other settings isn't gone on with.
        resume: go on with the journal that is there, if there is one.

    Attributes:
        done: the photos whose rows it has.
        drawn: the names of the pictures that were drawn for them.
        counts: how many rows there are of each status.

    Raises:
        OutputError: it can't be written, another process writes it, was begun with other settings, is damaged, or is there and
            isn't to be gone on with.
    """

    def __init__(
        self, out: Path, form: str, types: Mapping[str, type], settings: Mapping[str, Any], *, resume: bool
    ) -> None:
        self.out, self.form, self.types = out, form, types
        self.path = partial(out)
        self.done: set[str] = set()
        self.drawn: list[str] = []
        self.counts: Counter[str] = Counter()
        if self.path.exists() and not self.path.is_file():
            raise OutputError(f"'{self.path}' is no file: remove it, or choose another output.")
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

    def _begin(self, settings: dict[str, Any], resume: bool) -> None:
        if self.lock is None:
            raise OutputError(
                f"Another process is writing '{self.out}': wait until it has ended, or choose another output."
            )
        if self.path.stat().st_size and not resume:
            raise OutputError(
                f"'{self.path}' is what a stopped run has read: go on with --resume, or remove it to begin anew."
            )
        if not self._take_up(settings):
            self._write({"settings": settings})

    def _take_up(self, settings: dict[str, Any]) -> bool:
        """Read what is done and cut off a half line; false where not even the header is whole."""
        whole = 0
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
                whole += len(line)
            file.truncate(whole)
        return whole > 0

    def _parsed(self, number: int, line: bytes) -> dict[str, Any]:
        """A line's record, of which every part has the type that it must have."""
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
            raise OutputError(f"'{self.path}' is damaged in line {number + 1}: remove it to begin anew.")
        return record

    def _compare(self, there: dict[str, Any], settings: dict[str, Any]) -> None:
        other = sorted(name for name in {*there, *settings} if there.get(name) != settings.get(name))
        if not other:
            return
        photos = other[0] in ("folder", "photos") and len(other) == 1
        what = "another list of photos" if photos else f"another model or other options ({', '.join(other)})"
        raise OutputError(f"'{self.path}' was begun with {what}: use the same ones, or remove it to begin anew.")

    def add(self, photo: str, rows: list[Row], drawn: str | None = None) -> None:
        """Add a photo's rows, and the name of the picture that was drawn; they are with the system when this returns."""
        self.counts.update(row["status"] for row in rows)
        self._write({"photo": photo, "rows": rows} | ({} if drawn is None else {"drawn": drawn}))

    def _write(self, record: dict[str, Any]) -> None:
        try:
            self.file.write(json.dumps(record, ensure_ascii=False) + "\n")
            self.file.flush()
        except OSError as error:
            raise OutputError(f"'{self.path}' can't be written: {error.strerror or error}.") from None

    def rows(self) -> Iterator[Row]:
        """All rows so far, in the order in which they came."""
        with self.path.open(encoding="utf-8", errors="surrogateescape") as file:
            next(file)
            for line in file:
                yield from json.loads(line)["rows"]

    def finish(self, revise: Callable[[Row], Row] | None = None) -> None:
        """Write the output, where there are rows, each as ``revise`` makes it; then remove the journal."""
        if self.counts:
            with opened(self.out, self.form, self.types) as to:
                for row in self.rows():
                    to.write(row if revise is None else revise(row))
        self.path.unlink()
        self.close()

    def close(self) -> None:
        """Leave the journal as it is, and let others have it."""
        self.file.close()
        if self.lock is not None:
            self.lock.release()


def track_columns(classes: Sequence[str]) -> dict[str, type]:
    """The columns of a flat table of a video's faces, each with its type."""
    faces = {
        name: kind
        for name, kind in columns(classes).items()
        if name not in ("photo", "status", "face", "note", "error")
    }
    return {"frame": int, "time": float, "track": int} | faces


def _fits(row: Row, types: Mapping[str, type]) -> bool:
    """Whether a row that comes from a file can be written as one of these columns."""
    return all(
        value is None or type(value) is kind or (kind is float and type(value) is int)
        for value, kind in ((value, types.get(name)) for name, value in flat(row).items())
    )
