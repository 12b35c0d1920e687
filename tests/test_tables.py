from __future__ import annotations

import numpy as np

from mien import tables


def test_numbers_go_right_and_words_left() -> None:
    assert tables.render(["name", "n"], [["a", "5"], ["bcd", "1,000"]]).splitlines() == [
        "name      n",
        "----  -----",
        "a         5",
        "bcd   1,000",
    ]


def test_a_table_without_rows_has_its_heads() -> None:
    assert tables.render(["a", "b"], []).splitlines() == ["a  b", "-  -"]


def test_a_matrix_has_the_true_class_by_row() -> None:
    last = tables.matrix(["up", "down"], np.array([[5, 1], [2, 7]])).splitlines()[-1]
    assert last.split() == ["down", "2", "7"]
