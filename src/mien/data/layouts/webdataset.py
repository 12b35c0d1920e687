"""WebDataset shards, unpacked: each picture has a ``.cls`` file of the same name with its class."""

from __future__ import annotations

from pathlib import Path

from mien.data.faceset import FaceSet
from mien.data.layouts import codes, folders
from mien.data.layouts.columns import label_of
from mien.data.layouts.rows import Rows
from mien.data.layouts.survey import Survey, split_of
from mien.data.reading import ReadOptions
from mien.errors import DataError

_ENDING = ".cls"
_MAX_CHARACTERS = 100


def matches(survey: Survey) -> bool:
    """Whether most pictures have a ``.cls`` file of the same name."""
    return survey.path.is_dir() and 2 * len(_pairs(survey)) > len(survey.pictures)


def read(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read each picture with the class in its ``.cls`` file; the name of the shard or a folder sets the split.

    Raises:
        DataError: no picture has such a file, or none is usable.
    """
    pairs = _pairs(survey)
    if not pairs:
        raise DataError(f"'{survey.path}' holds no faces with files of their names that end in {_ENDING}.")
    rows = Rows("webdataset", survey.path)
    for picture, file in pairs:
        name = survey.relative(picture)
        try:
            text = file.read_bytes()[:_MAX_CHARACTERS].decode("utf-8-sig", errors="replace").strip()
        except OSError as error:
            rows.drop(name, f"'{file.name}' can't be read: {error.strerror or error}")
            continue
        label = label_of(text)
        shard = split_of(picture.parent)  # a shard is unpacked into a folder of its name, such as train-00000
        rows.add(name, picture, label and codes.plain(label), shard or folders.split_in(survey, name))
    folders.note_others(rows, survey, [file for _, file in pairs])
    return rows.faceset(options.size)


def _pairs(survey: Survey) -> list[tuple[Path, Path]]:
    """Each picture that has a file of its class, with that file."""
    files = set(survey.ending((_ENDING,)))
    if not files:
        return []
    return [(picture, file) for picture in survey.pictures if (file := picture.with_suffix(_ENDING)) in files]
