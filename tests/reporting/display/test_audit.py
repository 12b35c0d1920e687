"""Audits show themselves."""

from __future__ import annotations

from pathlib import Path

import bars
from mien.auditing.audit import Audit
from mien.reporting import terminal
from mien.reporting.pages import audit as pages


def test_an_audit_shows_its_findings(found: Audit) -> None:
    assert str(found) == terminal.audit_as_text(found)
    page = found._repr_html_()
    assert page.count("<figure") == min(12, len(found.label_issues.rows))
    frame = found.to_frame()
    counts = frame["finding"].value_counts().to_dict()
    assert counts.get("label issue", 0) == found.counts.label_issues
    assert counts["blank"] == found.counts.blank == 2
    assert counts["conflicting labels"] == found.counts.conflicting_rows
    assert counts["conflicting labels"] + counts["duplicate"] == found.counts.rows_in_groups
    row = frame.iloc[0]
    assert row["name"] == found.faces.names[row["row"]]
    widths = [bar.get_width() for bar in bars.of(found.plot_findings())]
    assert widths == [found.counts.rows_in_groups, found.counts.conflicting_rows, 2, found.counts.no_face_found,
                    found.counts.label_issues]  # fmt: skip


def test_an_audit_is_written_as_a_page(found: Audit, tmp_path: Path) -> None:
    found.write_page(tmp_path / "page.html", lang="zh-TW")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == pages.render(found, lang="zh-TW")
