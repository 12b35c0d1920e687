"""The codings of public data sets, by their own documents, and how one is stated."""

from __future__ import annotations

import pytest

from mien.data.layouts import codes
from mien.data.source import ChosenCoding
from mien.errors import DataError


def test_the_codings_are_those_of_their_data_sets() -> None:
    assert codes.FER2013.legend == "0 angry, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral"
    assert codes.RAF_DB.legend == "1 surprise, 2 fear, 3 disgust, 4 happy, 5 sad, 6 angry, 7 neutral"
    assert codes.AFFECTNET.legend == "0 neutral, 1 happy, 2 sad, 3 surprise, 4 fear, 5 disgust, 6 angry, 7 contempt"
    assert codes.FERPLUS.legend == "0 neutral, 1 happy, 2 surprise, 3 sad, 4 angry, 5 disgust, 6 fear, 7 contempt"
    assert codes.CK_PLUS.legend == "0 neutral, 1 angry, 2 contempt, 3 disgust, 4 fear, 5 happy, 6 sad, 7 surprise"
    assert (codes.FER2013.span, codes.RAF_DB.span) == ("0-6", "1-7")
    assert codes.RAF_DB.of_layout == ChosenCoding("rafdb", "layout", codes.RAF_DB.classes)


def test_a_coding_fits_codes_that_are_all_its_own_and_may_lack_the_optional_ones() -> None:
    seven = [str(code) for code in range(7)]
    assert codes.AFFECTNET.fits(seven)
    assert codes.AFFECTNET.fits([*seven, "7", "10"])  # 10 stands for no face
    assert not codes.AFFECTNET.fits([*seven, "11"])
    assert not codes.FER2013.fits(seven[:6])
    assert codes.FER2013.covers(seven[:6])
    assert not codes.FER2013.covers([*seven, "7"])
    assert {coding.name for coding in codes.fitting([*seven, "7"])} == {
        "affectnet",
        "ferplus",
        "ckplus",
        "alphabetical",
    }
    assert codes.fitting(["17"]) == []


@pytest.mark.parametrize(
    ("written", "code"), [(" 3", "3"), ("03", "3"), ("3.0", "3"), ("3.5", "3.5"), ("happy ", "happy"), ("1" * 12, "1" * 12)]
)  # fmt: skip
def test_a_code_is_the_same_however_it_is_written(written: str, code: str) -> None:
    assert codes.plain(written) == code


@pytest.mark.parametrize("name", ["rafdb", "RAF-DB", "raf_db"])
def test_a_name_is_matched_without_its_signs(name: str) -> None:
    assert codes.stated(name, ["1"]) == codes.RAF_DB
    assert codes.stated("FER+", ["0"]) == codes.FERPLUS


def test_the_codes_decide_between_the_alphabetical_orders() -> None:
    eight = codes.stated("alphabetical", [str(code) for code in range(8)])
    assert (eight.classes["1"], eight.span) == ("contempt", "0-7")
    assert codes.stated("alphabetical", [str(code) for code in range(1, 8)]).classes["1"] == "angry"


def test_pairs_name_each_code() -> None:
    assert codes.stated("0=neutral, 1=smile", []).classes == {"0": "neutral", "1": "smile"}
    five = codes.stated("0=anger,1=Happiness,2=sadness,3=fear,04=surprised", [])
    assert five.classes == {"0": "angry", "1": "happy", "2": "sad", "3": "fear", "4": "surprise"}
    assert five.name == codes.OWN
    with pytest.raises(DataError, match=r"'x=happy' names no code"):
        codes.stated("0=angry,x=happy", [])


def test_codes_in_words() -> None:
    assert codes.in_words({"1", "2", "3", "10"}) == "1, 2, 3, 10"
    assert codes.in_words({"3", "2", "1"}) == "1-3"
    assert codes.in_words({"0", "1"}) == "0, 1"
