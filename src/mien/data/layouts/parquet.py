"""Parquet files in the layout of the ``datasets`` library: an encoded picture and a label per row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mien import emotions, escapes
from mien.data.faceset import FaceSet
from mien.data.layouts import cells, codes, filekinds, pixels
from mien.data.layouts.arrowfile import ArrowFile
from mien.data.layouts.columns import Labelling, Roles, is_class_head, label_of, majority, roles, shared
from mien.data.layouts.rows import Rows
from mien.data.layouts.survey import Survey, split_of, split_rank
from mien.data.reading import ReadOptions
from mien.data.source import ChosenCoding
from mien.errors import DataError, MissingExtraError
from mien.typed_json import JsonObject

IMAGE_COLUMNS = ("image", "img_bytes", "image_bytes", "img")
LABEL_COLUMNS = ("label", "labels", "emotion", "expression")
VOTES_PREFIX = "votes_"
_SAMPLE_ROWS = 50
_MAX_CLASSES = 32  # a list of more numbers is no list of votes


@dataclass(frozen=True)
class _File:
    """An open file and its columns; a missing one is None.

    Attributes:
        path: the file.
        parquet: the file opened by pyarrow.
        image: column of pictures or pixels; empty if each pixel has its own.
        roles: roles of the other columns in ``heads``.
        heads: columns of single values, in order.
        votes: those of them that mien wrote for the votes of each class.
        listed: column with a list of votes, or one-hot, per face.
        pixels: columns of one pixel each, row by row.
    """

    path: Path
    parquet: Any
    image: str
    heads: tuple[str, ...]
    roles: Roles
    votes: tuple[str, ...] = ()
    listed: str | None = None
    pixels: tuple[str, ...] = ()

    @property
    def label(self) -> str | None:
        """The column of the class."""
        return self.listed if self.roles.label is None else self.heads[self.roles.label]


@dataclass(frozen=True)
class _Meaning:
    """The meaning of the labels, as far as the file states it.

    Attributes:
        names: class name of each integer; None if labels are codes or names themselves.
        class_map: from the source's names to mien's; None if any name may occur.
        classes: classes of the set, in order; None for those that occur.
        coding: the coding of the numbers from which mien wrote the file, or None.
    """

    names: tuple[str, ...] | None = None
    class_map: dict[str, str] | None = None
    classes: tuple[str, ...] | None = None
    coding: ChosenCoding | None = None


def matches(survey: Survey) -> bool:
    """Whether there are Parquet files."""
    return bool(survey.parquet)


def read(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read one file, or all shards in a folder.

    Raises:
        DataError: a file is damaged, or has no column of pictures or of labels, or no row is usable.
        MissingExtraError: pyarrow isn't installed.
    """
    opened = [_open(path) for path in sorted(survey.parquet, key=split_rank)]
    files = [replace(file, roles=file.roles.keeping(file.heads, options.columns)) for file in opened]
    meaning = _meaning(files)
    rows = Rows("parquet", survey.path, meaning.class_map, coding=meaning.coding)
    rows.columns = tuple(dict.fromkeys(head for file in files for head in file.heads if head != file.label))
    rows.notes += dict.fromkeys(file.roles.note for file in files if file.roles.note)
    for file in files:
        _add(rows, file, meaning.names)
    heads = [{head.strip().lower() for head in file.heads} for file in files]
    if meaning.names is None and all({"emotion", "usage"} <= head for head in heads):
        rows.coding = codes.SAID_BY_COLUMNS
    return rows.faceset(options.size, meaning.classes)


def _open(path: Path) -> _File:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError("pyarrow", "report") from None
    try:
        # pyarrow can't read from a path whose name isn't UTF-8.
        is_text = escapes.readable(str(path)) == str(path)
        source = path if is_text else pa.BufferReader(path.read_bytes())
        opened = ArrowFile(path) if filekinds.kind(path) == "arrow" else parquet.ParquetFile(source, pre_buffer=False)
        opened.schema_arrow.names  # noqa: B018 # names that are no text are found here
    except (pa.ArrowException, OSError, MemoryError, ValueError, OverflowError) as error:
        raise DataError(_damaged(path, error)) from None
    return _with_columns(path, opened)


