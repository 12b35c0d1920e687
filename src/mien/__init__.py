"""mien classifies facial expressions: it trains on labelled faces, evaluates the models and runs them anywhere.

The public names are imported on first use, so that ``import mien`` stays fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mien.api import (
        adapt,
        agree,
        audit,
        compare,
        crossval,
        decide,
        ensemble,
        evaluate,
        explain,
        export,
        homework,
        info,
        merge_tracks,
        predict,
        report,
        resume,
        study,
        submit,
        train,
        tune,
        video,
        video_study,
    )
    from mien.data.faceset import FaceSet
    from mien.evaluation.evaluation import Evaluation
    from mien.inference.classifier import Classifier, load
    from mien.inference.datasets import read
    from mien.inference.photo import Face, Reader, analyze
    from mien.progress import SILENT, Progress

__version__ = "0.1.0"

_VERBS = (
    "adapt",
    "agree",
    "audit",
    "compare",
    "crossval",
    "decide",
    "ensemble",
    "evaluate",
    "explain",
    "export",
    "homework",
    "info",
    "merge_tracks",
    "predict",
    "report",
    "resume",
    "study",
    "submit",
    "train",
    "tune",
    "video",
    "video_study",
)

_PUBLIC = {
    **dict.fromkeys(_VERBS, "mien.api"),
    "Classifier": "mien.inference.classifier",
    "Evaluation": "mien.evaluation.evaluation",
    "Face": "mien.inference.photo",
    "FaceSet": "mien.data.faceset",
    "Progress": "mien.progress",
    "Reader": "mien.inference.photo",
    "SILENT": "mien.progress",
    "analyze": "mien.inference.photo",
    "load": "mien.inference.classifier",
    "read": "mien.inference.datasets",
}

__all__ = [
    "SILENT",
    "Classifier",
    "Evaluation",
    "Face",
    "FaceSet",
    "Progress",
    "Reader",
    "__version__",
    "adapt",
    "agree",
    "analyze",
    "audit",
    "compare",
    "crossval",
    "decide",
    "ensemble",
    "evaluate",
    "explain",
    "export",
    "homework",
    "info",
    "load",
    "merge_tracks",
    "predict",
    "read",
    "report",
    "resume",
    "study",
    "submit",
    "train",
    "tune",
    "video",
    "video_study",
]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        from mien.extras import needed

        with needed("report"):
            return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'mien' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
