"""The section on class shares."""

from __future__ import annotations


def test_class_shares_are_listed_as_in_the_report(english: str) -> None:
    assert "[100, 110, 120, 130, 140, 150, 160]" in english
    assert "Bayes" in english
    assert "changes" in english
