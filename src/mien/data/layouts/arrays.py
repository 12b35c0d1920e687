"""Arrays of faces and labels: NumPy's .npz and .npy files, and HDF5, with any array names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien.data.faceset import FaceSet, canonical_split
from mien.data.layouts import codes, filekinds, pixels
from mien.data.layouts.arrayfiles import load
from mien.data.layouts.columns import label_of
from mien.data.layouts.rows import Rows
from mien.data.layouts.survey import Survey
from mien.data.reading import ReadOptions
from mien.errors import DataError, MienError

SUFFIXES = (".npz", ".npy", ".h5", ".hdf5", ".hdf")
MAX_FILES = 64
"""Maximum number of array files in a folder; above it, each belongs to one picture."""

_MAX_CLASSES = 100
_FACES = re.compile(r"(.*_)?(x|images?|imgs?|faces?|pictures?|pixels?|data|inputs?|arr_0)")
_LABELS = re.compile(r"(.*_)?(y|labels?|targets?|emotions?|expressions?|arr_1|class(es)?|answers?|exp)")
_NAMES = re.compile(r"(.*_)?((class|label|emotion|target|expression|category)_?names?|classes|categories|emotions?)")
_SUBJECTS = re.compile(r"(.*_)?(subjects?|persons?|people|identit(y|ies)|participants?|speakers?)(_?ids?)?")
_SPLITS = re.compile(r"(.*_)?(splits?|usages?|sets?|folds?)")


@dataclass(frozen=True)
class _Part:
    """The arrays of one split: faces, and labels, subjects and split names of the same length, if any."""

    name: str
    split: str | None
    faces: NDArray[Any]
    labels: NDArray[Any] | None
    subjects: NDArray[Any] | None
    splits: NDArray[Any] | None


def matches(survey: Survey) -> bool:
    """Whether there are files of arrays that don't belong to pictures."""
    return bool(_files(survey))


