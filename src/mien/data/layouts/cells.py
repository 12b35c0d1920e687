"""Faces in the cells of Parquet and Arrow columns: encoded pictures, or pixels as lists, nested lists or text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien.data.layouts import delimited, pixels

Cell = bytes | NDArray[Any] | str
"""An encoded picture, an array of pixels, or the reason why there is neither."""


def are_encoded(column: Any) -> bool:
    """Whether an Arrow column has encoded pictures: bytes, or structs of ``bytes`` and ``path``."""
    from pyarrow import types

    kind = column.type
    if types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
        kind = kind.field("bytes").type
    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def faces(column: Any) -> list[tuple[Cell, str]]:
    """The faces in an Arrow column, each with the name of its file; empty if there is none."""
    from pyarrow import types

    if not are_encoded(column):
        return [_face(cell) for cell in column]
    encoded, paths = column, [None] * len(column)
    if types.is_struct(column.type):
        parts = dict(zip((field.name for field in column.type), column.flatten(), strict=True))
        encoded, paths = parts["bytes"], parts["path"].to_pylist() if "path" in parts else paths
    return [(_encoded(data), _name(path)) for data, path in zip(encoded.to_pylist(), paths, strict=True)]


def joined(columns: Sequence[Any]) -> Any:
    """Arrow columns of one number each as one column of lists."""
    import pyarrow as pa

    values = np.stack([column.to_numpy(zero_copy_only=False) for column in columns], axis=1)  # (rows, columns)
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), len(columns))


def _face(cell: Any) -> tuple[Cell, str]:
    if hasattr(cell, "values") and cell.is_valid and not hasattr(cell, "keys"):  # a list; a struct has keys
        return _array(cell), ""
    value = cell.as_py()
    encoded, path = (value.get("bytes"), value.get("path")) if isinstance(value, dict) else (value, None)
    if isinstance(encoded, str) and delimited.looks_like_pixels(encoded):
        return pixels.parse(encoded), _name(path)
    return _encoded(encoded), _name(path)


def _encoded(cell: Any) -> Cell:
    return cell if isinstance(cell, bytes) else "the file holds no bytes of the picture"


def _name(path: Any) -> str:
    return Path(path).name if isinstance(path, str) else ""


def gray(faces: Sequence[Cell]) -> list[bytes | NDArray[np.uint8] | str]:
    """The faces of one column: arrays as gray ``(H, W)``, pictures unchanged. The range of values is determined from all faces."""
    flat = [one for one in faces if isinstance(one, np.ndarray) and one.ndim == 1]
    arrays = [one for one in faces if isinstance(one, np.ndarray)]
    shapes = pixels.shapes(flat)
    scaled = 2 * sum(one.dtype != np.uint8 for one in arrays) > len(arrays)
    return [_gray(one, shapes, scaled) if isinstance(one, np.ndarray) else one for one in faces]


def _array(cell: Any) -> NDArray[Any] | str:
    from pyarrow import types

    try:
        nested = types.is_nested(cell.values.type)
        values = np.array(cell.as_py() if nested else cell.values.to_numpy(zero_copy_only=False), np.float64)
    except (ValueError, TypeError):
        return "its pixels are no rows of numbers of one length"
    return pixels.of_numbers(values)


def _gray(values: NDArray[Any], shapes: dict[int, pixels.Shape], scaled: bool) -> NDArray[np.uint8] | str:
    if values.dtype != np.uint8 and not scaled:
        return "it has pixels from 0 to 1 among faces from 0 to 255"
    if scaled and values.max() <= 1:
        values = (values.astype(np.float64) * 255 + 0.5).astype(np.uint8)
    if values.ndim == 1:
        shape = shapes.get(len(values))
        return (
            f"it has {len(values):,} pixels, and no face of H x H has so many"
            if shape is None
            else pixels.square(values, shape)
        )
    values = values[0] if values.shape[0] == 1 else values[..., 0] if values.shape[-1] == 1 else values
    if values.ndim == 2:
        return np.ascontiguousarray(values)
    if values.ndim == 3 and 3 in (values.shape[0], values.shape[-1]):
        colours = values if values.shape[-1] == 3 else values.transpose(1, 2, 0)
        return np.asarray(Image.fromarray(np.ascontiguousarray(colours)).convert("L"))
    return f"its pixels have the shape {values.shape}, which is no face"
