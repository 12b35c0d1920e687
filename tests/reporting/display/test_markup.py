"""HTML of results: escaped, without scripts, and only as long as a notebook bears."""

from __future__ import annotations

import re

from mien.reporting.display import markup

EVIL = '<script>alert("1")</script>'


def test_every_text_is_escaped() -> None:
    shown = markup.block(
        markup.title(EVIL),
        markup.line(EVIL),
        markup.table([EVIL], [[EVIL]]),
        markup.matrix(EVIL, [EVIL], [[EVIL]], [[0.5]]),
        markup.bars([EVIL], [0.5], [EVIL]),
        markup.picture("data:image/png;base64,AA==", EVIL),
        markup.preformatted(EVIL),
    )
    assert "<script" not in shown
    assert shown.count("&lt;script&gt;") == 13
    assert "\x1b" not in markup.text("\x1b[2J")


def test_numbers_are_right_aligned_and_long_tables_are_cut() -> None:
    shown = markup.table(["class", "rows"], [["a", "1"], ["b", "22"]])
    assert re.findall(r"text-align:(\w+)", shown) == ["left", "right"] * 3
    long = markup.table(["row"], [[str(row)] for row in range(markup.MOST_ROWS + 5)])
    assert long.count("<td") == markup.MOST_ROWS
    assert "+ 5" in long


def test_a_cell_is_tinted_by_its_share_and_a_bar_as_long_as_its() -> None:
    shown = markup.matrix("", ["a", "b"], [["3", "1"], ["0", "4"]], [[0.75, 0.25], [0, 1]])
    assert re.findall(r"rgba\(79,134,184,([\d.]+)\)", shown) == ["0.562", "0.188", "0.000", "0.750"]
    assert re.findall(r"width:([\d.]+)px;h", markup.bars(["a", "b"], [0.25, 1.5], ["25%", "more"])) == ["25.0", "100.0"]
