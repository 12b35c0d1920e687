from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import scenes
from mien.videos.cuts import CutDetector, coarse, same_scene
from mien.videos.reader import VideoReader

LIGHTS = [1.0, 0.3, 0.1]
"""Brightness of a scene: full, dim, and so dark that grays run from 7 to 19."""


def lit(photo: scenes.Pixels, light: float = 1.0, more: float = 0.0, seed: int = 0) -> scenes.Pixels:
    """A photo at another brightness, with a camera's noise, which doesn't get darker."""
    noise = np.random.default_rng(seed).normal(0, 3, photo.shape)
    return np.asarray((photo * light + more + noise).clip(0, 255), np.uint8)


def scene(seed: int, person: int = 3, left: int = 60, side: int = 120) -> scenes.Pixels:
    photo = scenes.background(320, 180, seed)
    scenes.paste(photo, scenes.face("happy", side, person), left, 30)
    return photo


def told(*frames: scenes.Pixels, rate: float = 25) -> list[str]:
    detector, words = CutDetector(), []
    for number, pixels in enumerate(frames):
        detector.look(pixels, number / rate)
        words.append("return" if detector.is_return else "cut" if detector.is_cut else "-")
    return words


EXPOSURES = [(0.05, 0.0), (0.25, 190.0), (1.5, 0.0), (2.5, 0.0)]
"""Light and gray added: grays from 3 to 10, a pale picture from 207 to 238, and two that are overexposed."""


@pytest.mark.parametrize(("light", "more"), EXPOSURES)
def test_cuts_are_found_in_dark_and_bright_films(tmp_path: Path, light: float, more: float) -> None:
    """A film as a camera stores it: noise and compression included."""
    scenes_shown = [scene(seed, person, left) for seed, person, left in ((1, 3, 60), (5, 10, 100), (9, 17, 80))]
    frames = [lit(shown, light, more, seed=n) for shown in scenes_shown for n in range(10)]
    detector, cuts = CutDetector(), []
    with VideoReader(scenes.clip(tmp_path / "film.mp4", frames)) as film:
        for frame in film.frames():
            detector.look(frame.pixels, frame.time)
            cuts += [frame.number] if detector.is_cut else []
    assert cuts == [10, 20]


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("seed", range(4))
def test_another_scene_is_a_cut_at_any_brightness(light: float, seed: int) -> None:
    one, other = scene(seed), scene(seed + 50, person=10)
    assert told(lit(one, light, seed=1), lit(one, light, seed=2), lit(other, light, seed=3)) == ["-", "-", "cut"]


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("seed", range(4))
def test_a_movement_in_a_scene_is_no_cut(light: float, seed: int) -> None:
    frames = [lit(scene(seed, left=60 + 8 * step), light, seed=step) for step in range(8)]
    assert set(told(*frames)) == {"-"}


@pytest.mark.parametrize("seed", range(4))
def test_a_turn_of_the_camera_is_no_cut(seed: int) -> None:
    wide = scenes.background(960, 180, seed)
    frames = [lit(wide[:, left : left + 320], seed=left) for left in range(0, 600, 50)]
    assert set(told(*frames)) == {"-"}


def test_fades_and_flashes_are_no_cuts() -> None:
    photo = scene(0)
    fade = [lit(photo, light, seed=step) for step, light in enumerate((1, 0.7, 0.4, 0.15, 0.0, 0.0, 0.2, 0.6, 1))]
    assert set(told(*fade)) == {"-"}
    assert set(told(photo, lit(photo, more=110), photo)) == {"-"}
    assert set(told(photo, np.full_like(photo, 255), photo)) == {"-"}
    burnt = lit(photo, 4.0)  # most of it is white
    assert told(photo, burnt, photo) in (["-", "cut", "return"], ["-", "-", "-"])


def test_a_fade_through_black_to_another_scene_is_a_cut() -> None:
    one, other = scene(0), scene(50, person=10)
    frames = [lit(one, light) for light in (1, 0.5, 0.0)] + [lit(other, light) for light in (0.0, 0.5, 1)]
    assert told(*frames) == ["-", "-", "-", "-", "cut", "-"]


def test_a_glance_returns_and_a_long_scene_does_not() -> None:
    one, other = scene(0), scene(50, person=10)
    assert told(one, other, one, other) == ["-", "cut", "return", "return"]
    assert told(one, *[other] * 30, one)[-1] == "cut"


def test_frames_of_any_size_and_shape_can_be_compared() -> None:
    photo = scene(0)
    for height, width in ((1, 1), (3, 500), (180, 320), (640, 360)):
        detector = CutDetector()
        detector.look(np.resize(photo, (height, width, 3)), 0.0)
        detector.look(np.resize(photo, (height, width, 3)), 0.1)
        assert not detector.is_cut
    assert same_scene(coarse(photo), coarse(np.repeat(np.repeat(photo, 2, 0), 2, 1)))
