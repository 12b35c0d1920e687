"""COCO exports: photos, and a JSON file with images, annotations (boxes) and categories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mien.data.faceset import FaceSet
from mien.data.layouts.pictures import Pictures
from mien.data.layouts.rows import Crop, Rows
from mien.data.layouts.survey import Survey, split_of, split_rank
from mien.data.reading import ReadOptions
from mien.errors import DataError


def matches(survey: Survey) -> bool:
    """Whether a JSON file has the lists of COCO."""
    return any(_is_coco(content) for _, content in survey.documents)


def read(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read each box as a face, cropped to the square around it; the name of the JSON file or its folder sets the split.

    Raises:
        DataError: there is no such file, or no box is usable.
    """
    found = [(path, content) for path, content in survey.documents if _is_coco(content)]
    if not found:
        raise DataError(
            f"'{survey.path}' holds no faces in boxes of COCO (a JSON file with images, annotations, categories)."
        )
    inside = survey.with_pictures()
    pictures = Pictures(inside)
    rows = Rows("coco", survey.path)
    rows.notes.append("Each box was read as a face, cut at the square around it.")
    for path, content in sorted(found, key=lambda pair: split_rank(pair[0])):
        _add(rows, pictures, path, content)
    pictures.note_unlisted(rows)
    return rows.faceset(options.size)


def _is_coco(content: Any) -> bool:
    return isinstance(content, dict) and all(
        isinstance(content.get(key), list) for key in ("images", "annotations", "categories")
    )


def _add(rows: Rows, pictures: Pictures, path: Path, content: dict[str, list[Any]]) -> None:
    names = {_key(item, "id"): str(item["name"]) for item in content["categories"] if _has(item, "id", "name")}
    files = {_key(item, "id"): str(item["file_name"]) for item in content["images"] if _has(item, "id", "file_name")}
    for number, item in enumerate(content["annotations"]):
        image, name = files.get(_key(item, "image_id")), names.get(_key(item, "category_id"))
        box = item.get("bbox") if isinstance(item, dict) else None
        row = f"{image or path.name}#{number}"
        picture = None if image is None else pictures.find(image, beside=path.parent)
        if not isinstance(box, list) or len(box) != 4 or not all(isinstance(value, (int, float)) for value in box):
            rows.drop(row, "its annotation has no box of four numbers")
        elif name is None:
            rows.drop(row, "its category has no name")
        elif picture is None:
            rows.drop(row, "no such picture is there" if image is None else pictures.problem(image))
        else:
            left, top, width, height = box
            split = split_of(path) or pictures.split(picture) or "train"
            rows.add(row, Crop(picture, (left, top, left + width, top + height)), name, split)


def _has(item: Any, *keys: str) -> bool:
    return isinstance(item, dict) and all(key in item for key in keys)


def _key(item: Any, key: str) -> str:
    """A number or name as a string, as tools differ in the type; a unique value if the key is missing."""
    return str(item[key]) if isinstance(item, dict) and key in item else ""
