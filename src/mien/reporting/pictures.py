"""Images in a page: faces, faces with a saliency map, and SVG drawings."""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

from mien import images
from mien.data.faceset import FaceSet

MAX_SIDE = 96
"""Maximum side of a face on a page, in pixels."""

FOR, AGAINST = (255, 122, 20), (40, 110, 220)
"""Colours (red, green, blue) of positive and negative saliency."""

OPAQUE = 0.8
"""Opacity of the strongest position."""


GAP = 2
"""Pixels between the faces of a sheet."""


def face_url(face: NDArray[np.uint8]) -> str:
    """A face ``(H, W)`` as a data URL, downsampled to at most ``MAX_SIDE``."""
    height, width = face.shape
    if max(height, width) > MAX_SIDE:
        face = _scaled(face, MAX_SIDE / max(height, width))
    return data_url(images.encode_png(face))


def heat_url(face: NDArray[np.uint8], values: NDArray[np.float32]) -> str:
    """A face ``(H, W)`` with a saliency map ``(H, W)`` over it, as a data URL; the largest magnitude has the full colour."""
    peak = float(np.abs(values).max())
    strength = np.abs(values) / peak if peak > 0 else np.zeros_like(values)
    factor = MAX_SIDE / max(face.shape)  # small faces too: a map needs more than 48 pixels to be smooth
    shown = _scaled(face, factor)[..., None].astype(np.float32)  # (h, w, 1)
    cover = _scaled((strength * 255).round().astype(np.uint8), factor)[..., None] / np.float32(255)
    speaks_for = _scaled(np.where(values > 0, 255, 0).astype(np.uint8), factor)[..., None] / np.float32(255)
    colour = speaks_for * np.array(FOR, np.float32) + (1 - speaks_for) * np.array(AGAINST, np.float32)
    blended = shown + OPAQUE * cover * (colour - shown)
    return data_url(images.encode_png(blended.clip(0, 255).round().astype(np.uint8)))


def sheet(faces: FaceSet, num: int) -> NDArray[np.uint8]:
    """A picture with a row of faces for each class, the first ``num`` of each that has a label; white where there are fewer."""
    height, width = faces.size
    shape = len(faces.classes) * (height + GAP) - GAP, num * (width + GAP) - GAP
    picture = np.full(shape, 255, np.uint8)
    for row in range(len(faces.classes)):
        for column, face in enumerate(faces.images[faces.labels == row][:num]):
            top, left = row * (height + GAP), column * (width + GAP)
            picture[top : top + height, left : left + width] = face
    return picture


def data_url(picture: bytes, kind: str = "png") -> str:
    """An encoded picture as a data URL."""
    return f"data:image/{kind};base64," + base64.b64encode(picture).decode()


def markup(drawn: str) -> str:
    """Mark SVG that this package drew as safe for templates; names in it are already escaped."""
    from markupsafe import Markup  # comes with jinja2

    return Markup(drawn)


def _scaled(picture: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    size = max(1, round(picture.shape[0] * factor)), max(1, round(picture.shape[1] * factor))
    scaled: NDArray[np.uint8] = images.resize_faces(picture[None], size)[0]
    return scaled
