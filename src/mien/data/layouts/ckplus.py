"""CK+ in its original form: frame sequences in ``cohn-kanade-images``, and codes of some last frames in ``Emotion``."""

from __future__ import annotations

import re
from pathlib import Path

from mien.data.faceset import FaceSet
from mien.data.layouts import codes
from mien.data.layouts.rows import Rows
from mien.data.layouts.survey import Survey
from mien.data.reading import ReadOptions
from mien.errors import DataError
from mien.words import counted

_EMOTION = re.compile(r"((S\d{3})_\d{3}_\d{8})_emotion\.txt", re.IGNORECASE)
_MAX_CHARACTERS = 100


def matches(survey: Survey) -> bool:
    """Whether there are pictures and files such as ``S005_001_00000011_emotion.txt``."""
    return bool(survey.pictures) and any(_EMOTION.fullmatch(file.name) for file in survey.visible)


def read(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read the frame that each file in ``Emotion`` names, which has the strongest expression.

    Raises:
        DataError: there is no such file, or no frame is usable.
    """
    found = [(file, match) for file in survey.visible if (match := _EMOTION.fullmatch(file.name))]
    if not found:
        raise DataError(f"'{survey.path}' holds no faces with files of CK+ such as S005_001_00000011_emotion.txt.")
    pictures = {picture.stem.lower(): picture for picture in survey.pictures}
    rows = Rows("ck+original", survey.path, coding=codes.CK_PLUS.of_layout)
    rows.notes.append(
        f"Of each sequence the frame that its file of Emotion names was read, {len(found):,} of {counted(len(pictures), 'frame')}."
    )
    for file, match in found:
        picture, code = pictures.get(match[1].lower()), _code(file)
        if picture is None:
            rows.drop(match[1], "no such picture is there")
        elif code is None:
            rows.drop(match[1], f"'{file.name}' holds no number")
        else:
            rows.add(survey.relative(picture), picture, code, subject=match[2].upper())
    return rows.faceset(options.size)


def _code(file: Path) -> str | None:
    """The code in a file such as ``   3.0000000e+00``."""
    try:
        with file.open(encoding="ascii", errors="replace") as opened:
            value = float(opened.read(_MAX_CHARACTERS))
    except (OSError, ValueError):
        return None
    return str(int(value)) if value in range(100) else None