def _with_columns(path: Path, opened: Any) -> _File:
    columns = list(opened.schema_arrow.names)
    image = next((name for name in (*IMAGE_COLUMNS, *columns) if _holds_faces(opened.schema_arrow, name)), "")
    single = () if image else _pixel_columns(opened.schema_arrow)
    if not image and not single:
        raise DataError(
            f"'{path}' has no column of pictures ({', '.join(IMAGE_COLUMNS)}) or of pixels (pixels, or one for each): it has {_few(columns)}."
        )
    own = {image, *single}
    lists = [name for name in columns if name not in own and _is_list(opened.schema_arrow, name)]
    heads = tuple(name for name in columns if name not in own and name not in lists)
    votes = tuple(head for head in heads if _is_votes(opened.schema_arrow, head))
    with _reading(path):
        batch = next(opened.iter_batches(batch_size=_SAMPLE_ROWS, columns=list(heads)), None) if heads else None
        sample = [] if batch is None else [_texts(row, heads) for row in batch.to_pylist()]
    found = roles(["" if head in votes else head for head in heads], sample)
    named = next((heads.index(head) for head in heads if _names(opened, head)), None)  # names of numbers are names too
    if named is not None:
        found = replace(found, label=named)
    listed = next((name for name in sorted(lists, key=lambda name: not is_class_head(name))), None)
    if not found.is_labelled and listed is None and split_of(path) not in ("test", "public_test", "private_test"):
        raise DataError(f"'{path}' has no column of labels ({', '.join(LABEL_COLUMNS)}): it has {_few(columns)}.")
    return _File(path, opened, image, heads, found, votes, listed, single)


def _pixel_columns(schema: Any) -> tuple[str, ...]:
    """The columns of numbers whose names differ in their digits only, if there are as many as a face has pixels."""
    alike: dict[str, list[str]] = {}
    for field in schema:
        if any(map(str.isdecimal, field.name)) and _is_number(field.type):
            alike.setdefault(re.sub(r"\d+", "0", field.name), []).append(field.name)
    most = max(alike.values(), key=len, default=[])
    if not pixels.is_face(len(most)):
        return ()
    return tuple(most[place] for place in pixels.order(most) or range(len(most)))


def _is_number(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_integer(kind) or types.is_floating(kind))


def _few(columns: Sequence[str]) -> str:
    """The first columns, and the number of the others."""
    more = f" and {len(columns) - 12:,} more" if len(columns) > 12 else ""
    return f"{', '.join(columns[:12]) or 'none'}{more}"


def _holds_faces(schema: Any, column: str) -> bool:
    """Whether a column is called as one of pictures or pixels, or can hold nothing else."""
    from pyarrow import types

    if column not in schema.names:
        return False
    kind = schema.field(column).type
    if column in IMAGE_COLUMNS or column.lower() == "pixels" or types.is_binary(kind) or types.is_large_binary(kind):
        return True
    return types.is_struct(kind) and {"bytes", "path"} <= {kind.field(i).name for i in range(kind.num_fields)}


def _is_votes(schema: Any, column: str) -> bool:
    return column.startswith(VOTES_PREFIX) and _is_number(schema.field(column).type)


def _is_list(schema: Any, column: str) -> bool:
    from pyarrow import types

    kind = schema.field(column).type
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _meaning(files: Sequence[_File]) -> _Meaning:
    """The meaning of the labels: from mien's metadata, otherwise from that of the datasets library, otherwise unknown."""
    found = [(file, _declared(file)) for file in files if file.label is not None]
    for file, meaning in found:
        if meaning.names != found[0][1].names:
            raise DataError(
                f"'{file.path}' and '{found[0][0].path}' name their classes differently: read them one by one."
            )
    return found[0][1] if found else _Meaning()


def _declared(file: _File) -> _Meaning:
    """The meaning in the metadata: mien's has the order of the classes and the coding."""
    mien = _metadata(file.path, file.parquet, b"mien")
    try:
        own = tuple(map(str, mien.get("classes") or ()))
        coding = ChosenCoding.from_dict(mien["coding"]) if mien.get("coding") else None
    except (TypeError, ValueError, KeyError, AttributeError):
        raise DataError(_unreadable(file.path)) from None
    if own:
        if coding is None and any(name.isdecimal() for name in own):
            coding = ChosenCoding(codes.OWN, "file", {name: name for name in own})
        return _Meaning(own, {name: name for name in own}, own, coding)
    names = _names(file.parquet, file.label or "", file.path)
    if names is None:
        return _Meaning()
    called = emotions.naming(map(codes.plain, names))
    class_map = {name: called[codes.plain(name)] for name in names}
    return _Meaning(names, class_map, emotions.in_order(class_map.values()))


def _names(opened: Any, column: str, path: Path | None = None) -> tuple[str, ...] | None:
    """The class names of a column's integers in the metadata of the datasets library, or None."""
    metadata = _metadata(path, opened, b"huggingface")
    try:
        feature = metadata.get("info", {}).get("features", {}).get(column, {})
        feature = feature.get("feature", feature) if isinstance(feature, dict) else {}
        names = feature.get("names")
        return tuple(map(str, names)) if names else None
    except (TypeError, AttributeError):
        if path is None:
            return None
        raise DataError(_unreadable(path)) from None