def read(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read the arrays of one file, or of all the files of a folder together.

    Raises:
        DataError: a file is damaged or holds Python objects, or no array holds faces.
        MissingExtraError: HDF5 is read and h5py isn't installed.
    """
    if not _files(survey):
        raise DataError(f"'{survey.path}' holds no faces in arrays (.npz, .npy, HDF5).")
    found = _arrays(survey)
    parts = _parts(found)
    if not parts:
        shapes = ", ".join(f"{name} {array.dtype}{array.shape}" for name, array in list(found.items())[:5])
        raise DataError(
            f"'{survey.path}' holds no array of faces, (N, H, W), (N, H, W, channels) or (N, H x H): it has {shapes or 'none'}."
        )
    return _faceset(survey, options, parts, _class_names(found))


def hold_faces(survey: Survey) -> bool:
    """Whether an array of the files holds faces; unreadable files count as without faces."""
    try:
        return bool(_parts(_arrays(survey)))
    except MienError:
        return False


def _arrays(survey: Survey) -> dict[str, NDArray[Any]]:
    """All arrays by name, prefixed with the name of the file."""
    files = _files(survey)
    found: dict[str, NDArray[Any]] = {}
    for file in files:
        prefix = survey.relative(file.with_suffix("")) if len(files) > 1 else file.stem
        found |= {f"{prefix}/{name}" if name else prefix: array for name, array in load(file).items()}
    return found


def _files(survey: Survey) -> list[Path]:
    if not survey.path.is_dir():
        return [survey.path] if filekinds.kind(survey.path) in ("npy", "npz", "hdf5") else []
    files = survey.ending(SUFFIXES)
    return [] if survey.pictures or len(files) > MAX_FILES else files


def _faceset(survey: Survey, options: ReadOptions, parts: list[_Part], names: tuple[str, ...]) -> FaceSet:
    raw = [_raw_classes(part, names) for part in parts]
    rows = Rows("arrays", survey.path)
    for part, labels in zip(parts, raw, strict=True):
        faces, note = _gray(part.faces, part.name)
        rows.notes += [f"In '{part.name}' {note}."] if note else []
        if part.labels is None:
            rows.notes.append(f"No array labels the faces of '{part.name}', so they are unlabelled.")
        for number, face in enumerate(faces):
            given = None if part.splits is None else _text(part.splits[number])
            split = part.split or ("test" if part.labels is None else "train")
            subject = None if part.subjects is None else _text(part.subjects[number])
            name = f"{part.name}/{number}" if len(parts) > 1 else str(number)
            rows.add(name, face, labels[number], split, given_split=given, subject=subject)
    return rows.faceset(options.size)


def _parts(arrays: Mapping[str, NDArray[Any]]) -> list[_Part]:
    """Each array of faces with the arrays of the same length that belong to it."""
    candidates: dict[tuple[str | None, int], list[str]] = {}
    for name, array in arrays.items():
        if _holds_faces(array) and not _LABELS.fullmatch(_role(name)):
            candidates.setdefault((_split_of(name), len(array)), []).append(name)
    parts = []
    for (split, num), names in candidates.items():
        # Landmarks and features may have as many columns as a face has pixels.
        chosen = max(names, key=lambda name: (bool(_FACES.fullmatch(_role(name))), arrays[name].ndim))
        columns = {
            _role(name): array
            for name, array in arrays.items()
            if name not in names
            and len(array) == num
            and _split_of(name) == split
            and _is_column(array)
            and not _role(name).endswith("names")
        }
        subjects = [role for role in columns if _SUBJECTS.fullmatch(role)]
        splits = [role for role in columns if _SPLITS.fullmatch(role)]
        rest = [role for role in columns if role not in (*subjects, *splits)]
        labels = [role for role in rest if _LABELS.fullmatch(role)] or (rest if len(rest) == 1 else [])
        if not labels:
            _check_lengths(arrays, chosen, split)
        parts.append(
            _Part(chosen, split, arrays[chosen], *(columns.get(_first(r)) for r in (labels, subjects, splits)))
        )
    return parts


def _check_lengths(arrays: Mapping[str, NDArray[Any]], faces: str, split: str | None) -> None:
    """Refuse labels whose number differs from that of their faces.

    Raises:
        DataError: the numbers differ.
    """
    for name, array in arrays.items():
        is_theirs = _split_of(name) == split and _LABELS.fullmatch(_role(name)) and _is_column(array)
        if is_theirs and not _NAMES.fullmatch(_role(name)) and len(array) > 1:
            raise DataError(
                f"'{faces}' has {len(arrays[faces]):,} faces, but '{name}' has {len(array):,} labels: save one for each face."
            )


def _first(roles: list[str]) -> str:
    return roles[0] if roles else ""


def _words(name: str) -> list[str]:
    """The words of an array's name: ``x``, ``train`` for ``X_train`` and for ``Xtrain``."""
    words = [word for word in re.split(r"[^a-zA-Z0-9]+", name) if word]
    return [
        part
        for word in words
        for part in ((word[0], word[1:]) if word[0] in "xyXY" and canonical_split(word[1:]) else (word,))
    ]


def _split_of(name: str) -> str | None:
    """The split named by the last word that is a split; the name of the array has priority over that of its file."""
    return next((found for word in reversed(_words(name)) if (found := canonical_split(word))), None)


def _role(name: str) -> str:
    return "_".join(word.lower() for word in _words(name) if canonical_split(word) is None)


def _holds_faces(array: NDArray[Any]) -> bool:
    if array.dtype.kind not in "uif" or not len(array):
        return False
    if array.ndim == 2:
        return pixels.is_face(array.shape[1])
    if array.ndim == 4:
        return _channels_last(array) is not None
    return array.ndim == 3 and min(array.shape[1:]) >= 8


def _is_column(array: NDArray[Any]) -> bool:
    """Whether an array has a label, a name or one-hot numbers per row."""
    if array.dtype.kind not in "uifbSUO":
        return False
    return array.ndim == 1 or (array.ndim == 2 and array.shape[1] <= _MAX_CLASSES)


def _channels_last(array: NDArray[Any]) -> bool | None:
    """Whether the last axis is the channels (True), or the second one (False); None if neither."""
    if array.shape[3] in (1, 3, 4) and min(array.shape[1:3]) >= 8:
        return True
    return False if array.shape[1] in (1, 3) and min(array.shape[2:]) >= 8 else None


def _class_names(arrays: Mapping[str, NDArray[Any]]) -> tuple[str, ...]:
    """The class names, if an array of strings holds them."""
    sizes = {len(array) for array in arrays.values() if _holds_faces(array)}
    for name, array in arrays.items():
        if array.ndim == 1 and array.dtype.kind in "SU" and _NAMES.fullmatch(_role(name)):
            names = tuple(map(_text, array))
            if len(set(names)) == len(names) and (_role(name).endswith("names") or len(names) not in sizes):
                return names
    return ()


def _raw_classes(part: _Part, names: tuple[str, ...]) -> list[str | None]:
    """The class of each row as in the source."""
    labels = part.labels
    if labels is None:
        return [None] * len(part.faces)
    if labels.ndim == 2 and labels.shape[1] > 1:
        if labels.dtype.kind not in "uifb":
            raise DataError(f"The labels of '{part.name}' have {labels.shape[1]} columns of text: save one per face.")
        labels = np.where(labels.max(1) > 0, labels.argmax(1), -1)
    found = [label_of(codes.plain(_text(label))) for label in labels.reshape(-1)]
    return [names[int(label)] if label and label.isdecimal() and int(label) < len(names) else label for label in found]


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, (np.bool_, bool)):
        return str(int(value))
    return str(value)


def _gray(faces: NDArray[Any], name: str) -> tuple[NDArray[np.uint8], str]:
    """Faces of any shape and range as ``(N, H, W)`` ``uint8``, and a description of the conversion."""
    values, note = _in_range(faces, name)
    if values.ndim == 3:
        return values, note
    if values.ndim == 2:
        shape = pixels.shapes(list(values))[values.shape[1]]
        gray = np.stack([pixels.square(row, shape) for row in values])
        return gray, note
    if not _channels_last(values):
        values = values.transpose(0, 2, 3, 1)
    if values.shape[3] == 1:
        return values[..., 0], note
    colours = "the colours, taken for red, green, blue, were turned to gray"
    gray = np.stack([np.asarray(Image.fromarray(np.ascontiguousarray(row[..., :3])).convert("L")) for row in values])
    return gray, f"{note}, and {colours}" if note else colours


def _in_range(faces: NDArray[Any], name: str) -> tuple[NDArray[np.uint8], str]:
    """Values as ``uint8``: values from 0 to 1 are multiplied by 255, fractions rounded."""
    if faces.dtype == np.uint8:
        return faces, ""
    low, high = float(faces.min()), float(faces.max())
    if not (low >= 0 and high <= 255):  # NaN is neither
        raise DataError(
            f"The faces of '{name}' have values from {low:g} to {high:g}: save pixels from 0 to 255 (uint8), or from 0 to 1."
        )
    if faces.dtype.kind != "f":
        return faces.astype(np.uint8), ""
    if high <= 1:
        return (faces * 255 + 0.5).astype(np.uint8), "the values lie in 0..1 and were multiplied by 255"
    whole = bool((faces == np.floor(faces)).all())
    return (faces + 0.5).astype(np.uint8), "" if whole else "the values were rounded to whole numbers"
