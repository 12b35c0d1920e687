"""Searches show themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

import experimental
from mien.errors import ArgumentError
from mien.reporting.pages import tune
from mien.reporting.texts import Texts


def test_a_search_shows_its_trials() -> None:
    result = experimental.sweep()
    assert str(result) == tune.as_text(result)
    assert tune.subtitle(result, Texts("en")) in result._repr_html_()
    frame = result.to_frame()
    assert frame["trial"].tolist() == [trial.number for trial in result.trials]
    assert frame.loc[frame["best"], "trial"].tolist() == [result.best]
    assert result.plot_curves().lines
    assert result.plot_field("learning_rate").get_xlabel() == "learning_rate"
    with pytest.raises(ArgumentError, match="'epochs' doesn't vary in this search: choose learning_rate"):
        result.plot_field("epochs")
    assert result.to_dict()["best"] == result.best


def test_a_search_is_written_as_a_page(tmp_path: Path) -> None:
    result = experimental.sweep()
    result.write_page(tmp_path / "page.html", lang="zh-TW")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == tune.render(result, lang="zh-TW")
