"""How faces are found and read: the options, checked."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import numpy as np
import pytest

import mien
from mien.errors import ArgumentError
from mien.inference import classifier, detector
from mien.inference.options import Options
from mien.inference.photo import Reader


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"min_confidence": "0.5"}, "min_confidence=0.5 doesn't fit: it must be a number from 0 to 1"),
        ({"min_confidence": float("nan")}, "min_confidence=nan"),
        ({"abstain": None}, "abstain=None"),
        ({"flip": "no"}, "flip=no doesn't fit: it must be true or false"),
        ({"rotate": 2}, "rotate=2"),
        ({"detail": None}, "detail=None doesn't fit: it must be one of low, normal, high"),
        ({"decision": 5}, "decision=5 doesn't fit: it must be a string"),
        ({"prior": 5}, "prior=5"),
        ({"max_pixels": 0}, "max_pixels=0 doesn't fit: it must be a whole number from 1 to 178,956,970"),
        ({"max_pixels": 1.5}, "max_pixels=1.5"),
        ({"max_faces": -1}, "max_faces=-1 doesn't fit: it must be a whole number from 1"),
    ],
)
def test_options_that_do_not_fit_are_one_sentence(options: dict[str, Any], words: str) -> None:
    for read in (lambda: Reader("tiny", **options), lambda: mien.analyze(b"", "tiny", **options)):
        with pytest.raises(ArgumentError, match=re.escape(words)):
            read()


def test_numpys_numbers_are_numbers() -> None:
    options = Reader("tiny", abstain=np.float32(0.5), flip=np.bool_(True), max_pixels=np.int64(10**6)).options
    assert (options.abstain, options.flip, options.max_pixels) == (0.5, True, 10**6)
    assert json.loads(json.dumps(dataclasses.asdict(options)))["flip"] is True


def test_options_have_a_hash_and_a_mapping_becomes_a_text() -> None:
    given = Options(prior={"neutral": 0.5, "happy": 0.5})
    assert given.prior == "neutral=0.5,happy=0.5"
    assert given == Options(prior="neutral=0.5,happy=0.5")
    assert len({Options(), Options(abstain=0.0), Options(flip=True)}) == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        given.flip = True  # type: ignore[misc]


def test_the_defaults_are_those_of_detector_and_classifier() -> None:
    options = Options()
    assert (options.min_confidence, options.decision) == (detector.MIN_SCORE, classifier.ARGMAX)
    assert (options.abstain, options.flip, options.rotate, options.detail, options.prior) == (
        0,
        False,
        True,
        "normal",
        None,
    )
