"""The layouts that are declared: their names, what they hold, and the order in which they are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from mien.data.layouts.catalogue import LAYOUTS
from mien.data.layouts.layout import Layout
from mien.data.layouts.survey import Survey

if TYPE_CHECKING:
    from tests.data.conftest import Maker


def test_each_layout_has_a_name_of_its_own_and_holds_one_kind() -> None:
    assert len({layout.name for layout in LAYOUTS}) == len(LAYOUTS)
    kinds = get_args(Layout.__dataclass_fields__["holds"].type) or (
        "tables of pixels", "pictures", "Parquet files", "arrays",
    )  # fmt: skip
    assert {layout.holds for layout in LAYOUTS} == set(kinds)
    assert all(layout.about and "\n" not in layout.about for layout in LAYOUTS)


def test_a_special_layout_is_tried_before_the_general_one_that_fits_too(make: Maker) -> None:
    for emotion in ("happy", "sad"):
        for number in (1, 2):
            make.picture(f"{emotion}/S010_004_0000001{number}.png", number)
    fitting = [layout.name for layout in LAYOUTS if layout.matches(Survey(make.root))]
    assert fitting == ["ck+", "folders"]
