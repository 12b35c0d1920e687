"""Find the pictures that a list names."""

from __future__ import annotations

import filecmp
import os
import re
from collections import defaultdict
from pathlib import Path, PurePosixPath

from mien import files, images
from mien.data.layouts import folders
from mien.data.layouts.rows import Rows
from mien.data.layouts.survey import Survey
from mien.words import counted

_NUMBERED = re.compile(r"\D*(\d+)")


class Pictures:
    """Find a listed picture by its path, its name, its name without the suffix, or its number.

    Args:
        survey: the folder of the pictures.
        elsewhere: whether the paths of a list may point to pictures outside of this folder.
    """

    def __init__(self, survey: Survey, *, elsewhere: bool = False) -> None:
        self._survey = survey
        self._elsewhere = elsewhere
        self._all = set(survey.pictures)
        self._seen: set[Path] = set()
        files.keep_pictures(self._seen)
        self._ambiguous: dict[str, str] = {}
        self._found: dict[str | int, list[Path]] = defaultdict(list)
        for picture in survey.pictures:
            relative = survey.relative(picture)
            number = _NUMBERED.fullmatch(picture.stem)
            keys: set[str | int] = {relative, picture.name, picture.stem}
            keys |= {int(number[1])} if number else set()
            for key in keys:
                self._found[key].append(picture)

    def find(
        self, key: str, split: str | None = None, beside: Path | None = None, person: str | None = None
    ) -> Path | None:
        """The picture that a list names ``key``; a path relative to the list's folder ``beside`` has priority.

        None if there is no such picture, or if different pictures have this name; ``problem`` says which.

        Args:
            key: the name.
            split: the split of the row; pictures in folders of other splits are excluded.
            beside: the folder of the list.
            person: the person of the row, in whose folder the picture may be.
        """
        name = PurePosixPath(key.strip().replace("\\", "/"))
        exact = None if beside is None else Path(os.path.normpath(beside / name))
        if exact in self._all:
            self._seen.add(exact)
            return exact
        keys: list[str | int] = [name.as_posix(), name.name, name.stem]
        keys += [int(name.name)] if name.name.isdecimal() and len(name.name) < 256 else []
        for found in keys:
            if fitting := [one for one in self._found.get(found, ()) if self._fits(one, name, split)]:
                self._seen.update(fitting)
                return self._only(key, fitting, person)
        return exact if exact is not None and self._elsewhere and _is_picture(exact) else None

    def has(self, key: str) -> bool:
        """Whether a picture, or more than one, has this name."""
        return self.find(key) is not None or key in self._ambiguous

    def problem(self, key: str) -> str:
        """Why ``find`` returned no picture for a name."""
        return self._ambiguous.get(key, "no such picture is there")

    def split(self, picture: Path) -> str | None:
        """The split of a picture from its folders, or None."""
        inside = picture.is_relative_to(self._survey.folder)
        return folders.place(self._survey.relative(picture) if inside else picture.as_posix())[0]

    def unlisted(self) -> list[tuple[str, Path]]:
        """The pictures that no list named, with their names, in natural order."""
        pictures = self._survey.pictures
        return [(self._survey.relative(picture), picture) for picture in pictures if picture not in self._seen]

    def note_unlisted(self, rows: Rows) -> None:
        """Add a note on the number of pictures that no list names."""
        if num := len(self.unlisted()):
            rows.notes.append(
                f"{counted(num, 'picture there is in no list and was', 'pictures there are in no list and were')} not read."
            )

    def _fits(self, picture: Path, name: PurePosixPath, split: str | None) -> bool:
        """Whether the folders that a list names, if any, are those of the picture, and its folder is of no other split."""
        listed, real = name.parts[:-1], PurePosixPath(self._survey.relative(picture)).parts[:-1]
        common = min(len(listed), len(real))
        is_there = common == 0 or listed[-common:] == real[-common:]
        return is_there and (split is None or self.split(picture) in (None, split))

    def _only(self, key: str, pictures: list[Path], person: str | None) -> Path | None:
        """The one of several pictures with a name that is in the person's folder; copies of one picture count as one."""
        own = [one for one in pictures if person and person.casefold() in self._folders(one)]
        first, *others = own or pictures
        if all(filecmp.cmp(first, other, shallow=False) for other in others):
            return first
        pictures = [first, *others]
        shown = " and ".join(self._survey.relative(one) for one in pictures[:2])
        self._ambiguous[key] = (
            f"{len(pictures)} different pictures have this name, such as {shown}: write the folder before it"
        )
        return None

    def _folders(self, picture: Path) -> list[str]:
        """The folders of a picture, in lower case."""
        return [part.casefold() for part in PurePosixPath(self._survey.relative(picture)).parts[:-1]]


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in images.SUFFIXES and path.is_file()
