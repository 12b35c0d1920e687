"""How the predictions of photos show themselves. Needs no optional package except for plots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mien import images, palette, tables
from mien.inference import annotate, records
from mien.inference.photo import PhotoResult
from mien.inference.predictions import Predictions
from mien.reporting.display import face as faces
from mien.reporting.display import markup
from mien.reporting.texts import Texts, cells

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN_SIDE = 480
"""Largest side of a photo in a notebook, in pixels."""


def text(result: PhotoResult | Predictions) -> str:
    """The table that ``mien predict`` prints."""
    return table([row for photo in _photos(result) for row in records.rows_of(photo)])


def table(found: Sequence[records.Row]) -> str:
    """Rows of photos as a table for the terminal; where it has colour, expressions have theirs."""
    t = Texts("en")
    known = [row["status"] == "face" and not row["abstained"] for row in found]
    colours = palette.on_terminal(name for row in found for name in row.get("probabilities", ()))
    painted = [colours[row["label"]] if is_known else "" for row, is_known in zip(found, known, strict=True)]
    return tables.render(t.heads("display.photo_heads"), _cells(found, t), painted, named=1)


def html(result: PhotoResult | Predictions) -> str:
    """The table; of a single photo also the picture, if its pixels were kept, and the probabilities of each face."""
    t, photos = Texts("en"), _photos(result)
    parts = [markup.table(t.heads("display.photo_heads"), _cells([r for p in photos for r in records.rows_of(p)], t))]
    if isinstance(result, PhotoResult):
        parts = [*_picture(result), *parts, *map(faces.bars, result.faces)]
    return markup.block(*parts)


def rows(result: PhotoResult | Predictions) -> list[dict[str, object]]:
    """A row for each face; a photo without faces, or that couldn't be read, has one row too."""
    return [row for photo in _photos(result) for row in _rows(photo)]


def _rows(photo: PhotoResult) -> list[dict[str, object]]:
    if not photo.faces:
        status = "no_face" if photo.error is None else "error"
        return [{"photo": photo.name, "status": status, "error": photo.error}]
    return [
        {"photo": photo.name, "status": "face", "face": number, **row}
        for number, face in enumerate(photo.faces)
        for row in faces.rows(face)
    ]


def plot_faces(photo: PhotoResult, ax: Axes | None) -> Any:
    """The photo with a box and a label for each face."""
    from mien.reporting.plots.faces import PicturePlot

    return PicturePlot(_annotated(photo)).plot(ax).ax_


def _photos(result: PhotoResult | Predictions) -> Sequence[PhotoResult]:
    return [result] if isinstance(result, PhotoResult) else result.photos


def _cells(found: Sequence[records.Row], t: Texts) -> list[list[str]]:
    shown = []
    for row in found:
        if row["status"] == "face":
            box = " ".join(str(round(side)) for side in row["box"])
            label = t("display.unsure") if row["abstained"] else str(row["label"])
            score = cells.decimal(row["detection_score"], 2)
            shown.append([str(row["photo"]), label, cells.percent(row["confidence"]), box, score])
        else:
            shown.append([str(row["photo"]), str(row["status"]), "", str(row.get("error", "")), ""])
    return shown


def _annotated(photo: PhotoResult) -> Any:
    """The photo ``(H, W, 3)`` with its predictions drawn on it."""
    import numpy as np

    pixels = images.open_photo(photo.name).pixels if photo.pixels is None else photo.pixels
    return np.asarray(annotate.annotate(pixels, [annotate.mark(face) for face in photo.faces]))


def _picture(photo: PhotoResult) -> list[str]:
    if photo.pixels is None:
        return []
    from PIL import Image

    from mien.reporting import pictures

    shown = Image.fromarray(_annotated(photo))
    shown.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
    return [
        f'<img src="{pictures.data_url(images.encode_png(shown))}" alt="{markup.text(photo.name)}" style="max-width:100%">'
    ]
