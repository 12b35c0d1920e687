"""Adapted models show themselves."""

from __future__ import annotations

from pathlib import Path

import mien
from mien.run import Run
from mien.synthetic import drawn


def test_an_adapted_model_shows_its_scores(run: Run, tmp_path: Path) -> None:
    adapted = mien.adapt(run.folder, drawn.draw(80, seed=2), tmp_path / "mine.onnx")
    first, second = str(adapted).splitlines()
    assert first.startswith(f"{tmp_path / 'mine.onnx'}: angry, disgust")
    assert f"{len(adapted.faces)} faces of" in first
    evaluation = adapted.evaluation
    assert second.startswith(f"accuracy {evaluation.accuracy:.1%} (")
    assert second.endswith(f"cross-validated by person, 5 folds, n = {len(evaluation)}")
    assert second in adapted._repr_html_()
    frame = adapted.to_frame()
    assert frame["class"].tolist() == list(evaluation.classes)
    assert frame["recall"].tolist() == [one.recall.value for one in evaluation.by_class if one.recall]
    axes = adapted.plot_confusion()
    assert adapted.plot_calibration(axes) is axes
    assert adapted.to_dict()["model"] == str(adapted.path)
