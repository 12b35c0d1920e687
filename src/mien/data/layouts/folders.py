"""Pictures whose folder or file name is their class: class folders, CK+48 and JAFFE."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

from mien import emotions
from mien.data.faceset import FaceSet, canonical_split
from mien.data.layouts import trees
from mien.data.layouts.rows import Rows
from mien.data.layouts.survey import Survey
from mien.data.reading import ReadOptions
from mien.words import counted

UNLABELLED_FOLDER = "unlabelled"
"""The folder of pictures with unknown class."""

_UNLABELLED = (UNLABELLED_FOLDER, "unlabeled")
_CK_NAME = re.compile(r"(S\d{3})_\d{3}_\d{8}\.png", re.IGNORECASE)
_JAFFE_NAME = re.compile(r"([A-Z]{2})[.-]([A-Z]{2})\d?[.-]\d+\.(tiff?|png|jpe?g|bmp)", re.IGNORECASE)
_JAFFE_CODES = {
    "AN": "angry",
    "DI": "disgust",
    "FE": "fear",
    "HA": "happy",
    "NE": "neutral",
    "SA": "sad",
    "SU": "surprise",
}
_LARGEST_CODE = 10  # AffectNet's
_FILE_SPLIT = re.compile(r"(PublicTest|PrivateTest|Training)_\d+", re.IGNORECASE)


def matches_own(survey: Survey) -> bool:
    """Whether pictures are in two or more folders that may be classes, with any names.

    Folders that are all named like ``subject01``, ``subject02``, ... are persons, not classes.
    """
    names = _class_names(survey) if survey.path.is_dir() else set()
    return len(names) >= 2 and not trees.are_called_people(names)


def matches(survey: Survey) -> bool:
    """Whether most picture folders are named by expressions, or all by the small numbers of a coding."""
    names = _class_names(survey) if survey.path.is_dir() else set()
    known = [name for name in names if emotions.canonical(name) is not None]
    return (len(known) >= 2 and 2 * len(known) >= len(names)) or (
        len(names) >= 2 and all(name.isdecimal() and int(name) <= _LARGEST_CODE for name in names)
    )


def matches_ck(survey: Survey) -> bool:
    """Whether most pictures are named as in CK+48, ``S010_004_00000017.png``."""
    return _most(survey, _CK_NAME)


def matches_jaffe(survey: Survey) -> bool:
    """Whether most pictures are named as in JAFFE, ``KA.AN1.39.tiff``."""
    return _most(survey, _JAFFE_NAME)


def read(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read class folders, with or without folders for the splits above (or below) them.

    Raises:
        DataError: no picture is usable.
    """
    rows = Rows("folders", survey.path)
    rows.notes += survey.tree.notes
    note_others(rows, survey)
    for picture in survey.pictures:
        name = survey.relative(picture)
        split, raw_class = place(name)[0], survey.tree.class_of(name)
        if raw_class is None and split is None:
            rows.drop(name, "it is not in a class folder")
        else:
            label = None if raw_class in _UNLABELLED else raw_class
            rows.add(name, picture, label, split_in(survey, name), subject=survey.tree.person(name))
    return rows.faceset(options.size)


def read_ck(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read CK+48: the folder is the class, the file name begins with the subject."""
    rows = Rows("ck+", survey.path)
    note_others(rows, survey)
    for picture in survey.pictures:
        name = survey.relative(picture)
        match = _CK_NAME.fullmatch(picture.name)
        _, raw_class = place(name)
        if match is None:
            rows.drop(name, "its name is none of CK+ (S010_004_00000017.png)")
        elif raw_class is None or emotions.canonical(raw_class) is None:
            rows.drop(
                name,
                "its folder is not named by an expression; for the original CK+, name the folder with cohn-kanade-images and Emotion",
            )
        else:
            rows.add(name, picture, raw_class, split_in(survey, name), subject=match[1].upper())
    return rows.faceset(options.size)


def read_jaffe(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read JAFFE: the file name holds the subject and two letters for the class."""
    rows = Rows("jaffe", survey.path, _JAFFE_CODES)
    note_others(rows, survey)
    for picture in survey.pictures:
        name = survey.relative(picture)
        match = _JAFFE_NAME.fullmatch(picture.name)
        if match is None:
            rows.drop(name, "its name is none of JAFFE (KA.AN1.39.tiff)")
        else:
            rows.add(name, picture, match[2].upper(), split_in(survey, name), subject=match[1].upper())
    return rows.faceset(options.size)


def place(name: str) -> tuple[str | None, str | None]:
    """The split and the class of a picture, from its folders.

    The class is the innermost folder that names an expression, otherwise the innermost folder, unless that is a split.
    """
    return _place(trees.folders_of(name))


@lru_cache(maxsize=4096)  # many pictures are in few folders
def _place(parents: trees.Folders) -> tuple[str | None, str | None]:
    split = next((found for part in reversed(parents) if (found := canonical_split(part))), None)
    expression = next((part for part in reversed(parents) if emotions.canonical(part)), None)
    if expression is None and parents and canonical_split(parents[-1]) is None:
        expression = parents[-1]
    return split, expression


def split_in(survey: Survey, name: str) -> str:
    """The split of a picture: from its folders, from the given folder, or from a name such as ``PublicTest_12.jpg``.

    The name also refines ``test``: the common copy of FER2013 as pictures merges both of its test splits.
    """
    by_folder = place(name)[0] or canonical_split(survey.folder.name)
    match = _FILE_SPLIT.match(name.rpartition("/")[2])
    by_name = canonical_split(match[1]) if match else None
    if by_folder is None or (by_folder == "test" and by_name in ("public_test", "private_test")):
        return by_name or by_folder or "train"
    return by_folder


def _class_names(survey: Survey) -> set[str]:
    classes = {survey.tree.class_of(survey.relative(picture)) for picture in survey.pictures}
    return {name for name in classes if name is not None and name not in _UNLABELLED}


def _most(survey: Survey, pattern: re.Pattern[str]) -> bool:
    fitting = sum(pattern.fullmatch(picture.name) is not None for picture in survey.pictures)
    return survey.path.is_dir() and fitting > len(survey.pictures) / 2


def note_others(rows: Rows, survey: Survey, used: Collection[Path] = ()) -> None:
    """Add a note on files that are not pictures, such as ``Thumbs.db``, except those in ``used``."""
    pictures = {*survey.pictures, *used}
    others = [survey.relative(file) for file in survey.files if file not in pictures]
    if others:
        shown = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
        what = f"{counted(len(others), 'file that is no picture was', 'files that are no pictures were')}"
        rows.notes.append(f"{what} passed over: {shown}.")
