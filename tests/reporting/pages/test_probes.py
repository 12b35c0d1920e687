"""The sections on saliency, robustness and agreement with annotators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from mien.data import store
from mien.data.faceset import FaceSet
from mien.evaluation.judge import Judgement
from mien.evaluation.probing import findings
from mien.evaluation.probing.findings import Findings
from mien.inference.classifier import Classifier
from mien.reporting.pages import probes
from mien.reporting.texts import Texts
from mien.run import Run

Invoke = Callable[..., tuple[int, str, str]]


def test_without_probes_only_what_costs_nothing(classifier: Classifier, judged: Judgement) -> None:
    found = findings.find(classifier, judged, probes=False)
    assert set(found.to_dict(judged)) == {"calibration", "voters"}
    told = probes.sections(judged, found, Texts("en"))
    assert (told.saliency, told.robust, told.voters is None) == (None, None, False)
    plain = replace(judged, faces=replace(judged.faces, votes=None))
    nothing = probes.ProbeSections()
    assert probes.sections(plain, findings.find(classifier, plain, probes=False), Texts("en")) == nothing
    assert probes.sections(plain, None, Texts("en")) == nothing


def test_a_report_shows_it_unless_told_not_to(invoke: Invoke, run: Run, faces: FaceSet, tmp_path: Path) -> None:
    store.write_parquet(faces.select(np.arange(0, len(faces), 8)), tmp_path / "few.parquet")
    few = ("--data", tmp_path / "few.parquet")
    assert invoke("report", run.folder, *few, "-o", tmp_path / "full.html")[0] == 0
    assert invoke("report", run.folder, *few, "--no-probes", "-o", tmp_path / "short.html")[0] == 0
    full, short = ((tmp_path / name).read_text(encoding="utf-8") for name in ("full.html", "short.html"))
    assert 'id="saliency"' in full
    assert "Grad-CAM" in full
    assert 'id="robust"' in full
    assert 'id="voters"' not in full  # nobody voted on drawn faces
    assert 'id="saliency"' not in short
    assert "--no-probes" in short


def test_each_corruption_has_a_figure_and_a_row_and_each_face_its_map(judged: Judgement, probed: Findings) -> None:
    told = probes.sections(judged, probed, Texts("en"))
    assert told.robust is not None
    assert len(told.robust.losses.rows) == len(told.robust.rows) == len(probed.curves)
    worst = {Texts("en")(f"robust.name.{curve.corruption.name}"): curve.worst[1] for curve in probed.curves}
    assert {row.name: row.worst for row in told.robust.rows} == {name: f"{share:.1%}" for name, share in worst.items()}
    assert told.robust.losses.heads == ("all", *Texts("en").names(judged.evaluation.classes))
    curves = {Texts("en")(f"robust.name.{curve.corruption.name}"): curve for curve in probed.curves}
    for row in told.robust.losses.rows:
        curve = curves[row.name]
        drops = np.array([curve.drop, *curve.class_drops])
        shown = [int(cell.text.replace("−", "-")) for cell in row.cells]
        np.testing.assert_allclose(shown, 100 * drops, atol=0.5 + 1e-9)
        assert [cell.is_marked for cell in row.cells].count(True) == (1 if curve.class_drops.max() > 0 else 0)
        assert all(np.sign(cell.shade) in (0, -np.sign(drop)) for cell, drop in zip(row.cells, drops, strict=True))
    assert [curves[row.name].drop for row in told.robust.losses.rows] == sorted(
        (c.drop for c in probed.curves), reverse=True
    )
    assert told.saliency is not None
    assert told.saliency.singles
    for face in told.saliency.singles:
        assert face.address.startswith("data:image/png;base64,")
        assert face.address != face.face
        assert face.kind in ("wrong", "")
    assert len(told.saliency.gradients) == len(told.saliency.means)
