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


def face(cell: Any) -> tuple[Cell, str]:
    """The face in an Arrow scalar, and the name of its file; empty if there is none."""
    if hasattr(cell, "values") and cell.is_valid and not hasattr(cell, "keys"):  # a list; a struct has keys
        return _array(cell), ""
    value = cell.as_py()
    encoded, path = (value.get("bytes"), value.get("path")) if isinstance(value, dict) else (value, None)
    name = Path(path).name if isinstance(path, str) else ""
    if isinstance(encoded, str) and delimited.looks_like_pixels(encoded):
        return pixels.parse(encoded), name
    return encoded if isinstance(encoded, bytes) else "the file holds no bytes of the picture", name


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
