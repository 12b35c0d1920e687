"""What the tests of reporting share: a run, its report, and an audit of planted faults, made once."""

from __future__ import annotations

import numpy as np
import pytest

from audited import found, planted
from found import classifier, judged, probed
from mien import images
from mien.data.faceset import FaceSet
from mien.evaluation import model_comparison
from mien.evaluation.model_comparison import ModelComparison
from mien.reporting.pages import report
from mien.run import Run
from reported import REPORT, judgement, made

__all__ = ["base", "classifier", "english", "found", "judged", "planted", "probed"]


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with the recipe base. Don't write into it."""
    run = made(tmp_path_factory.mktemp("made") / "base")
    (run.folder / "augmented.png").write_bytes(images.encode_png(np.zeros((20, 100), np.uint8)))
    return run


@pytest.fixture(scope="session")
def english(base: Run) -> str:
    return report.render(judgement(), base, command=REPORT)


@pytest.fixture(scope="session")
def compared(faces: FaceSet, tmp_path_factory: pytest.TempPathFactory) -> ModelComparison:
    """A table of predictions with 30 errors, and one with 5, on the same 70 faces."""
    judged, folder = faces.split("test"), tmp_path_factory.mktemp("predictions")
    for name, errors in (("plain", 30), ("better", 5)):
        answers = np.where(np.arange(len(judged)) < errors, (judged.labels + 1) % 7, judged.labels)
        rows = "".join(f"{n},{judged.classes[code]}\n" for n, code in zip(judged.names, answers, strict=True))
        (folder / f"{name}.csv").write_text("name,label\n" + rows)
    return model_comparison.compare([str(folder / "plain.csv"), str(folder / "better.csv")], judged)
