"""Load the arrays of a .npz, .npy or HDF5 file by name, without running code in it or reading other files."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.data.layouts import filekinds
from mien.errors import DataError, MienError, MissingExtraError

MAX_BYTES = 2**35
"""Maximum unpacked size of a file of arrays, in bytes."""


def load(path: Path) -> dict[str, NDArray[Any]]:
    """Read the arrays of a file; that of a .npy file has no name.

    Raises:
        DataError: it is damaged, too large, or holds Python objects.
        MissingExtraError: it is HDF5 and h5py isn't installed.
    """
    try:
        kind = filekinds.kind(path)
        if kind == "npy":
            # The file is opened here because np.load doesn't close a truncated file.
            with path.open("rb") as file:
                array = np.lib.format.read_array(file, allow_pickle=False)
            return {"": array} if array.ndim else {}
        if kind == "npz":
            return _of_npz(path)
        if kind == "hdf5":
            return _of_hdf5(path)
        raise DataError(filekinds.advice(path))
    except MienError:
        raise
    except MemoryError:
        raise DataError(f"'{path}' holds an array larger than the memory: save it in parts.") from None
    except Exception as error:  # a damaged file may raise errors of zip, zlib, NumPy or HDF5
        if "allow_pickle" in str(error) or "Object arrays" in str(error):
            raise DataError(
                f"'{path}' holds Python objects, which can run any program when they are opened: save arrays of numbers and text."
            ) from None
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(f"'{path}' is damaged or cut off ({reason[:120]}): save or download it again.") from None


def _of_npz(path: Path) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
            raise DataError(f"'{path}' unpacks to more than {MAX_BYTES:,} bytes: save it in parts.")
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    return {name: array for name, array in found.items() if array.ndim}


def _of_hdf5(path: Path) -> dict[str, NDArray[Any]]:
    try:
        import h5py
    except ImportError:
        raise MissingExtraError("h5py", "formats") from None
    found: dict[str, NDArray[Any]] = {}

    def add(name: str, item: Any) -> None:
        if not isinstance(item, h5py.Dataset) or not item.shape or "#refs#" in name:
            return
        if item.external or item.is_virtual:
            raise DataError(f"'{path}' takes '{name}' from other files: save one file that holds all.")
        if item.nbytes > MAX_BYTES:
            raise DataError(f"'{path}' has more than {MAX_BYTES:,} bytes in '{name}': save it in parts.")
        if h5py.check_string_dtype(item.dtype) is not None:
            found[name] = np.array(item.asstr(errors="replace")[()], np.str_)
        elif item.dtype.kind in "uifbS":
            found[name] = item[()]

    with h5py.File(path, "r") as file:
        file.visititems(add)
    return found
