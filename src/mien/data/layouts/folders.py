"""Pictures whose folder or file name tells their class: class folders, CK+48 and JAFFE."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from mien import emotions
from mien.data.faceset import FaceSet, canonical_split
from mien.data.layouts import codes
from mien.data.layouts.layout import Options
from mien.data.layouts.rows import Rows
from mien.data.layouts.survey import Survey
from mien.errors import DataError

UNLABELLED_FOLDER = "unlabelled"
"""The folder of pictures whose class isn't known."""

_UNLABELLED = (UNLABELLED_FOLDER, "unlabeled")
_CK_NAME = re.compile(r"(S\d{3})_\d{3}_\d{8}\.png", re.IGNORECASE)
_JAFFE_NAME = re.compile(r"([A-Z]{2})[.-]([A-Z]{2})\d?[.-]\d+\.(tiff?|png|jpe?g|bmp)", re.IGNORECASE)
_JAFFE_CODES = {"AN": "angry", "DI": "disgust", "FE": "fear", "HA": "happy", "NE": "neutral", "SA": "sad", "SU": "surprise"}  # fmt: skip
_FILE_SPLIT = re.compile(r"(PublicTest|PrivateTest|Training)_\d+", re.IGNORECASE)


def matches(survey: Survey) -> bool:
    """Whether most pictures lie in folders named by expressions, or in folders numbered in a coding that is known."""
    if not survey.path.is_dir() or not survey.pictures:
        return False
    names = _class_names(survey)
    if codes.coding(names) if all(name.isdecimal() for name in names) and names else False:
        return True
    known = [name for name in names if emotions.canonical(name) is not None]
    return len(known) >= 2 and 2 * len(known) >= len(names)
