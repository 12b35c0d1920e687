"""Homeworks show themselves."""

from __future__ import annotations

from pathlib import Path

import homeworks
from mien.reporting.pages import homework as pages
from mien.run import Run


def test_a_homework_shows_its_scores_and_its_studies(run: Run, faces_file: Path, tmp_path: Path) -> None:
    done = homeworks.done(faces_file, None, tmp_path / "hw", run)
    assert str(done) == pages.as_text(done)
    shown = done._repr_html_()
    assert all(result._repr_html_() in shown for result in done.studies.values())
    frame = done.to_frame()
    assert frame["study"].unique().tolist() == list(done.studies)
    assert len(frame) == sum(len(result.to_frame()) for result in done.studies.values())
    axes = done.plot_confusion()
    assert done.plot_calibration(axes) is axes
