"""Pictures with a list that tells their classes: numbered pictures of a course, RAF-DB and AffectNet."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from mien import emotions
from mien.data.faceset import FaceSet, canonical_split
from mien.data.layouts import codes, folders
from mien.data.layouts.layout import Options
from mien.data.layouts.rows import Rows
from mien.data.layouts.survey import Survey, Table, table_rows
from mien.errors import DataError

_KEY_HEADS = ("id", "image_id", "filename", "file_name", "file", "image", "image_name", "img", "name", "path")
_LABEL_HEADS = ("label", "labels", "emotion", "expression", "class", "category", "target")
_RAF_LINE = re.compile(r"((?:train|test)_\S+\.(?:jpe?g|png))\s+(\d+)", re.IGNORECASE)
_NUMBERED = re.compile(r"\D*(\d+)")


class Pictures:
    """Finds a listed picture by its path, its name, its name without the ending, or its number."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._found: dict[str | int, list[Path]] = defaultdict(list)
        for picture in survey.pictures:
            relative = survey.relative(picture)
            number = _NUMBERED.fullmatch(picture.stem)
            for key in {relative, picture.name, picture.stem, *([int(number[1])] if number else [])}:
                self._found[key].append(picture)

    def find(self, key: str, split: str | None = None) -> Path | None:
        """The picture that a list calls ``key``; with a split, one that lies in no folder of another split."""
        name = PurePosixPath(key.strip().replace("\\", "/"))
        tries: list[str | int] = [name.as_posix(), name.name, name.stem if name.suffix else name.name]
        tries += [int(key)] if key.strip().isdecimal() else []
        for attempt in tries:
            for picture in self._found.get(attempt, ()):
                if split is None or self.split(picture) in (None, split):
                    return picture
        return None

    def split(self, picture: Path) -> str | None:
        """The split that the folders of a picture stand for, or None."""
        return folders.place(self._survey.relative(picture))[0]
