"""Every layout of labelled faces that is known, and ``read``, which recognises one by its content and reads it."""

from __future__ import annotations

from pathlib import Path

from mien.data.faceset import FaceSet
from mien.data.layouts import parquet
from mien.data.layouts.layout import Layout, Options
from mien.data.layouts.survey import Survey
LAYOUTS = (Layout("parquet", "", "Parquet files", parquet.matches, parquet.read),)
def read(path: str | Path, *, layout=None, size: int | None = None, votes=None, cache: bool = True) -> FaceSet:
    return parquet.read(Survey(Path(path)), Options(size))
