"""Parquet files in the layout of the ``datasets`` library: an encoded picture and a label per row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mien import emotions
from mien.data.faceset import FaceSet, canonical_split
from mien.data.layouts import codes
from mien.data.layouts.rows import Rows
from mien.data.layouts.survey import Survey, split_of, split_rank
from mien.data.reading import ReadOptions
from mien.errors import DataError, MissingExtraError

IMAGE_COLUMNS = ("image", "img_bytes", "image_bytes", "img")
LABEL_COLUMNS = ("label", "labels", "emotion", "expression")
VOTES_PREFIX = "votes_"


@dataclass(frozen=True)
class _File:
    """An open file, and the columns of it that are read; a missing one is None."""

    path: Path
    parquet: Any
    image: str
    label: str | None
    others: tuple[str, ...]

    @property
    def votes(self) -> tuple[str, ...]:
        return tuple(column for column in self.others if column.startswith(VOTES_PREFIX))


@dataclass(frozen=True)
class _Meaning:
    """What the labels mean.

    Attributes:
        names: the class name of each integer; None where labels are codes or names themselves.
        class_map: the source's codes or names with mien's; None where any name may come.
        classes: the classes of the set, in order.
        note: a sentence for the user; empty where nothing had to be assumed.
    """

    names: tuple[str, ...] | None
    class_map: dict[str, str] | None
    classes: tuple[str, ...]
    note: str = ""


def matches(survey: Survey) -> bool:
    """Whether there are Parquet files."""
    return bool(survey.parquet)


def read(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read one file, or all the shards of a folder.

    Raises:
        DataError: a file is damaged, or has no column of pictures or of labels, or no row is usable.
        MissingExtraError: pyarrow isn't installed.
    """
    files = [_open(path) for path in sorted(survey.parquet, key=split_rank)]
    meaning = _meaning(files)
    rows = Rows("parquet", survey.path, meaning.class_map)
    if meaning.note:
        rows.notes.append(meaning.note)
    known = set(meaning.classes)
    votes = {column: _vote_class(column, known) for file in files for column in file.votes}
    unkept = sorted(column for column, name in votes.items() if name not in known)
    if unkept:
        rows.notes.append(f"Votes for what is no class of the set were not kept: {', '.join(unkept)}.")
    kept = {column: name for column, name in votes.items() if name in known}
    for file in files:
        _add(rows, file, meaning.names, kept)
    return rows.faceset(options.size, meaning.classes)


def _open(path: Path) -> _File:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError("pyarrow", "report") from None
    try:
        opened = parquet.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(_damaged(path, error)) from None
    return _with_columns(path, opened)


def _with_columns(path: Path, opened: Any) -> _File:
    columns = list(opened.schema_arrow.names)
    image = next((name for name in IMAGE_COLUMNS if name in columns), None)
    label = next((name for name in LABEL_COLUMNS if name in columns), None)
    if image is None:
        raise DataError(
            f"'{path}' has no column of pictures ({', '.join(IMAGE_COLUMNS)}): it has {', '.join(columns) or 'none'}."
        )
    if label is None and split_of(path) not in ("test", "public_test", "private_test"):
        raise DataError(f"'{path}' has no column of labels ({', '.join(LABEL_COLUMNS)}): it has {', '.join(columns)}.")
    others = [name for name in columns if name in ("split", "subject", "name") or _is_votes(opened.schema_arrow, name)]
    return _File(path, opened, image, label, tuple(others))


def _is_votes(schema: Any, column: str) -> bool:
    from pyarrow import types

    kind = schema.field(column).type
    return column.startswith(VOTES_PREFIX) and (types.is_integer(kind) or types.is_floating(kind))


def _meaning(files: Iterable[_File]) -> _Meaning:
    """What the labels mean: by mien's own metadata, else by those of the datasets library, else by the values."""
    found = [(file, *_declared(file)) for file in files if file.label is not None]
    for file, names, classes in found:
        if names != found[0][1]:
            raise DataError(
                f"'{file.path}' and '{found[0][0].path}' name their classes differently: read them one by one."
            )
        if classes:
            return _Meaning(classes, {name: name for name in classes}, classes)
    if found and found[0][1]:
        names = found[0][1]
        class_map = {name: emotions.canonical(name) or name.strip().lower() for name in names}
        return _Meaning(names, class_map, emotions.in_order(class_map.values()))
    return _by_values([file for file, _, _ in found])


