"""AffectNet in the original form of 2021: ``train_set/images/12.jpg`` with its code in ``train_set/annotations/12_exp.npy``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.data.faceset import FaceSet
from mien.data.layouts import codes, folders
from mien.data.layouts.rows import Rows
from mien.data.layouts.survey import Survey
from mien.data.reading import ReadOptions
from mien.errors import DataError
from mien.words import counted

_ENDING = "_exp.npy"


def matches(survey: Survey) -> bool:
    """Whether there are pictures and files that end in ``_exp.npy``."""
    return bool(survey.pictures) and any(file.name.endswith(_ENDING) for file in survey.visible)


def read(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read each picture that has an annotation; the parent folder sets the split.

    Raises:
        DataError: there is no annotation, or no picture is usable.
    """
    annotations = [file for file in survey.visible if file.name.endswith(_ENDING)]
    if not annotations:
        raise DataError(f"'{survey.path}' holds no faces with annotations that end in {_ENDING}.")
    by_place = {(place, picture.stem): picture for picture in survey.pictures for place in picture.parents[:2]}
    rows = Rows("affectnet-npy", survey.path, coding=codes.AFFECTNET.of_layout)
    for file in annotations:
        stem = file.name.removesuffix(_ENDING)
        picture = by_place.get((file.parent, stem)) or by_place.get((file.parent.parent, stem))
        code, name = _code(file), survey.relative(file)
        if picture is None:
            rows.drop(name, "no picture of its name is there")
        elif code is None:
            rows.drop(name, "its annotation holds no number")
        elif code in codes.AFFECTNET.none:
            rows.drop(name, f"expression {code} ({codes.AFFECTNET.none[code]}) is no class")
        else:
            relative = survey.relative(picture)
            rows.add(relative, picture, code, folders.split_in(survey, relative))
    if len(survey.pictures) > len(annotations):
        num = len(survey.pictures) - len(annotations)
        rows.notes.append(
            f"{counted(num, 'picture has no annotation and was', 'pictures have no annotation and were')} not read."
        )
    return rows.faceset(options.size)


def _code(file: Path) -> str | None:
    try:
        with file.open("rb") as opened:
            value = np.lib.format.read_array(opened, allow_pickle=False)
    except (ValueError, OSError, EOFError, MemoryError, SyntaxError):
        return None
    return codes.plain(str(value.reshape(-1)[0])) if value.size == 1 else None
