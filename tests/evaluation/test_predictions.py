"""Labels, probabilities and answers from outside: each function of the numbers refuses what doesn't fit, in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mien.errors import ArgumentError, DataError, MienError
from mien.evaluation import comparison, decisions, metrics, voters
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.probing import robustness

LABELS = np.array([0, 1, 1, 2])
SHARES = np.array([0.2, 0.3, 0.5])
WORDS: Any = "costs"
SHARES_OF_ROWS: Any = np.array([0.5, 0.5, 0.5, 0.5])
GIVEN = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.5, 0.4, 0.1], [0.0, 0.0, 1.0]], np.float32)

FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "from_predictions": lambda labels, given: Evaluation.from_predictions(labels, given, ("a", "b", "c")),
    "calibration_bins": metrics.calibration_bins,
    "calibration_error": metrics.calibration_error,
    "expected_calibration_error": metrics.expected_calibration_error,
    "voters": lambda labels, given: voters.compare(labels, given, np.ones((4, 3), np.float32)),
    "best_tau": lambda labels, given: decisions.best_tau(labels, given, SHARES, decisions.macro_f1),
    "class_thresholds": lambda labels, given: decisions.class_thresholds(labels, given, decisions.macro_f1),
    "mean_costs": lambda labels, given: decisions.mean_costs(labels, given, 1 - np.eye(3)),
    "risk_and_coverage": decisions.risk_and_coverage,
    "abstaining": decisions.abstaining,
    "compare": lambda labels, given: decisions.compare((LABELS, GIVEN), (labels, given), SHARES),
    "for_model_file": lambda labels, given: decisions.for_model_file(labels, given, SHARES),
    "differences": lambda labels, given: decisions.differences(
        [(decisions.argmax(3), decisions.AnswerScores(1, 1, 1, 1, 0))], labels, given
    ),
}

BAD: dict[str, tuple[Any, Any]] = {
    "labels of numbers with a point": (LABELS.astype(float), GIVEN),
    "labels of names": (np.array(["a", "b", "b", "c"]), GIVEN),
    "labels out of range": (np.array([0, 1, 1, 3]), GIVEN),
    "labels without a class": (np.array([0, 1, 1, -1]), GIVEN),
    "labels in a column": (LABELS[:, None], GIVEN),
    "fewer labels": (LABELS[:3], GIVEN),
    "no labels": (None, GIVEN),
    "no probabilities": (LABELS, None),
    "one probability a row": (LABELS, GIVEN[:, 0]),
    "probabilities of words": (LABELS, np.full((4, 3), "0.3")),
    "no number": (LABELS, np.where(GIVEN == 1, np.nan, GIVEN)),
    "logits": (LABELS, 5 * GIVEN),
    "negative ones": (LABELS, GIVEN + np.array([0.5, -0.5, 0], np.float32)),
    "rows of different lengths": (LABELS, [[1.0], [0.5, 0.5], [1.0], [1.0]]),
}


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("bad", BAD)
def test_what_does_not_fit_is_refused_in_one_sentence(function: str, bad: str) -> None:
    FUNCTIONS[function](LABELS, GIVEN)
    with pytest.raises((ArgumentError, DataError)) as caught:
        FUNCTIONS[function](*BAD[bad])
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message


@pytest.mark.parametrize(
    "call",
    [
        lambda: Evaluation.from_predictions(LABELS, GIVEN, "abc"),
        lambda: Evaluation.from_predictions(LABELS, GIVEN, ("a", "b", "b")),
        lambda: Evaluation.from_predictions(LABELS, GIVEN, ("a", "b")),
        lambda: Evaluation.from_predictions([], np.empty((0, 3)), ("a", "b", "c")),
        lambda: decisions.argmax(4)(GIVEN),
        lambda: decisions.share_weights(np.array([0.5, -0.5])),
        lambda: decisions.logit_adjustment(SHARES, float("nan")),
        lambda: decisions.shares_of([0, 0, 0]),
        lambda: decisions.class_shares(np.array([0, 7]), 3),
        lambda: decisions.least_cost(GIVEN, np.ones((2, 2))),
        lambda: decisions.least_cost(GIVEN, WORDS),
        lambda: decisions.abstaining(LABELS, GIVEN, (1.5,)),
        lambda: decisions.AnswerScores.of(LABELS, LABELS[:2], 3),
        lambda: decisions.compare((LABELS, GIVEN), (LABELS, GIVEN), SHARES[:2]),
        lambda: comparison.compare(LABELS, {}, 3),
        lambda: comparison.compare(LABELS, {"a": []}, 3),
        lambda: comparison.compare(LABELS, {"a": [LABELS], "b": [LABELS[:2]]}, 3),
        lambda: comparison.compare(LABELS, {"a": [LABELS], "b": [LABELS, LABELS]}, 3),
        lambda: comparison.compare(LABELS, {"a": [SHARES_OF_ROWS]}, 3),
        lambda: metrics.wilson(3, 0),
        lambda: metrics.wilson(3, 2),
        lambda: metrics.untempered(GIVEN, 0.0),
        lambda: voters.compare(LABELS, GIVEN, np.ones((4, 2), np.float32)),
        lambda: robustness.sample(LABELS, 2),
        lambda: robustness.curves(lambda faces: GIVEN[: len(faces)], np.zeros((3, 8, 8), np.uint8), LABELS, 3),
    ],
)  # fmt: skip
def test_other_arguments_that_do_not_fit_are_refused(call: Callable[[], Any]) -> None:
    with pytest.raises(MienError, match=r"\.$"):
        call()


def test_lists_do_as_well_as_arrays() -> None:
    given = [[0.75, 0.25], [0.5, 0.5], [0.0, 1.0]]
    assert Evaluation.from_predictions([0, 1, 1], given, ["a", "b"]).accuracy == pytest.approx(2 / 3)


@pytest.mark.parametrize("num_classes", [1, 2, 7])
@pytest.mark.parametrize("num", [1, 2, 9])
@pytest.mark.parametrize("kind", ["right", "wrong", "soft", "ties", "one class"])
def test_every_interval_holds_its_figure(num_classes: int, num: int, kind: str) -> None:
    rng = np.random.default_rng(num)
    labels = np.zeros(num, np.int64) if kind == "one class" else rng.integers(num_classes, size=num)
    given = {
        "right": np.eye(num_classes)[labels],
        "wrong": np.eye(num_classes)[(labels + 1) % num_classes],
        "ties": np.full((num, num_classes), 1 / num_classes),
    }.get(kind, rng.dirichlet(np.ones(num_classes), num))
    told = Evaluation.from_predictions(labels, given, [f"class {index}" for index in range(num_classes)]).to_dict()
    for figures in (told, *told["per_class"]):
        for name, interval in figures.items():
            if name.endswith("_interval") and interval is not None:
                assert interval[0] <= figures[name.removesuffix("_interval")] <= interval[1], name
