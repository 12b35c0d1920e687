"""Results that show themselves: every kind has its module, with a function for each method."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mien
from mien import display
from mien.display import Displayed, Paged
from mien.errors import MienError
from mien.synthetic import drawn

ROOT = Path(mien.__file__).parent
MODULES = sorted(
    ".".join(("mien", *path.relative_to(ROOT).with_suffix("").parts))
    for path in ROOT.rglob("*.py")
    if re.search(r"^class .*, kind=", path.read_text(encoding="utf-8"), re.MULTILINE)
)
"""The modules with results that show themselves."""


def kinds() -> Iterator[type[Displayed]]:
    for module in map(importlib.import_module, MODULES):
        for _, thing in inspect.getmembers(module, inspect.isclass):
            if issubclass(thing, Displayed) and thing.__module__ == module.__name__ and hasattr(thing, "kind"):
                yield thing


def test_every_result_of_the_interface_shows_itself() -> None:
    assert {kind.__name__ for kind in kinds()} == {
        "Adapted", "Audit", "CoderAgreement", "Crossvalidated", "Decided", "Evaluated", "Evaluation", "Explained", "Face",
        "FaceSet", "Homework", "ModelComparison", "ModelInfo", "PhotoResult", "Predictions", "Run", "StudyResult",
        "SweepResult", "VideoResult", "VideoStudy",
    }  # fmt: skip


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.__name__)
def test_each_kind_has_its_functions(kind: type[Displayed]) -> None:
    module = importlib.import_module(f"{display.PACKAGE}.{kind.kind}")
    assert all(callable(getattr(module, name)) for name in ("text", "html", "rows"))
    assert callable(getattr(kind, "to_dict", None))
    assert hasattr(module, "write_page") == issubclass(kind, Paged)
    own = [name for name in vars(kind) if name.startswith("plot_")]
    for name in own:
        options = list(inspect.signature(getattr(kind, name)).parameters)
        assert "ax" in options
        assert inspect.signature(getattr(module, name)).parameters.keys() >= {*options} - {"self"}


def test_a_data_frame_needs_pandas_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MienError, match="pip install pandas"):
        drawn.draw(20, seed=0).to_frame()


def test_plots_leave_the_style_and_pyplot_alone() -> None:
    import matplotlib
    from matplotlib.figure import Figure

    before = dict(matplotlib.rcParams)
    faces = drawn.draw(40, seed=0)
    given = Figure().add_subplot()
    assert faces.plot_classes(given) is given
    assert faces.plot_classes() is not given
    assert dict(matplotlib.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_a_result_without_extras_shows_itself() -> None:
    face = mien.Face((1, 2, 30, 40), (), 0.9, "happy", {"happy": 0.75, "sad": 0.25})
    assert str(face) == "happy 75.0%, box 1 2 30 40, face score 0.90"


def test_a_notebook_stores_the_text_and_the_html_and_no_repr() -> None:
    faces = drawn.draw(20, seed=0)
    assert faces._repr_mimebundle_(include=None, exclude=None) == {
        "text/plain": str(faces),
        "text/html": faces._repr_html_(),
    }
