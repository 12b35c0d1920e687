"""The layouts that are declared: their names, what they hold, and which may be cached by one file."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING, get_args

import pytest

from mien.data.layouts import LAYOUTS
from mien.data.layouts.layout import Layout
from mien.data.layouts.survey import Survey
from mien.data.reading import DEFAULT

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def test_each_layout_has_a_name_of_its_own_and_holds_one_kind() -> None:
    assert len({layout.name for layout in LAYOUTS}) == len(LAYOUTS)
    kinds = get_args(Layout.__dataclass_fields__["holds"].type) or (
        "tables of pixels", "pictures", "Parquet files", "arrays",
    )  # fmt: skip
    assert {layout.holds for layout in LAYOUTS} == set(kinds)
    assert all(layout.about and "\n" not in layout.about for layout in LAYOUTS)


def test_a_layout_recognises_and_reads_what_it_is_for(make: Maker) -> None:
    path = make.fer2013()
    layout = next(layout for layout in LAYOUTS if layout.name == "fer2013-csv")
    assert layout.self_contained
    assert layout.matches(Survey(path))
    assert layout.read(Survey(path), DEFAULT).labels.tolist() == list(range(7))
    with pytest.raises(FrozenInstanceError):
        layout.name = "other"  # type: ignore[misc]
