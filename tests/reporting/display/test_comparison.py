"""Comparisons of models show themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.data.faceset import FaceSet
from mien.errors import ArgumentError
from mien.evaluation import model_comparison
from mien.evaluation.model_comparison import ModelComparison
from mien.reporting.pages import compare as pages


@pytest.fixture(scope="module")
def compared(faces: FaceSet, tmp_path_factory: pytest.TempPathFactory) -> ModelComparison:
    judged, folder = faces.split("test"), tmp_path_factory.mktemp("predictions")
    for name, errors in (("plain", 30), ("better", 5), ("worse", 40)):
        answers = np.where(np.arange(len(judged)) < errors, (judged.labels + 1) % 7, judged.labels)
        rows = "".join(f"{n},{judged.classes[code]}\n" for n, code in zip(judged.names, answers, strict=True))
        (folder / f"{name}.csv").write_text("name,label\n" + rows)
    return model_comparison.compare([str(folder / f"{name}.csv") for name in ("plain", "better", "worse")], judged)


def test_a_comparison_shows_its_models(compared: ModelComparison) -> None:
    assert str(compared) == pages.as_text(compared)
    assert "better.csv predicts 92.9% of the faces correctly" in compared._repr_html_()
    frame = compared.to_frame()
    assert [Path(name).name for name in frame["model"]] == ["plain.csv", "better.csv", "worse.csv"]
    assert frame["accuracy"].tolist() == pytest.approx([40 / 70, 65 / 70, 30 / 70])
    assert np.isnan(frame["accuracy_difference"][0])
    assert frame["accuracy_difference"].tolist()[1:] == pytest.approx([25 / 70, -10 / 70])
    assert frame["p_holm"][1] == compared.pairs[0].p_holm


def test_plots_are_those_of_the_named_pair(compared: ModelComparison) -> None:
    second, third = compared.plot_differences(), compared.plot_differences(other=compared.models[2].name)
    assert (
        np.max(np.asarray(second.lines[-1].get_xdata(), float))
        > 0
        > np.max(np.asarray(third.lines[-1].get_xdata(), float))
    )
    assert compared.plot_confusion(second) is second
    with pytest.raises(ArgumentError, match=r"There is no model compared with .*plain.csv 'best': choose "):
        compared.plot_differences(other="best")


def test_a_comparison_is_written_as_a_page(compared: ModelComparison, tmp_path: Path) -> None:
    compared.write_page(tmp_path / "page.html", lang="zh-TW")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == pages.render(compared, lang="zh-TW")
