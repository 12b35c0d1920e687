"""The Layout: a name, a function that recognises it, and a function that reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mien.data.faceset import FaceSet
from mien.data.layouts.survey import Survey
from mien.data.reading import ReadOptions


@dataclass(frozen=True)
class Layout:
    """One way in which labelled faces are stored.

    Attributes:
        name: name in messages, in ``Source.layout`` and for ``layout=``.
        about: one-line description.
        holds: container of the faces; a folder that fits layouts with two containers is ambiguous.
        matches: whether the data at a path has this layout.
        read: reads it.
        self_contained: whether a single file of this layout holds all data; otherwise files beside it are read too, and the
            result is not cached.
    """

    name: str
    about: str
    holds: Literal["tables of pixels", "pictures", "Parquet files", "arrays"]
    matches: Callable[[Survey], bool]
    read: Callable[[Survey, ReadOptions], FaceSet]
    self_contained: bool = True
