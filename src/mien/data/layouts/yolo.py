"""YOLO exports: photos with a text file of boxes for each, and ``data.yaml`` or ``classes.txt`` with the class names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mien.data.faceset import FaceSet
from mien.data.layouts import folders
from mien.data.layouts.rows import Crop, Rows
from mien.data.layouts.survey import Survey
from mien.data.reading import ReadOptions
from mien.errors import DataError, MissingExtraError
from mien.words import counted

_MAX_BYTES = 2**18
_MAX_BRACKETS = 500
_YAML = (".yaml", ".yml")
_LISTS = ("classes.txt", "obj.names", "_darknet.labels")


def matches(survey: Survey) -> bool:
    """Whether a picture has a text file of its name beside it or in ``labels``, and the names of the classes are there."""
    # What lies around a single file is looked at only if that file can be the one with the names.
    is_of_names = survey.path.suffix.lower() in _YAML or survey.path.name.lower() in _LISTS
    return (survey.path.is_dir() or is_of_names) and bool(_name_files(survey)) and bool(_labels(survey))


def read(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read each box as a face, cropped to the square around it.

    Raises:
        DataError: there are no boxes or no names of classes, or no box is usable.
        MissingExtraError: the names are in YAML and PyYAML isn't installed.
    """
    if not matches(survey):
        raise DataError(f"'{survey.path}' holds no faces in boxes of YOLO (data.yaml, images, labels).")
    labels = _labels(survey)
    names = _class_names(_name_files(survey)[0])
    rows = Rows("yolo", survey.path)
    num_empty = len(survey.with_pictures().pictures) - len(labels)
    for picture, file in labels:
        name = survey.relative(picture)
        split = folders.split_in(survey, name)
        lines = file.read_text(encoding="utf-8-sig", errors="replace").splitlines()
        boxes = [line for line in lines if line.strip()]
        num_empty += not boxes
        for number, line in enumerate(boxes):
            found = _box(line, names)
            if isinstance(found, str):
                rows.drop(f"{name}#{number}", found)
            else:
                rows.add(f"{name}#{number}", Crop(picture, found[1], shares=True), found[0], split)
    rows.notes.append("Each box was read as a face, cut at the square around it.")
    if num_empty:
        rows.notes.append(
            f"{counted(num_empty, 'picture has no box and was', 'pictures have no box and were')} not read."
        )
    return rows.faceset(options.size)


def _name_files(survey: Survey) -> list[Path]:
    """The files that may name the classes; those of YAML must mention names."""
    inside = survey.with_pictures()
    lists = [file for file in inside.visible if file.name.lower() in _LISTS]
    return [file for file in inside.ending(_YAML) if b"names" in _head(file)] + lists


def _head(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(_MAX_BYTES)


def _labels(survey: Survey) -> list[tuple[Path, Path]]:
    """Each picture that has a file of boxes, with that file."""
    inside = survey.with_pictures()
    texts = set(inside.ending((".txt",)))
    found = []
    for picture in inside.pictures:
        beside = picture.with_suffix(".txt")
        parts = list(beside.relative_to(inside.folder).parts)
        places = [place for place, part in enumerate(parts[:-1]) if part.lower() == "images"]
        if places:
            parts[places[-1]] = "labels"
        file = next((file for file in (inside.folder.joinpath(*parts), beside) if file in texts), None)
        if file is not None:
            found.append((picture, file))
    return found


def _class_names(file: Path) -> dict[int, str]:
    if file.suffix.lower() not in _YAML:
        lines = _head(file).decode("utf-8-sig", errors="replace").splitlines()
        return dict(enumerate(line.strip() for line in lines if line.strip()))
    try:
        import yaml
    except ImportError:
        raise MissingExtraError("yaml", "formats") from None
    text = _head(file)
    try:
        # The time to parse YAML grows with the square of its depth.
        content: Any = None if text.count(b"[") + text.count(b"{") > _MAX_BRACKETS else yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError, UnicodeError):
        raise DataError(f"'{file}' is not valid YAML: export it again.") from None
    names = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, list) and names:
        return {number: str(name) for number, name in enumerate(names)}
    if isinstance(names, dict) and names and all(isinstance(number, int) for number in names):
        return {number: str(name) for number, name in names.items()}
    raise DataError(f"'{file}' has no list of class names (names: [angry, happy]): add it, or export it again.")


def _box(line: str, names: dict[int, str]) -> tuple[str, tuple[float, float, float, float]] | str:
    """The class and the box (left, top, right, bottom, as shares of the sides) of a line, or the error."""
    try:
        number, *values = map(float, line.split())
    except ValueError:
        return "its line is not a class and the numbers of a box"
    if number not in names:
        return f"class {number:g} has no name"
    if len(values) in (4, 5):  # a fifth is a confidence
        x, y, width, height = values[:4]
        return names[int(number)], (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    if len(values) >= 6 and len(values) % 2 == 0:  # an outline
        return names[int(number)], (min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2]))
    return "its line is not a class and the numbers of a box"
