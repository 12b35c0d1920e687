from __future__ import annotations

import numpy as np
import pytest

from mien.videos.tracking import Tracker


def boxes(*centres: tuple[float, float], side: float = 100) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.array([[x - side / 2, y - side / 2, x + side / 2, y + side / 2] for x, y in centres], np.float32).reshape(
        -1, 4
    )


def test_numbers_stay_with_people_who_move() -> None:
    tracker = Tracker()
    for step in range(50):
        numbers = tracker.update(boxes((100 + 8 * step, 200), (700 - 8 * step, 450)), step / 25)
        assert numbers == [1, 2]


def test_the_order_of_the_boxes_doesn_t_matter() -> None:
    tracker = Tracker()
    assert tracker.update(boxes((100, 100), (400, 100)), 0.0) == [1, 2]
    assert tracker.update(boxes((402, 100), (101, 100)), 0.04) == [2, 1]


def test_people_who_pass_each_other_keep_their_numbers() -> None:
    tracker = Tracker()
    for step in range(60):
        numbers = tracker.update(boxes((100 + 10 * step, 200), (700 - 10 * step, 330)), step / 25)
    assert numbers == [1, 2]


def test_a_short_gap_is_bridged_and_a_long_one_is_not() -> None:
    tracker = Tracker()
    tracker.update(boxes((100, 100)), 0.0)
    tracker.update(boxes(), 0.5)
    assert tracker.update(boxes((110, 100)), 0.9) == [1]
    assert tracker.update(boxes((110, 100)), 3.0) == [2]


def test_frames_that_are_always_far_apart_are_no_gap() -> None:
    tracker = Tracker(max_gap=3.0)
    assert [tracker.update(boxes((100 + 5 * step, 100)), 2.0 * step) for step in range(5)] == [[1]] * 5
    assert tracker.update(boxes((125, 100)), 14.0) == [2]


@pytest.mark.parametrize(("centre", "side"), [((500, 100), 100.0), ((100, 100), 300.0)])
def test_somebody_elsewhere_or_of_another_size_is_somebody_else(centre: tuple[float, float], side: float) -> None:
    tracker = Tracker()
    tracker.update(boxes((100, 100)), 0.0)
    assert tracker.update(boxes(centre, side=side), 0.04) == [2]


def test_after_a_cut_all_are_new() -> None:
    tracker = Tracker()
    tracker.update(boxes((100, 100)), 0.0)
    tracker.forget()
    assert tracker.update(boxes((100, 100)), 0.04) == [2]


def test_a_slow_frame_rate_is_followed() -> None:
    tracker = Tracker()
    for step in range(10):
        assert tracker.update(boxes((100 + 60 * step, 200)), step * 0.5) == [1]


def test_a_detector_s_jitter_and_misses_make_no_new_people() -> None:
    rng = np.random.default_rng(0)
    tracker = Tracker()
    numbers: set[int] = set()
    for step in range(500):
        seen = [centre for centre in ((200.0, 200.0), (400.0, 220.0), (600.0, 210.0)) if rng.random() > 0.1]
        noisy = boxes(*seen) + rng.normal(0, 4, (len(seen), 4)).astype(np.float32)
        numbers |= set(tracker.update(noisy, step / 25))
    assert numbers == {1, 2, 3}
