"""Robustness: curves start from the clean score, and count what is read."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.errors import DataError
from mien.evaluation import metrics
from mien.evaluation.probing import corruptions, robustness
from mien.evaluation.probing.corruptions import Corruption

BRIGHTNESS = next(each for each in corruptions.CORRUPTIONS if each.name == "brightness")


def is_light(faces: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Reads class 1 where a face is lighter than 128; never the third class."""
    light = (faces.mean((1, 2)) > 128).astype(np.float32)
    return np.stack([1 - light, light, 0 * light], 1)


def faces() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    grays = np.array([60, 80, 100, 140, 180, 220], np.uint8)
    return np.tile(grays[:, None, None], (1, 8, 8)), np.array([0, 0, 0, 1, 1, 1])


def test_a_curve_counts_by_severity_and_class() -> None:
    images, labels = faces()
    (curve,) = robustness.curves(is_light, images, labels, 3, corruptions=[BRIGHTNESS])
    assert curve.corruption.severities == (-96, -64, -32, 0, 32, 64, 96)
    assert curve.right.tolist() == [[3, 0, 0], [3, 1, 0], [3, 2, 0], [3, 3, 0], [2, 3, 0], [1, 3, 0], [0, 3, 0]]
    assert curve.said[0].tolist() == [6, 0, 0]
    assert curve.predicted[1].tolist() == [0, 0, 0, 0, 0, 1]  # the grays less 64: 220 alone is above 128
    assert curve.confidence.shape == (7, 6)
    assert curve.accuracy[curve.clean] == 1
    assert curve.drop == pytest.approx(1 - (3 + 4 + 5 + 5 + 4 + 3) / 36)
    assert curve.class_drops[:2] == pytest.approx([1 - (9 + 3) / 18, 1 - (3 + 9) / 18])
    assert np.isnan(curve.class_drops[2])
    assert curve.worst == (-96, 0.5)
    assert curve.favourite == (0, 1.0)
    assert curve.intervals[3] == metrics.wilson(6, 6)
    told = curve.to_dict(("sad", "happy", "fear"))
    assert told["n"] == 6
    assert told["class_drops"].keys() == {"sad", "happy"}  # no face of fear
    assert told["points"][0]["recall"] == {"sad": 1.0, "happy": 0.0}
    assert told["says_at_worst"] == {"class": "sad", "share": 1.0}


def test_the_clean_severity_is_the_clean_score_for_every_corruption() -> None:
    images, labels = faces()
    for curve in robustness.curves(is_light, images, labels, 3):
        assert curve.accuracy[curve.clean] == 1


def test_the_class_that_suffers_most() -> None:
    images, labels = faces()
    darker = Corruption("darker", "gray levels", (0, -90), 0, corruptions.brightness)
    (curve,) = robustness.curves(is_light, images, labels, 3, corruptions=[darker])
    assert curve.hurt_most == 1
    assert curve.class_drops[:2] == pytest.approx([0, 2 / 3])


def test_a_sample_has_as_many_of_each_class_as_there_are() -> None:
    labels = np.array([0] * 50 + [1] * 4 + [3] * 20)
    rows = robustness.sample(labels, 4, most=40)
    assert np.bincount(labels[rows], minlength=4).tolist() == [10, 4, 0, 10]
    assert rows.tolist() == sorted(set(rows.tolist()))
    assert np.array_equal(rows, robustness.sample(labels, 4, most=40))
    assert robustness.sample(np.array([2]), 4).tolist() == [0]


def test_no_face_is_refused() -> None:
    images, labels = faces()
    with pytest.raises(DataError, match="no face to corrupt"):
        robustness.curves(is_light, images[:0], labels[:0], 3)


def test_corrupted_accuracy_is_the_mean_over_corruptions_of_the_mean_over_severities() -> None:
    """A model that says 1 where the mean gray is over 100: of faces of gray 120, darkening by 10 keeps it right, by 90 doesn't."""
    faces, labels = np.full((8, 16, 16), 120, np.uint8), np.ones(8, np.int64)
    darker = Corruption("darker", "gray levels", (0, -10, -90), 0, corruptions.brightness)
    lighter = Corruption("lighter", "gray levels", (0, 50), 0, corruptions.brightness)

    def read(seen: NDArray[np.uint8]) -> NDArray[np.float32]:
        bright = (seen.mean((1, 2)) > 100).astype(np.float32)
        return np.stack([1 - bright, bright], 1)

    found = robustness.corrupted_accuracy(read, faces, labels, corruptions=[darker, lighter])
    assert found.kinds == (("darker", 0.5), ("lighter", 1.0))
    assert found.value == pytest.approx(0.75)
    assert found.clean == 1.0
    assert found.n == 8


def test_the_interval_of_corrupted_accuracy_comes_from_the_rows() -> None:
    shares = [np.array([1.0, 0.5, 0.0, 0.5] * 25), np.array([1.0, 0.5, 0.0, 0.5] * 25)]
    found = robustness.summarise(shares, ["a", "b"], 1.0)
    half = 1.96 * np.std(shares[0], ddof=1) / 10
    assert found.interval == pytest.approx((0.5 - half, 0.5 + half))
    perfect = robustness.summarise([np.ones(50)], ["a"], 1.0)
    assert perfect.interval == pytest.approx(metrics.wilson(50, 50))


def test_corrupted_rows_are_the_same_at_every_call_and_keep_small_sets_whole() -> None:
    assert np.array_equal(robustness.corrupted_rows(5000), robustness.corrupted_rows(5000))
    assert len(robustness.corrupted_rows(5000)) == robustness.MOST_CORRUPTED_ROWS
    assert robustness.corrupted_rows(7).tolist() == list(range(7))
