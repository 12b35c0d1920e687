"""The Python interface: one typed function for each verb of the command line.

Every function takes data as a path or a ``FaceSet``, and a model as a name, a path or a ``Classifier``. All errors are
``mien.errors.MienError``. Each function imports its dependencies inside, so that ``import mien`` stays light.
"""

from mien.api.data import audit, info, load, read, submit
from mien.api.experimenting import crossval, homework, study, tune
from mien.api.judging import compare, decide, evaluate, explain, report
from mien.api.training import adapt, ensemble, export, new_run_folder, recipe_for, resume, train
from mien.api.using import agree, merge_tracks, predict, video, video_study

__all__ = [
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
    "load",
    "merge_tracks",
    "new_run_folder",
    "predict",
    "read",
    "recipe_for",
    "report",
    "resume",
    "study",
    "submit",
    "train",
    "tune",
    "video",
    "video_study",
]
