"""Label Studio's exports in JSON: pictures with a choice each, or with boxes, of one or several annotators."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from mien import images
from mien.data.faceset import FaceSet
from mien.data.layouts.columns import majority, shared
from mien.data.layouts.pictures import Pictures
from mien.data.layouts.rows import Crop, Rows
from mien.data.layouts.survey import Survey, split_of
from mien.data.reading import ReadOptions
from mien.errors import DataError
from mien.typed_json import JsonObject

_UPLOADED = re.compile(r"[0-9a-f]{8}-(?=.)")  # what Label Studio puts before the name of a file that was uploaded


def matches(survey: Survey) -> bool:
    """Whether a JSON file is a list of tasks that name pictures."""
    return any(_is_export(content) for _, content in survey.documents)


def read(survey: Survey, options: ReadOptions) -> FaceSet:
    """Read each picture with the choice that most annotators made, or each box as a face.

    Raises:
        DataError: there is no such file, or no task is usable.
    """
    found = [(path, content) for path, content in survey.documents if _is_export(content)]
    if not found:
        raise DataError(f"'{survey.path}' holds no faces in tasks of Label Studio (a JSON file).")
    pictures = Pictures(survey.with_pictures())
    rows = Rows("label-studio", survey.path)
    for path, content in found:
        for task in content:
            _add(rows, pictures, task, split_of(path))
    pictures.note_unlisted(rows)
    return rows.faceset(options.size)


def _is_export(content: Any) -> bool:
    return isinstance(content, list) and bool(content) and all(_picture(task) for task in content[:5])


def _add(rows: Rows, pictures: Pictures, task: Any, of_file: str | None) -> None:
    address = _picture(task)
    if not address:
        rows.drop("a task", "it names no picture")
        return
    name = _name(address)
    found = pictures.find(name) or pictures.find(_UPLOADED.sub("", name.rsplit("/", 1)[-1], count=1))
    if found is None:
        rows.drop(name, pictures.problem(name))
        return
    split = of_file or pictures.split(found) or "train"
    choices, boxes = Counter(_choices(task)), list(_boxes(task))
    for number, (label, box) in enumerate(boxes):
        rows.add(f"{name}#{number}", Crop(found, box, shares=True), label, split)
    if not boxes:
        votes = {label: float(count) for label, count in choices.items()}
        raw_class, problem = majority(votes) if votes else (None, "")
        if problem:
            rows.drop(name, problem)
        elif raw_class is None:
            rows.drop(name, "nobody annotated it")
        else:
            rows.add(name, found, raw_class, split, votes=shared(votes))


def _picture(task: Any) -> str:
    """The address of the picture of a task: the first text of its data that ends like a picture."""
    data = task.get("data", task) if isinstance(task, dict) else None
    values = [value for value in data.values() if isinstance(value, str)] if isinstance(data, dict) else []
    return next((value for value in values if _name(value).lower().endswith(tuple(images.SUFFIXES))), "")


def _name(address: str) -> str:
    """The path in an address such as ``/data/upload/1/f.png``, ``s3://bucket/f.png`` or ``/data/local-files/?d=faces/f.png``."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    return (parse_qs(parts.query).get("d") or [unquote(parts.path)])[0].lstrip("/")


def _results(task: JsonObject) -> Iterator[JsonObject]:
    """What annotators gave: the values of the long form, or those beside the picture in the short one."""
    annotations = task.get("annotations", task.get("completions"))
    if not isinstance(annotations, list):
        for value in task.values():
            yield from (part for part in (value if isinstance(value, list) else [value]) if isinstance(part, dict))
        return
    for annotation in annotations:
        if isinstance(annotation, dict) and not annotation.get("was_cancelled"):
            results = annotation.get("result")
            for result in results if isinstance(results, list) else []:
                if isinstance(result, dict) and isinstance(result.get("value"), dict):
                    yield result["value"]


def _choices(task: JsonObject) -> Iterator[str]:
    for value in _results(task):
        given = value.get("choices")
        if isinstance(given, list) and len(given) == 1:
            yield str(given[0])
    for key in ("choice", "label", "emotion", "expression", "sentiment"):
        if isinstance(task.get(key), str):
            yield task[key]
            return


def _boxes(task: JsonObject) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    """The class and the box (left, top, right, bottom, in shares of the sides) of each rectangle."""
    for value in _results(task):
        labels = value.get("rectanglelabels")
        numbers = [value.get(key) for key in ("x", "y", "width", "height")]
        if isinstance(labels, list) and labels and all(isinstance(number, (int, float)) for number in numbers):
            left, top, width, height = (float(number) / 100 for number in numbers if number is not None)
            yield str(labels[0]), (left, top, left + width, top + height)
