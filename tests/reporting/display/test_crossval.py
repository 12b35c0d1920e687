"""Cross-validations show themselves."""

from __future__ import annotations

from pathlib import Path

import experimental
from mien.reporting.pages import crossval as pages
from mien.reporting.texts import Texts


def test_a_cross_validation_shows_its_folds() -> None:
    found = experimental.crossvalidated(num_folds=3)
    assert str(found) == pages.as_text(found)
    assert pages.subtitle(found.result, Texts("en")) in found._repr_html_()
    frame = found.to_frame()
    assert frame["number"].tolist() == [1, 2, 3]
    assert frame["accuracy"].tolist() == [fold.accuracy for fold in found.result.folds]
    folds = found.plot_folds()
    assert [label.get_text() for label in folds.get_yticklabels()] == ["fold 1", "fold 2", "fold 3"]
    assert folds.get_xlabel() == "accuracy"
    assert found.plot_confusion(folds) is folds
    assert found.plot_calibration().lines
    assert found.to_dict()["scores"]["accuracy"]["value"] == 0.7


def test_a_cross_validation_is_written_as_a_page(tmp_path: Path) -> None:
    result = experimental.crossvalidated()
    result.write_page(tmp_path / "page.html", lang="zh-TW")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == pages.render(result, lang="zh-TW")
