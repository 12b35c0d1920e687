"""Write FaceSets to disk: as Parquet, which is lossless, or as folders of pictures, which people can view."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien import escapes, files, images
from mien.checks import checked
from mien.data.faceset import SPLITS, UNLABELLED, FaceSet
from mien.data.layouts.folders import UNLABELLED_FOLDER
from mien.data.layouts.parquet import VOTES_PREFIX
from mien.errors import MissingExtraError, OutputError
from mien.threads import in_threads

_ROWS_PER_GROUP = 4096
_MAX_NAME = 60  # characters of up to 4 bytes; file systems allow 255 bytes


@checked
def convert(faceset: FaceSet, out: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write a FaceSet in the format given by the suffix of ``out``: ``.parquet``, or none for folders of pictures.

    Raises:
        OutputError: the suffix is another one, or the path can't be written to, or exists and ``overwrite`` is false.
    """
    path = Path(out)
    if path.suffix.lower() == ".parquet":
        return write_parquet(faceset, path, overwrite=overwrite)
    if not path.suffix:
        return write_folders(faceset, path, overwrite=overwrite)
    raise OutputError(f"'{path}' ends in {path.suffix}: use .parquet, or no suffix for folders of pictures.")


@checked
def write_parquet(faceset: FaceSet, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write one Parquet file, which the ``datasets`` library can read too; ``layouts.read`` returns the same rows.

    Columns: ``image`` (struct of PNG ``bytes`` and ``path``), ``label`` (-1 if unlabelled), ``split``, ``name``, and, if the
    set has them, ``subject`` and ``votes_<class>``.

    Raises:
        OutputError: the path can't be written to, or exists and ``overwrite`` is false.
        MissingExtraError: pyarrow isn't installed.
    """
    try:
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError("pyarrow", "report") from None
    schema = _schema(faceset)
    with (
        files.atomic_write(path, overwrite=overwrite, inputs=[faceset.source.path]) as temporary,
        temporary.open("wb") as file,  # pyarrow can't write to a path whose name isn't UTF-8
        parquet.ParquetWriter(file, schema) as writer,
    ):
        for start in range(0, len(faceset), _ROWS_PER_GROUP):
            writer.write_table(_table(faceset, slice(start, start + _ROWS_PER_GROUP), schema))
    return Path(path)


@checked
def write_folders(faceset: FaceSet, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write ``<split>/<class>/<name>.png``, and ``<split>/unlabelled/<name>.png`` if the class isn't known.

    Names are shortened for all file systems, and numbered if two are the same. Votes and subjects are not stored.

    Raises:
        OutputError: the path can't be written to, exists and ``overwrite`` is false, or has other files in it.
    """
    if len({_safe(name).lower() for name in faceset.classes}) < len(faceset.classes):
        raise OutputError("The names of the classes are too similar for folders: write a .parquet file instead.")
    _check_replaceable(Path(path))
    with files.atomic_write(path, "folder", overwrite=overwrite, inputs=[faceset.source.path]) as temporary:
        temporary.mkdir()
        places = [temporary / name for name in _file_names(faceset)]
        for parent in {place.parent for place in places}:
            parent.mkdir(parents=True)
        in_threads(lambda pair: _write_png(*pair), list(zip(places, faceset.images, strict=True)))
    return Path(path)


def _check_replaceable(path: Path) -> None:
    """Refuse a folder with files that ``write_folders`` has not written, as they would be lost."""
    found = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []
    if foreign := [name for name in found if name not in SPLITS]:
        raise OutputError(
            f"'{path}' holds '{foreign[0]}', which is not part of a converted data set and would be lost: choose another path."
        )


def _write_png(path: Path, face: NDArray[np.uint8]) -> None:
    path.write_bytes(images.encode_png(face))


def _schema(faceset: FaceSet) -> Any:
    import pyarrow as pa

    kinds = {
        "image": pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
        "label": pa.int64(),
        "split": pa.string(),
        "name": pa.string(),
        **({} if faceset.subjects is None else {"subject": pa.string()}),
        **({} if faceset.votes is None else {VOTES_PREFIX + name: pa.float32() for name in faceset.classes}),
    }
    return pa.schema(kinds, _metadata(faceset, {name: str(kind) for name, kind in kinds.items()}))


def _table(faceset: FaceSet, rows: slice, schema: Any) -> Any:
    """Some rows as an Arrow table, so that only their pictures are encoded at once."""
    import pyarrow as pa

    encoded = in_threads(images.encode_png, list(faceset.images[rows]))
    names = [escapes.readable(name) for name in faceset.names[rows].tolist()]
    columns: dict[str, Any] = {
        "image": [{"bytes": data, "path": f"{_stem(name)}.png"} for data, name in zip(encoded, names, strict=True)],
        "label": faceset.labels[rows],
        "split": faceset.splits[rows].tolist(),
        "name": names,
    }
    if faceset.subjects is not None:
        columns["subject"] = list(map(escapes.readable, faceset.subjects[rows].tolist()))
    if faceset.votes is not None:
        columns |= {VOTES_PREFIX + name: faceset.votes[rows, place] for place, name in enumerate(faceset.classes)}
    return pa.table([pa.array(columns[field.name], field.type) for field in schema], schema=schema)


def _metadata(faceset: FaceSet, types: dict[str, str]) -> dict[str, str]:
    """The features in the format of the ``datasets`` library, and under mien's own key the classes in order and the coding."""
    features: dict[str, Any] = {name: {"dtype": kind, "_type": "Value"} for name, kind in types.items()}
    features["image"] = {"_type": "Image"}
    features["label"] = {"names": list(faceset.classes), "_type": "ClassLabel"}
    for name, feature in features.items():
        if feature.get("dtype") == "float":
            features[name]["dtype"] = "float32"  # the name in the datasets library
    own: dict[str, Any] = {"classes": list(faceset.classes)}
    if faceset.source.coding is not None:
        own["coding"] = faceset.source.coding.to_dict()
    return {"huggingface": json.dumps({"info": {"features": features}}), "mien": json.dumps(own)}


def _file_names(faceset: FaceSet) -> Iterator[Path]:
    unique = files.UniqueNames()
    for name, label, split in zip(
        faceset.names.tolist(), faceset.labels.tolist(), faceset.splits.tolist(), strict=True
    ):
        folder = UNLABELLED_FOLDER if label == UNLABELLED else _safe(faceset.classes[label])
        yield Path(unique.name(f"{split}/{folder}/{_stem(name)}", ".png"))


def _stem(name: str) -> str:
    """The last part of a row's name, without an image suffix, as a file name."""
    last = re.split(r"[/\\]", name)[-1]
    return _safe(last[: -len(Path(last).suffix)] if Path(last).suffix.lower() in images.SUFFIXES else last)


def _safe(text: str) -> str:
    """Text with letters, digits and ``._-`` only, not hidden, and short enough for every file system in any script."""
    return re.sub(r"[^\w.-]+", "_", text).strip(".")[:_MAX_NAME] or "face"
