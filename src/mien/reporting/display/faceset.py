"""How labelled faces show themselves. Needs no optional package except for plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mien import images
from mien.data import info
from mien.data.faceset import UNLABELLED, FaceSet
from mien.reporting import pictures
from mien.reporting.display import markup
from mien.reporting.texts import Texts, cells
from mien.typed_json import JsonObject

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NUM_FACES = 8
"""Faces of each class in a notebook."""


def text(faces: FaceSet) -> str:
    """What ``mien data info`` prints."""
    return info.as_text(info.describe(faces))


def description(faces: FaceSet) -> JsonObject:
    """The description for JSON."""
    return info.describe(faces)


def html(faces: FaceSet) -> str:
    """The number of rows of each class and split, some faces, and the notes on how the data was read."""
    t, splits = Texts("en"), faces.split_names
    height, width = faces.size
    counts = [faces.split(name).counts() for name in splits]
    table = [[name, *(cells.count(int(count[index])) for count in counts)] for index, name in enumerate(faces.classes)]
    source = faces.source
    title = t("display.faces", path=source.path, n=len(faces), height=height, width=width, layout=source.layout)
    return markup.block(
        markup.title(title),
        markup.table([t("display.class"), *splits], table),
        *_pictures(faces),
        *map(markup.line, source.notes),
    )


def rows(faces: FaceSet) -> list[dict[str, object]]:
    """A row for each face, without its pixels: name, split, label, person and further columns, as far as they are known."""
    labels = [None if code == UNLABELLED else faces.classes[code] for code in faces.labels.tolist()]
    columns: dict[str, list[Any]] = {"name": faces.names.tolist(), "split": faces.splits.tolist(), "label": labels}
    if faces.subjects is not None:
        columns["person"] = faces.subjects.tolist()
    columns |= {name: values.tolist() for name, values in faces.groups.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def plot_faces(faces: FaceSet, ax: Axes | None, num: int = NUM_FACES) -> Any:
    """A row of faces for each class."""
    from mien.reporting.plots.faces import FacesPlot

    return FacesPlot(faces, num).plot(ax).ax_


def plot_classes(faces: FaceSet, ax: Axes | None) -> Any:
    """The number of rows of each class, by split."""
    from mien.reporting.plots.faces import CountPlot

    counts = {name: faces.split(name).counts().tolist() for name in faces.split_names}
    return CountPlot(faces.classes, counts).plot(ax).ax_


def _pictures(faces: FaceSet) -> list[str]:
    """Faces of each class as one picture."""
    if not len(faces):
        return []
    small = faces.select(np.concatenate([_first(faces, code) for code in range(len(faces.classes))]))
    url = pictures.data_url(images.encode_png(pictures.sheet(small.resized((48, 48)), NUM_FACES)))
    return [f'<img src="{url}" alt="{markup.text(", ".join(faces.classes))}">']


def _first(faces: FaceSet, code: int) -> NDArray[np.intp]:
    return np.flatnonzero(faces.labels == code)[:NUM_FACES]
