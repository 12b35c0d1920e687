"""KDEF: the file name holds session, person, expression and angle, ``AF01ANS.JPG``."""

from __future__ import annotations

import re

from mien.data.faceset import FaceSet
from mien.data.layouts import folders
from mien.data.layouts.rows import Rows
from mien.data.layouts.survey import Survey
from mien.data.reading import ReadOptions
from mien.words import counted

CODES = {"AF": "fear", "AN": "angry", "DI": "disgust", "HA": "happy", "NE": "neutral", "SA": "sad", "SU": "surprise"}
"""The two letters of the expression; AF is afraid."""

_NAME = re.compile(r"[AB]([FM]\d{2})(AF|AN|DI|HA|NE|SA|SU)(FL|HL|S|HR|FR)\.(jpe?g|png|tiff?|bmp)", re.IGNORECASE)


def matches(survey: Survey) -> bool:
    """Whether most pictures are named as in KDEF."""
    fitting = sum(_NAME.fullmatch(picture.name) is not None for picture in survey.pictures)
    return survey.path.is_dir() and fitting > len(survey.pictures) / 2


def read(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read all angles; a person is the same one in both sessions (A and B)."""
    rows = Rows("kdef", survey.path, CODES)
    folders.note_others(rows, survey)
    profiles = 0
    for picture in survey.pictures:
        name = survey.relative(picture)
        match = _NAME.fullmatch(picture.name)
        if match is None:
            rows.drop(name, "its name is none of KDEF (AF01ANS.JPG)")
        else:
            profiles += match[3].upper() in ("FL", "FR")
            rows.add(name, picture, match[2].upper(), folders.split_in(survey, name), subject=match[1].upper())
    if profiles:
        rows.notes.append(f"{counted(profiles, 'picture shows', 'pictures show')} a face in full profile (FL, FR).")
    return rows.faceset(options.size)