def _metadata(path: Path | None, opened: Any, key: bytes) -> JsonObject:
    try:
        found = json.loads((opened.schema_arrow.metadata or {}).get(key, b"{}"))
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    if path is None:
        return {}
    raise DataError(_unreadable(path))


def _unreadable(path: Path) -> str:
    return f"'{path}' has metadata that can't be read: write it again."


def _add(rows: Rows, file: _File, names: tuple[str, ...] | None) -> None:
    """Add the rows of one file."""
    of_file = split_of(file.path) or "train"
    number = 0
    for batch in _batches(file):
        for face, (_, path, record) in zip(cells.gray([face for face, _, _ in batch]), batch, strict=True):
            texts = _texts(record, file.heads)
            said = _labelling(file, names, record, file.roles.read(texts))
            own_name = "" if file.roles.path is None else texts[file.roles.path]
            name = own_name or path or f"{file.path.stem}/{number}"
            number += 1
            problem = face if isinstance(face, str) else said.problem
            if problem or isinstance(face, str):
                rows.drop(name, problem)
            else:
                rows.add(
                    name,
                    face,
                    said.raw_class,
                    of_file,
                    given_split=said.split,
                    subject=said.subject,
                    votes=said.votes,
                    groups=said.groups,
                )
        rows.decode()


def _texts(record: Mapping[str, Any], heads: Sequence[str]) -> list[str]:
    return ["" if record[head] is None else str(record[head]) for head in heads]


def _labelling(file: _File, names: tuple[str, ...] | None, record: Mapping[str, Any], said: Labelling) -> Labelling:
    """What a row says, its integers turned to names where the file has them, and its list to votes."""
    raw_class = said.raw_class
    if file.votes:
        # The order of the two makes NaN, which is neither less nor more, a zero.
        counts = {head.removeprefix(VOTES_PREFIX): max(0.0, float(record[head] or 0)) for head in file.votes}
        said = replace(said, votes=counts)
    if names is not None and file.roles.label is not None:
        value = record[file.heads[file.roles.label]]
        if isinstance(value, int) and 0 <= value < len(names):
            raw_class = names[value]
    if file.listed is None:
        return replace(said, raw_class=None if raw_class is None else codes.plain(raw_class))
    votes, of_list, problem = _from_list(record[file.listed], names)
    if file.roles.is_labelled:
        return replace(said, raw_class=raw_class, votes=said.votes or votes)
    return replace(said, raw_class=of_list, votes=votes, problem=problem)


def _from_list(
    value: Sequence[Any] | None, names: tuple[str, ...] | None
) -> tuple[dict[str, float] | None, str | None, str]:
    """The votes, the class and the problem of a list: one-hot, votes or shares by class, or the one class itself."""
    if not value:
        return None, None, ""
    keys = names if names is not None and len(names) == len(value) else [str(place) for place in range(len(value))]
    if len(value) == 1:
        only = value[0]
        known = names is not None and isinstance(only, int) and 0 <= only < len(names)
        return None, names[only] if known and names is not None else label_of(codes.plain(str(only))), ""
    if len(value) > _MAX_CLASSES or not all(isinstance(one, int | float) and one == one for one in value):
        return None, None, "its list of labels is no list of votes"
    votes = {key: float(one) for key, one in zip(keys, value, strict=True)}
    raw_class, problem = majority(votes)
    return shared(votes), raw_class, problem


def _batches(file: _File) -> Iterator[list[tuple[cells.Cell, str, dict[str, Any]]]]:
    """Each row's face (or why it has none), the name of its picture, and its other cells.

    All rows are one batch if the faces are pixels, as the range of their values is determined from all of them.
    """
    others = [*([file.listed] if file.listed else []), *file.heads]
    found: list[tuple[cells.Cell, str, dict[str, Any]]] = []
    with _reading(file.path):
        shown = file.pixels or (file.image,)
        for batch in file.parquet.iter_batches(batch_size=4096, columns=[*shown, *others]):
            column = batch.column(file.image) if file.image else cells.joined(batch.select(file.pixels).columns)
            faces = cells.faces(column)
            records = batch.select(others).to_pylist() if others else [{}] * len(batch)
            found += ((*face, record) for face, record in zip(faces, records, strict=True))
            if cells.are_encoded(column):
                yield found
                found = []
    yield found


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn pyarrow's errors on damaged pages into one clear message."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, MemoryError, ValueError, LookupError, OverflowError) as error:
        raise DataError(_damaged(path, error)) from None


def _damaged(path: Path, error: Exception) -> str:
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return f"'{path}' is damaged or cut off ({reason}): download or copy it again."
