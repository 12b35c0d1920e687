"""Recognise binary files by their first bytes, with advice for unsupported ones."""

from __future__ import annotations

from pathlib import Path

_HEAD_BYTES = 1024
_TAR_PLACE = 257  # offset of the signature of a tar archive

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"FEA1", "feather 1"),
    (b"\xff\xff\xff\xff", "arrow"),  # a stream of Arrow begins with the length of its schema
    (b"\x93NUMPY", "npy"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!", "rar"),
    (b"\xd0\xcf\x11\xe0", "xls"),
    (b"MATLAB 5.0", "matlab"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"%PDF", "pdf"),
)

_ADVICE = {
    "feather 1": "a Feather file of version 1, which is no longer written: save it again as Feather 2 or Parquet",
    "7z": "a 7z archive, which mien can't unpack: unpack it, or pack it again as zip",
    "rar": "a RAR archive, which mien can't unpack: unpack it, or pack it again as zip",
    "xls": "an old Excel workbook: save it again as .xlsx or CSV",
    "matlab": "a MATLAB file, which mien doesn't read: export the pictures, or save the arrays as .npz",
    "sqlite": "an SQLite database, which mien doesn't read: export the table as CSV",
    "pdf": "a PDF document: name the file or folder of the data set",
    "pickle": "a Python pickle, which can run any program when it is opened, so mien doesn't: save the arrays as .npz, or the table as CSV or Parquet",
    "tfrecord": "a TFRecord file, which mien doesn't read: save pictures in class folders, or as Parquet",
}

_MEANT = {
    ".npz": "file of NumPy's arrays",
    ".npy": "NumPy array",
    ".h5": "HDF5 file",
    ".hdf5": "HDF5 file",
    ".xlsx": "Excel workbook",
    ".zip": "zip archive",
    ".tar": "tar archive",
    ".tgz": "packed tar archive",
    ".gz": "gzip file",
    ".bz2": "bzip2 file",
    ".xz": "xz file",
}
"""Expected format by suffix, for files whose first bytes contradict it."""

_BY_SUFFIX = {
    ".pkl": "pickle",
    ".pickle": "pickle",
    ".pt": "pickle",
    ".pth": "pickle",
    ".joblib": "pickle",
    ".tfrecord": "tfrecord",
    ".tfrecords": "tfrecord",
}


def kind(path: Path) -> str:
    """The format of a binary file, such as ``"npy"`` or ``"zip"``; empty if its first bytes are unknown.

    Workbooks (.xlsx) and NumPy's .npz are zip archives too; their contents distinguish them.

    Raises:
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head[_TAR_PLACE:].startswith(b"ustar"):
        return "tar"
    found = next((name for magic, name in _MAGIC if head.startswith(magic)), "")
    if found == "zip":
        return _kind_of_zip(path)
    if path.suffix.lower() == ".mat":
        return "matlab"  # of version 7.3 it is HDF5, with the axes of all arrays turned round
    is_pickle = len(head) > 1 and head[0] == 0x80 and head[1] in range(2, 6)
    return found or _BY_SUFFIX.get(path.suffix.lower()) or ("pickle" if is_pickle else "")


def advice(path: Path) -> str:
    """An error message for a file that is not a text table: its actual format, and the supported ones."""
    meant = _MEANT.get(path.suffix.lower())
    if meant and not foreign(path):
        return f"'{path}' is no {meant}, though its name ends so: it is damaged, or something else was saved under this name. Save or download it again."
    return foreign(path) or (
        f"'{path}' is neither a table in text nor another file of faces that mien knows:"
        " it reads CSV, Excel, Parquet, Arrow, NumPy (.npz, .npy) and HDF5 files, zip and tar archives, and folders of pictures."
    )


def foreign(path: Path) -> str:
    """An error message for a file of a known but unsupported format; empty for others."""
    text = _ADVICE.get(kind(path))
    return f"'{path}' is {text}." if text else ""


def _names_in_zip(path: Path) -> list[str] | None:
    """The names in a zip archive; None if it is damaged, unreadable or of an unknown version."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):  # its reader opens it again, and says why
        return None


def _kind_of_zip(path: Path) -> str:
    """The kind of a zip archive by the names in it; of a damaged one by its suffix, so that the reader of that kind says what is wrong."""
    names = _names_in_zip(path)
    if names is None:
        return {".npz": "npz", ".xlsx": "xlsx"}.get(path.suffix.lower(), "zip")
    if "xl/workbook.xml" in names:
        return "xlsx"
    return "npz" if names and all(name.endswith(".npy") for name in names) and path.suffix.lower() != ".zip" else "zip"
