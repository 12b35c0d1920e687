"""How well what a model sees agrees with each coding, and when that decides."""

from __future__ import annotations

from math import comb

import pytest

from mien.data.layouts import agreement, codes
from mien.emotions import EMOTIONS

CANDIDATES = codes.fitting([str(code) for code in range(7)])


def answers(num_right: int, num: int, coding: codes.Coding = codes.FER2013) -> tuple[list[str], list[str]]:
    """``num`` faces of each code; the model is right on the first ``num_right`` of each and says "happy" for the rest."""
    given = [code for code in coding.classes for _ in range(num)]
    seen = [coding.classes[code] if row % num < num_right else "happy" for row, code in enumerate(given)]
    return given, seen


def test_a_clear_lead_decides_and_shares_are_of_all_faces() -> None:
    given, seen = answers(6, 8)
    found = agreement.weigh(given, seen, CANDIDATES, "witness")
    assert found.best == codes.FER2013
    assert (found.model, found.num_faces, found.objection, found.other) == ("witness", 56, "", "")
    assert next(iter(found.agreement)) == "fer2013"
    assert found.agreement["fer2013"] == (6 * 6 + 8) / 56  # "happy" is right for all eight of its own
    assert list(found.agreement.values()) == sorted(found.agreement.values(), reverse=True)
    assert found.figures.startswith("fer2013 79%, ")
    assert found.figures.endswith("of 56 faces")


def test_one_answer_for_all_tells_nothing() -> None:
    given, _ = answers(8, 8)
    found = agreement.weigh(given, ["happy"] * len(given), CANDIDATES, "blind")
    assert found.best is None
    assert found.agreement["fer2013"] == 1 / 7
    assert (
        found.objection == f"The model 'blind' can't tell ({found.figures}): it agrees with none of them often enough."
    )


def test_one_face_a_code_is_too_few_for_orders_that_differ_in_two_codes() -> None:
    swapped = dict(codes.FER2013.classes) | {"0": "disgust", "1": "angry"}
    near = codes.Coding("near", "with two codes swapped", swapped)
    given, seen = answers(1, 1)
    found = agreement.weigh(given, seen, [codes.FER2013, near], "witness")
    assert found.best is None
    assert "too near to each other for so few faces" in found.objection
    given, seen = answers(8, 8)
    assert agreement.weigh(given, seen, [codes.FER2013, near], "witness").best == codes.FER2013


def test_an_order_of_its_own_is_told_as_pairs() -> None:
    own = codes.Coding("own", "", {str(code): name for code, name in enumerate(EMOTIONS[::-1])})
    given, seen = answers(7, 8, own)
    found = agreement.weigh(given, seen, CANDIDATES, "witness")
    assert found.best is None
    assert found.other == ",".join(f"{code}={name}" for code, name in own.classes.items())
    assert found.other in found.objection


@pytest.mark.parametrize(("wins", "losses"), [(5, 0), (4, 1), (3, 3)])
def test_the_sign_test_is_the_upper_tail_of_fair_coins(wins: int, losses: int) -> None:
    num = wins + losses
    assert agreement._sign_test(wins, losses) == sum(comb(num, won) for won in range(wins, num + 1)) / 2**num
