"""Codes, fitted to a study whose rows are known: three clips, two conditions."""

from __future__ import annotations

from pathlib import Path

import pytest

from filmed import CLASSES, filmed, write_rows
from mien import files, typed_json
from mien.errors import DataError
from mien.experiments import fitted_codes
from mien.experiments.fitted_codes import CodeNote
from mien.videos import study_folder
from mien.videos.coding import CodedSpan
from mien.videos.study_folder import ClipFile, ClipRecord


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return filmed(tmp_path / "out").folder


def test_labels_are_the_models_own_names_first() -> None:
    """A model with classes of one's own keeps its names, whatever mien calls these expressions."""
    assert fitted_codes.names_of(["joy", "Wonder", "happy"], ("joy", "wonder")) == {
        "joy": "joy",
        "Wonder": "wonder",
        "happy": "happy",  # which this model lacks
    }
    assert fitted_codes.names_of(["Joy", "HAPPY", "surprised"], CLASSES) == {
        "Joy": "happy",
        "HAPPY": "happy",
        "surprised": "surprise",
    }
    assert fitted_codes.names_of(["joy", "Joy", "Happy"], ("joy", "Joy", "happy")) == {
        "joy": "joy",
        "Joy": "Joy",
        "Happy": "happy",
    }
    assert fitted_codes.names_of(["Bored", "bored"], CLASSES) == {"Bored": "Bored", "bored": "Bored"}


def test_what_the_model_lacks_and_what_counts_as_another_word_is_told(folder: Path) -> None:
    spans = [CodedSpan("anna-film", "x", label, n / 4, (n + 1) / 4) for n, label in enumerate(("Joy", "Sad", "bored"))]
    found = fitted_codes.fit(folder, spans, ["calm"])
    assert found.lacking == ("bored", "calm")
    assert found.renamed == (("Joy", "happy"),)
    assert found.classes == (*CLASSES, "bored", "calm")
    assert [span.label for span in found.pairs[0][1]] == ["happy", "sad", "bored"]


def test_a_person_who_is_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match=r"name the person 'Ben' in 'ben <1>.mp4', but the study has ben there"):
        fitted_codes.fit(folder, [CodedSpan("ben <1>", "x", "happy", 0, 1, "Ben")])
    assert fitted_codes.fit(folder, [CodedSpan("ben <1>", "x", "happy", 0, 1, "ben")]).notes == ()


def test_codes_after_the_end_are_told(folder: Path) -> None:
    spans = [
        CodedSpan("ben <1>", "x", "happy", 0, 2.05),  # rounded
        CodedSpan("anna-film", "x", "happy", 0, 5),
        CodedSpan("anna-film", "x", "sad", 100, 104),
        CodedSpan("anna-film", "y", "sad", 0, 4),
    ]
    assert fitted_codes.fit(folder, spans).notes == (CodeNote("beyond", "anna-film.mp4", "x", 5.0),)


def test_milliseconds_are_refused(folder: Path) -> None:
    spans = [CodedSpan("anna-film", "x", "neutral", 0, 1000), CodedSpan("anna-film", "x", "happy", 1000, 4000)]
    with pytest.raises(DataError, match=r"end at 4000 s, but the clip at 4.0 s: write seconds, not milliseconds"):
        fitted_codes.fit(folder, spans)
    far = [CodedSpan("anna-film", "x", "neutral", 0, 99_999)]  # which stands for the end
    assert fitted_codes.fit(folder, far).notes[0].kind == "beyond"


def test_a_clip_that_was_not_read_is_told(folder: Path) -> None:
    write_rows(study_folder.rows_path(folder, "anna-rest.mp4"), "x" * 20)
    spans = [CodedSpan("anna-rest", "x", "happy", 0, 1), CodedSpan("ben <1>", "x", "surprise", 0, 1)]
    found = fitted_codes.fit(folder, spans)
    assert found.notes == (CodeNote("unread", "anna-rest.mp4"),)
    assert [one.person for one, _ in found.pairs] == ["ben"]
    with pytest.raises(DataError, match="of no person whose face was read"):
        fitted_codes.fit(folder, spans[:1])


def test_times_of_elan_count_from_the_start_of_the_file(folder: Path) -> None:
    """The picture starts after 1.5 seconds of sound."""
    film = folder / "film"
    film.touch()
    record = ClipRecord("film", ClipFile.of(str(film)), 40, 0, 1.5)
    files.write_json(study_folder.record_path(folder, "anna-film.mp4"), typed_json.to_json(record))
    spans = [
        CodedSpan("anna-film.mp4", "x", "neutral", 1.0, 2.5, of_file=True),
        CodedSpan("anna-film.mp4", "x", "happy", 2.5, 4.5, of_file=True),
        CodedSpan("anna-film.mp4", "y", "happy", 1.0, 3.0),
    ]
    found = fitted_codes.fit(folder, spans)
    assert [(span.start, span.end) for span in found.pairs[0][1]] == [(0, 1), (1, 3), (1, 3)]
    assert found.notes == (CodeNote("late", "anna-film.mp4", seconds=1.5),)
