"""A study with clips whose rows are written by hand: two persons, two conditions, known expressions."""

from __future__ import annotations

import csv
from pathlib import Path

from mien import files, typed_json
from mien.inference import records
from mien.inference.readability import Limits
from mien.videos import study, study_folder
from mien.videos.design import ClipCondition, Design
from mien.videos.study import VideoStudy
from mien.videos.study_folder import Reading, Settings

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
LETTERS = {"h": "happy", "s": "surprise", "n": "neutral"}
SHOWN = {"anna-film.mp4": "n" * 10 + "h" * 20 + "x" * 10, "ben <1>.mp4": "s" * 20, "anna-rest.mp4": "n" * 20}
"""Frames of each clip, ten a second: happy, surprise, neutral, and x for no face."""

DESIGN = Design(
    conditions=(
        ClipCondition("anna-film", "film", "anna"),
        ClipCondition("ben <1>", "film", "ben"),
        ClipCondition("anna-rest", "rest", "anna"),
    ),
    single=True,
)


def write_rows(path: Path, shown: str) -> None:
    """The rows of a clip, as ``mien video`` writes them; each expression has a probability of 0.88, all others 0.02."""
    names = list(records.track_columns(CLASSES))
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, names, restval="")
        table.writeheader()
        for number, letter in enumerate(shown):
            head = {"frame": number, "time": number / 10, "status": "no_face" if letter == "x" else "face"}
            face = {"track": 1, "left": 0, "top": 0, "right": 80, "bottom": 90}
            rows = {f"p_{name}": 0.88 if name == LETTERS.get(letter) else 0.02 for name in CLASSES}
            table.writerow(head if letter == "x" else head | face | rows)


def filmed(folder: Path, design: Design = DESIGN) -> VideoStudy:
    """The study, in a folder that is made."""
    (folder / study_folder.ROWS).mkdir(parents=True)
    for clip, shown in SHOWN.items():
        write_rows(study_folder.rows_path(folder, clip), shown)
    reading = Reading("tiny", "0" * 64, 1, 0.0, None, 0.3, None, {}, Limits())
    settings = Settings("0", tuple(SHOWN), reading, design.fitted(tuple(SHOWN)))
    files.write_json(folder / study_folder.SETTINGS, typed_json.to_json(settings))
    return study.summarise(folder, settings)
