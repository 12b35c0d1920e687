"""Studies show themselves."""

from __future__ import annotations

from pathlib import Path

import experimental
from mien.reporting.pages import study
from mien.reporting.texts import Texts


def test_a_study_shows_its_arms() -> None:
    result = experimental.study()
    assert str(result) == study.as_text(result)
    assert study.answer(result, Texts("en"))[:40] in result._repr_html_()
    frame = result.to_frame()
    assert len(frame) == sum(len(arm.compared.scores) for arm in result.arms)
    first = result.arms[0]
    assert frame["accuracy"].tolist()[: len(result.seeds)] == [run["accuracy"] for run in first.compared.scores]
    assert frame["arm"].unique().tolist() == [str(arm.arm) for arm in result.arms]
    names = [label.get_text() for label in result.plot_differences().get_yticklabels()]
    assert names == [study.arm_name(arm.arm, Texts("en")) for arm in result.arms[1:]]
    assert result.plot_curves().get_ylabel() == "accuracy on the hold-out"
    assert result.to_dict()["study"] == result.study


def test_a_study_is_written_as_a_page(tmp_path: Path) -> None:
    result = experimental.study()
    result.write_page(tmp_path / "page.html", lang="zh-TW")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == study.render(result, lang="zh-TW")
