"""The result of explain shows itself."""

from __future__ import annotations

from pathlib import Path

from mien.evaluation.probing.findings import Findings
from mien.evaluation.results import Explained
from mien.reporting.pages import explain


def test_an_explained_model_shows_its_findings(judged: object, probed: Findings, tmp_path: Path) -> None:
    result = Explained(judged, probed)  # type: ignore[arg-type] # the fixture's type
    assert str(result) == explain.as_text(result.judgement, probed)
    assert result.to_dict() == result.judgement.to_dict() | probed.to_dict(result.judgement)
    assert len(result.to_frame()) == len(result.judgement.evaluation)
    assert "<pre" in result._repr_html_()
    result.write_page(tmp_path / "page.html", lang="zh-TW")
    page = explain.render(result.judgement, probed, lang="zh-TW")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page
