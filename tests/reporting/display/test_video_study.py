"""A study with clips shows itself."""

from __future__ import annotations

from pathlib import Path

from filmed import filmed


def test_a_study_shows_conditions_and_persons(tmp_path: Path) -> None:
    made = filmed(tmp_path / "out")
    lines = str(made).splitlines()
    assert lines[0] == "By condition: mean probability"
    row = next(line for line in lines if "anna-film.mp4" in line)
    assert row.split() == ["anna", "anna-film.mp4", "film", "75%", "happy", "67%", "2", "+0.51"]
    frame = made.to_frame()
    assert len(frame) == 3 * 7
    happy = frame[(frame["clip"] == "anna-film.mp4") & (frame["expression"] == "happy")]
    assert happy["episode_seconds"].tolist() == [2.0]
    assert "ben &lt;1&gt;.mp4" in made._repr_html_()
    made.write_page(tmp_path / "page.html", lang="zh-TW")
    assert "影片中的表情" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert made.to_dict()["settings"]["reading"]["smoothing"] == 0.3
