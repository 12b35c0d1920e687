"""What the tests of reporting share: a run, its report, and an audit of planted faults, made once."""

from __future__ import annotations

import numpy as np
import pytest

from audited import found, planted
from found import classifier, judged, probed
from mien import images
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
