"""The frame of every page."""

from __future__ import annotations

from mien.reporting.pages import frame
from reported import REPORT, TRAIN


def test_commands_are_shown_as_one_types_them() -> None:
    train = "mien train faces.csv --recipe base --set epochs=15 --out first"
    assert frame.commands(TRAIN, REPORT) == [train, "mien report first --data 'else where.csv' --lang en"]
    assert frame.commands((), REPORT[:3]) == ["mien report first"]


def test_a_template_has_the_styles_that_are_asked_for() -> None:
    assert ".downloads" in str(frame.page_template("homework").globals["css"])
    plain, audit = (len(str(frame.page_template("audit", *styles).globals["css"])) for styles in ((), ("audit",)))
    assert audit > plain
