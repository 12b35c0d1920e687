"""What a layout is: a name, a way to recognise it and a way to read it."""

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
        name: what it is called in messages, in ``Source.layout`` and by ``layout=``.
        about: one line for people.
        holds: what its faces lie in; a folder that fits layouts of two kinds is ambiguous.
        matches: whether what lies at a path has this layout.
        read: reads it.
        self_contained: whether a single file of this layout holds all that is read; otherwise files beside it are
            read too, and such a reading is not cached.
    """

    name: str
    about: str
    holds: Literal["tables of pixels", "pictures", "Parquet files", "arrays"]
    matches: Callable[[Survey], bool]
    read: Callable[[Survey, ReadOptions], FaceSet]
    self_contained: bool = True