def _declared(file: _File) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """The class names in the metadata of the ``datasets`` library, and the classes in those of mien."""
    metadata = file.parquet.schema_arrow.metadata or {}
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}")).get("info", {}).get("features", {})
        names = features.get(file.label, {}).get("names")
        classes = json.loads(metadata.get(b"mien", b"{}")).get("classes")
    except (ValueError, AttributeError):
        raise DataError(f"'{file.path}' has metadata that can't be read: write it again.") from None
    return (tuple(map(str, names)) if names else None), (tuple(map(str, classes)) if classes else None)


def _by_values(files: Sequence[_File]) -> _Meaning:
    values = {value for file in files for value in _label_values(file)} - {"None", "nan", "-1"}
    class_map, note = codes.meaning(values, f"'{files[0].path}'" if files else "")
    names = class_map.values() if class_map else [emotions.canonical(name) or name.lower() for name in values]
    return _Meaning(None, class_map, emotions.in_order(names), note)


def _add(rows: Rows, file: _File, names: tuple[str, ...] | None, votes: Mapping[str, str]) -> None:
    """Add the rows of one file; ``votes`` maps the vote columns that are kept to class names."""
    of_file = split_of(file.path) or "train"
    for number, record in enumerate(_records(file)):
        name, encoded = _name_and_bytes(record, file, number)
        given = record.get("split")
        split = of_file if given is None else canonical_split(str(given))
        if split is None:
            rows.drop(name, f"unknown split '{given}'")
        elif encoded is None:
            rows.drop(name, "the file holds no bytes of the picture")
        else:
            # The order of the two makes NaN, which is neither less nor more, a zero.
            counts = {votes[column]: max(0.0, float(record[column] or 0)) for column in file.votes if column in votes}
            subject = str(record.get("subject") or "")
            rows.add(name, encoded, _raw_class(record, file, names), split, subject=subject, votes=counts)


def _name_and_bytes(record: Mapping[str, Any], file: _File, number: int) -> tuple[str, bytes | None]:
    value = record[file.image]
    encoded, path = (value.get("bytes"), value.get("path")) if isinstance(value, dict) else (value, None)
    name = record.get("name") or (Path(path).name if path else f"{file.path.stem}/{number}")
    return str(name), encoded if isinstance(encoded, bytes) else None


def _raw_class(record: Mapping[str, Any], file: _File, names: tuple[str, ...] | None) -> str | None:
    value = None if file.label is None else record[file.label]
    # An empty cell is None, or NaN among floats; -1 is what the datasets library writes where a ClassLabel is unknown.
    if value is None or value != value or value == -1:
        return None
    if names is None or not isinstance(value, int):
        return codes.plain(str(value))
    return names[value] if 0 <= value < len(names) else str(value)


def _records(file: _File) -> Iterator[dict[str, Any]]:
    columns = [file.image, *([file.label] if file.label else []), *file.others]
    with _reading(file):
        for batch in file.parquet.iter_batches(batch_size=4096, columns=columns):
            yield from batch.to_pylist()


def _label_values(file: _File) -> set[str]:
    with _reading(file):
        return {codes.plain(str(value)) for value in file.parquet.read(columns=[file.label])[file.label].to_pylist()}


@contextmanager
def _reading(file: _File) -> Iterator[None]:
    """Turn what pyarrow raises on damaged pages into one sentence."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(_damaged(file.path, error)) from None


def _damaged(path: Path, error: Exception) -> str:
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return f"'{path}' is damaged or cut off ({reason}): download or copy it again."


def _vote_class(column: str, classes: set[str]) -> str | None:
    name = column.removeprefix(VOTES_PREFIX)
    return name if name in classes else emotions.canonical(name)
