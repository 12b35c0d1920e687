"""Photos to try on the page: drawn faces, as cards side by side; no real person is shown."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mien import images
from mien.synthetic import drawn

SIDE = 300
"""Height and width of a drawn face, in pixels."""

RIM = 20
"""Space around the faces, in pixels."""

PAPER = 240
"""Its gray level."""

SAMPLES: dict[str, tuple[tuple[tuple[str, int], ...], ...]] = {
    "one": ((("happy", 9),),),
    "six": ((("happy", 0), ("surprise", 6), ("fear", 9)), (("angry", 34), ("sad", 12), ("neutral", 25))),
    "unclear": ((("sad", 6),),),
}
"""The faces of each photo by rows: expression and seed of the person."""


@lru_cache
def photo(name: str) -> bytes:
    """The photo of one of ``SAMPLES`` as JPEG."""
    rows = SAMPLES[name]
    step = SIDE + RIM
    sheet = np.full((len(rows) * step + RIM, len(rows[0]) * step + RIM), PAPER, np.uint8)
    for row, faces in enumerate(rows):
        for column, (expression, seed) in enumerate(faces):
            who = drawn.new_identity(np.random.default_rng(seed))
            face = drawn.draw_face(expression, who, np.random.default_rng(seed), SIDE)
            top, left = RIM + row * step, RIM + column * step
            sheet[top : top + SIDE, left : left + SIDE] = face
    return images.encode_jpeg(sheet, 88)
