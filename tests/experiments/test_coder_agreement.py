"""Agreement with coders of clips whose rows are known: three clips, two conditions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from filmed import CLASSES, filmed
from mien.errors import ArgumentError, DataError
from mien.experiments import coder_agreement
from mien.videos import coding, study_folder
from mien.videos.coding import CodedSpan
from mien.videos.design import Design


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filmed(tmp_path_factory.mktemp("study") / "out").folder


CODES = [  # mien: anna-film neutral to 1, happy to 3, no face to 4; ben surprise to 2; anna-rest neutral to 2
    CodedSpan("anna-film", "x", "neutral", 0, 1.5),
    CodedSpan("anna-film", "x", "happy", 1.5, 4.0),
    CodedSpan("ben <1>", "x", "surprise", 0, 2),
    CodedSpan("anna-rest", "x", "neutral", 0, 1),
    CodedSpan("anna-film", "y", "happy", 1.0, 3.0),
]


def test_confusion_by_overlap_of_time(folder: Path) -> None:
    found = coder_agreement.measure(folder, CODES[:4])
    seconds = np.array(found.confusions[0].seconds)
    at = {name: number for number, name in enumerate(CLASSES)}
    assert seconds[at["neutral"], at["neutral"]] == pytest.approx(2.0)  # a second of either clip
    assert seconds[at["neutral"], at["happy"]] == pytest.approx(0.5)
    assert seconds[at["happy"], at["happy"]] == pytest.approx(1.5)  # from 3 on there is no face
    assert seconds[at["surprise"], at["surprise"]] == pytest.approx(2.0)
    assert seconds.sum() == pytest.approx(6.0)


def test_kappa_is_that_of_scikit_learn_on_a_grid(folder: Path) -> None:
    found = coder_agreement.measure(folder, CODES[:4])
    (pair,) = found.pairs
    model = ["n"] * 10 + ["h"] * 20 + ["s"] * 20 + ["n"] * 10
    coder = ["n"] * 15 + ["h"] * 15 + ["s"] * 20 + ["n"] * 10
    assert (pair.first, pair.second, pair.seconds) == ("x", "mien", 6.0)
    assert pair.agreement.value == pytest.approx(55 / 60)
    assert pair.kappa.value == pytest.approx(cohen_kappa_score(coder, model))
    assert pair.kappa.low <= pair.kappa.value <= pair.kappa.high
    happy = {row.expression: row for row in found.expressions}["happy"]
    assert (happy.coder_seconds, happy.model_seconds) == (1.5, 2.0)
    assert happy.kappa.value == pytest.approx(cohen_kappa_score([c == "h" for c in coder], [m == "h" for m in model]))
    assert happy.icc.value > 0.9
    assert (found.clips, found.drawn, found.fleiss_people) == (3, "blocks", None)


def test_time_without_a_code_may_have_a_label(folder: Path) -> None:
    found = coder_agreement.measure(folder, CODES[4:], uncoded="neutral")
    (pair,) = found.pairs
    assert pair.seconds == 3.0
    assert pair.kappa.value == pytest.approx(1.0)
    assert found.uncoded == "neutral"
    assert coder_agreement.measure(folder, CODES[4:]).pairs[0].seconds == 2.0


def test_several_coders(folder: Path) -> None:
    found = coder_agreement.measure(folder, CODES, uncoded="neutral")
    assert [(pair.first, pair.second) for pair in found.pairs] == [("x", "y"), ("x", "mien"), ("y", "mien")]
    assert found.fleiss_people is not None
    assert 0 < found.fleiss_people.value < 1
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert record["coders"] == ["x", "y"]


def test_miens_own_elan_files_agree_fully(folder: Path) -> None:
    spans = [span for path in sorted((folder / "elan").glob("*.eaf")) for span in coding.read(path)]
    one_coder = [CodedSpan(span.clip, "again", span.label, span.start, span.end) for span in spans]
    found = coder_agreement.measure(folder, one_coder)
    assert found.pairs[0].kappa.value == pytest.approx(1.0)
    assert found.pairs[0].seconds == pytest.approx(7.0)


def test_people_are_compared_on_readable_time_too(folder: Path) -> None:
    """No face from 3 to 4 s: there the two agree, which doesn't count, as mien can't agree with either."""
    spans = [
        CodedSpan("anna-film", "x", "happy", 0, 4),
        CodedSpan("anna-film", "y", "happy", 0, 1.5),
        CodedSpan("anna-film", "y", "sad", 1.5, 3),
        CodedSpan("anna-film", "y", "happy", 3, 4),
    ]
    found = coder_agreement.measure(folder, spans)
    assert [pair.seconds for pair in found.pairs] == [3.0, 3.0, 3.0]
    assert found.pairs[0].agreement.value == pytest.approx(0.5)
    again = coder_agreement.measure(folder, spans, uncoded="neutral")
    assert [pair.seconds for pair in again.pairs] == [3.0, 3.0, 3.0]


def test_the_label_of_time_without_a_code_is_a_class_of_the_model(folder: Path) -> None:
    found = coder_agreement.measure(folder, CODES[4:], uncoded="Neutral")
    assert (found.uncoded, found.lacking) == ("neutral", ())
    assert found.pairs[0].kappa.value == pytest.approx(1.0)
    assert coder_agreement.measure(folder, CODES[4:], uncoded="neutrl").lacking == ("neutrl",)


def test_own_labels_are_disagreement(folder: Path) -> None:
    found = coder_agreement.measure(folder, [CodedSpan("anna-rest", "x", "bored", 0, 2)])
    assert found.classes == (*CLASSES, "bored")
    assert found.lacking == ("bored",)
    assert found.pairs[0].agreement.value == 0.0


def test_many_clips_are_drawn_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coder_agreement, "ENOUGH_CLIPS", 3)
    assert coder_agreement.measure(folder, CODES[:4]).drawn == "clips"


@pytest.mark.parametrize(
    ("spans", "sentence"),
    [
        ([CodedSpan("other", "x", "happy", 0, 1)], "There is no clip 'other': the clips are"),
        ([CodedSpan("anna-film", "x", "happy", 0, 1, "ben")], "name the person 'ben'"),
        (
            [CodedSpan("anna-film", "x", "happy", 0, 2), CodedSpan("anna-film", "x", "sad", 1, 3)],
            "'x' has two labels at 1 s of 'anna-film.mp4': happy and sad",
        ),
    ],
)
def test_codes_that_don_t_fit(folder: Path, spans: list[CodedSpan], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        coder_agreement.measure(folder, spans)


def test_a_block_has_a_length(folder: Path) -> None:
    with pytest.raises(ArgumentError, match="must last longer than 0 s"):
        coder_agreement.measure(folder, CODES, block=0)


def test_codes_of_several_persons_name_them(tmp_path: Path) -> None:
    """The clip has a second track."""
    made = filmed(tmp_path / "out", Design())
    path = study_folder.rows_path(made.folder, "anna-rest.mp4")
    lines = path.read_text().splitlines()
    second = lines[-1].split(",")
    second[3] = "2"
    path.write_text("\n".join([*lines, ",".join(second)]) + "\n")
    with pytest.raises(DataError, match="shows several persons"):
        coder_agreement.measure(made.folder, [CodedSpan("anna-rest", "x", "neutral", 0, 1)])
    found = coder_agreement.measure(made.folder, [CodedSpan("anna-rest", "x", "neutral", 0, 1, "anna-rest.mp4#1")])
    assert found.pairs[0].seconds == 1.0
