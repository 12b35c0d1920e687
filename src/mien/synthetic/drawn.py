"""Drawn faces: a labelled set without a download, for ``mien demo`` and for the tests.

Each face is a cartoon drawn from facial action units (FACS). Expressions follow the prototypes below with random strength,
missing units and random other units, so that classes overlap as in real data: fear with surprise, anger with disgust, sadness
with neutral.

The prototypes are those of EMFACS as commonly quoted: W. V. Friesen and P. Ekman, "EMFACS-7: Emotional Facial Action
Coding System", unpublished manual, University of California at San Francisco, 1983; see also P. Ekman, W. V. Friesen
and J. C. Hager, "Facial Action Coding System: Investigator's Guide", 2002. The optional units are mien's choice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from mien.checks import checked
from mien.data.faceset import FaceSet
from mien.data.source import Source
from mien.emotions import EMOTIONS
from mien.errors import DataError
from mien.synthetic.canvas import Canvas, Pose
from mien.synthetic.hair import HAIRSTYLES, paint_back_hair, paint_beard, paint_glasses, paint_hair
from mien.synthetic.parts import (
    SIDES,
    Activation,
    Identity,
    head_outline,
    mouth_lines,
    paint_brow,
    paint_eye,
    paint_mouth,
    paint_nose,
    paint_skin,
)

ACTION_UNITS = {
    1: "inner brow raiser",
    2: "outer brow raiser",
    4: "brow lowerer",
    5: "upper lid raiser",
    6: "cheek raiser",
    7: "lid tightener",
    9: "nose wrinkler",
    10: "upper lip raiser",
    12: "lip corner puller",
    15: "lip corner depressor",
    16: "lower lip depressor",
    17: "chin raiser",
    20: "lip stretcher",
    23: "lip tightener",
    24: "lip pressor",
    25: "lips part",
    26: "jaw drop",
    27: "mouth stretch",
    43: "eyes closed",
}
"""The supported action units, by FACS number."""

PROTOTYPES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "angry": ((4, 5, 7, 23), (10, 17, 24, 25)),
    "disgust": ((9, 15, 16), (4, 7, 10, 17, 25)),
    "fear": ((1, 2, 4, 5, 20, 26), (7, 25)),
    "happy": ((6, 12), (25, 26)),
    "sad": ((1, 4, 15), (7, 17, 43)),
    "surprise": ((1, 2, 5, 26), (25, 27)),
    "neutral": ((), ()),
}
"""The action units of each expression, and optional ones that are added at random."""

CLASS_SHARES = {
    "angry": 0.14,
    "disgust": 0.08,
    "fear": 0.13,
    "happy": 0.21,
    "sad": 0.15,
    "surprise": 0.13,
    "neutral": 0.16,
}
"""Share of each class: uneven as in FER2013, but less so (there disgust has 0.015)."""

SUPERSAMPLING = 4
"""Supersampling factor per side, for antialiasing."""

FACES_PER_PERSON = 8
"""Approximate number of pictures per person."""

_STRAY_UNITS = (1, 2, 4, 5, 7, 12, 15, 17, 20, 23, 25, 26, 43)
_PLAN, _PERSON, _FACE, _WRONG = range(4)  # purposes of the random streams of a seed


@dataclass(frozen=True)
class _Shot:
    """The conditions of one picture.

    ``light`` is the direction of the light, its length the strength; ``blur`` is a standard deviation in
    pixels, ``grain`` the sensor noise ``(size, size)`` in grays, ``backdrop`` a few grays spread over the picture.
    """

    pose: Pose
    gaze: tuple[float, float]
    light: tuple[float, float]
    vignette: float
    contrast: float
    brightness: float
    blur: float
    grain: NDArray[np.float64]
    backdrop: NDArray[np.uint8]


MAX_FACES = 1_000_000
"""Maximum number of drawn faces; they are kept in memory."""


@checked
def draw(
    num: int = 2000, seed: int = 0, *, size: int = 48, wrong_labels: float = 0.03, test_share: float = 0.2
) -> FaceSet:
    """Draw labelled faces: the same arguments give the same bytes (with the same version of Pillow).

    Classes have the shares ``CLASS_SHARES`` in each split, with at least one face each if possible. Each person
    has about ``FACES_PER_PERSON`` pictures with several expressions, all in one split.

    Args:
        num: number of faces.
        seed: 0 or more; another seed gives other persons.
        size: height and width in pixels, 16 to 512; the same faces at any size.
        wrong_labels: share of the training rows with a wrong label, 0 to 0.5. The pictures don't depend on it, so a
            comparison with the labels of ``draw(..., wrong_labels=0)`` gives these rows.
        test_share: share of the faces in the split ``test``, 0 to 0.9; the others are in ``train``.

    Returns:
        ``num`` faces of the seven ``EMOTIONS``, with subjects and without votes.

    Raises:
        ArgumentError: an argument has the wrong type.
        DataError: an argument is out of range.
    """
    _check(num, seed, size, wrong_labels, test_share)
    num_test = min(round(num * test_share), num - 1)
    drawn, people = _plan(num - num_test, num_test, seed)
    faces = np.empty((num, size, size), np.uint8)
    identities = [new_identity(np.random.default_rng((seed, _PERSON, person))) for person in range(people.max() + 1)]
    for row, (label, person) in enumerate(zip(drawn, people, strict=True)):
        rng = np.random.default_rng((seed, _FACE, row))
        faces[row] = draw_face(EMOTIONS[label], identities[person], rng, size)
    labels, num_wrong = _mislabel(drawn, num - num_test, wrong_labels, seed)
    return FaceSet(
        faces,
        labels,
        EMOTIONS,
        np.array([f"drawn-{row:06d}" for row in range(num)]),
        np.array(["train"] * (num - num_test) + ["test"] * num_test),
        subjects=np.array([f"d{person + 1:04d}" for person in people]),
        source=Source(
            layout="drawn",
            notes=(
                f"Drawn by mien from seed {seed}: cartoons, not photographs.",
                f"{num_wrong:,} of {num - num_test:,} training labels ({wrong_labels:.1%}) are wrong on purpose.",
            ),
        ),
    )


def draw_face(
    expression: str | Mapping[int, float], who: Identity, rng: np.random.Generator, size: int = 48
) -> NDArray[np.uint8]:
    """Draw one face.

    Pose, light and noise are drawn from ``rng`` before the expression: generators in the same state give the
    same picture with different expressions.

    Args:
        expression: one of ``EMOTIONS``, varied by ``rng``; or the strength of each of ``ACTION_UNITS`` by its
            number, 0 to 1, which is used unchanged except for a slight asymmetry.
        who: the person, for example from ``new_identity``.
        rng: source of all random values.
        size: height and width in pixels, 16 to 512.

    Returns:
        ``(size, size)`` ``uint8`` gray levels.

    Raises:
        DataError: there is no such expression or action unit, or the size is out of range.
    """
    _check_size(size)
    shot = _take_shot(rng, size)
    uneven = rng.normal(1.0, 0.08, (len(ACTION_UNITS), 2)).clip(0.7, 1.3)
    units = _vary(expression, rng) if isinstance(expression, str) else expression
    unknown = set(units) - set(ACTION_UNITS)
    if unknown:
        raise DataError(f"Action unit {min(unknown)} can't be drawn: choose from {', '.join(map(str, ACTION_UNITS))}.")
    left, right = (
        {unit: units[unit] * share for unit, share in zip(ACTION_UNITS, column, strict=True) if unit in units}
        for column in uneven.T.tolist()
    )
    side = size * SUPERSAMPLING
    backdrop = Image.fromarray(shot.backdrop).resize((side, side), Image.Resampling.BICUBIC)
    canvas = Canvas(backdrop, shot.pose, who.skin)
    _paint(canvas, who, Activation(left, right), shot)
    return _develop(canvas.image.reduce(SUPERSAMPLING), shot)


def new_identity(rng: np.random.Generator) -> Identity:
    """Make a random person."""
    uniform = rng.uniform
    skin = float(rng.choice((112, 140, 168, 188, 200, 210)) + uniform(-8, 8))
    hair = float(rng.choice((18, 35, 60, 95, 150, 205), p=(0.25, 0.25, 0.2, 0.12, 0.1, 0.08)))
    style = str(rng.choice(tuple(HAIRSTYLES)))
    has_long_hair = HAIRSTYLES[style].back > 0 or HAIRSTYLES[style].bun
    head = uniform(0.7, 0.78)
    return Identity(
        skin=skin,
        hair=hair if abs(hair - 0.9 * skin) > 28 else 0.4 * skin,  # the hairline must be visible
        iris=uniform(40, 130),
        lip=uniform(0.62, 0.8),
        head=head,
        jaw=head * uniform(0.78, 0.9),
        chin=uniform(0.15, 0.24),
        eye=uniform(0.18, 0.21),
        eye_open=uniform(0.118, 0.145),
        eye_spacing=uniform(0.315, 0.35),
        eye_tilt=uniform(-0.01, 0.025),
        brow=uniform(0.045, 0.085),
        brow_y=uniform(0.255, 0.29),
        brow_tilt=uniform(-0.03, 0.02),
        nose=uniform(0.11, 0.155),
        nose_length=uniform(-0.03, 0.03),
        mouth=uniform(0.25, 0.31),
        mouth_rest=uniform(-0.045, 0.01),
        lips=uniform(0.045, 0.085),
        lashes=uniform(0.4, 1) if has_long_hair else 0.0,
        freckles=uniform(0.3, 1) if rng.random() < 0.2 else 0.0,
        age=uniform(0, 1) ** 2,
        beard=uniform(0.3, 1) if not has_long_hair and rng.random() < 0.35 else 0.0,
        hairstyle=style,
        glasses=bool(rng.random() < 0.2),
        seed=int(rng.integers(2**31)),
    )


def _check(num: int, seed: int, size: int, wrong_labels: float, test_share: float) -> None:
    if num < 1:
        raise DataError(f"Can't draw {num} faces: draw at least 1.")
    if num > MAX_FACES:
        raise DataError(f"Can't draw {num:,} faces: draw at most {MAX_FACES:,}.")
    if seed < 0:
        raise DataError(f"The seed of drawn faces can't be {seed}: choose a whole number of 0 or more.")
    _check_size(size)
    if not 0 <= wrong_labels <= 0.5:
        raise DataError(f"The share of wrong labels can't be {wrong_labels}: choose one from 0 to 0.5.")
    if not 0 <= test_share <= 0.9:
        raise DataError(f"The share of test faces can't be {test_share}: choose one from 0 to 0.9.")


def _check_size(size: int) -> None:
    if not 16 <= size <= 512:
        raise DataError(f"Faces of {size} pixels can't be drawn: choose a size from 16 to 512.")


def _plan(num_train: int, num_test: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose the label ``(N,)`` and the person ``(N,)`` of each row, training rows first."""
    rng = np.random.default_rng((seed, _PLAN))
    labels, people, num_people = [], [], 0
    for num in (num_train, num_test):
        labels.append(rng.permutation(np.repeat(np.arange(len(EMOTIONS)), _share_out(num))))
        here = math.ceil(num / FACES_PER_PERSON)
        people.append(num_people + np.arange(num) % max(here, 1))
        num_people += here
    return np.concatenate(labels), np.concatenate(people)


def _share_out(num: int) -> NDArray[np.int64]:
    """The number of faces per class out of ``num``: one each if possible, then by largest remainder."""
    shares = np.array([CLASS_SHARES[name] for name in EMOTIONS])
    counts: NDArray[np.int64] = np.maximum(np.floor(num * shares).astype(np.int64), int(num >= len(EMOTIONS)))
    while counts.sum() != num:
        owed = num * shares - counts
        if counts.sum() < num:
            counts[owed.argmax()] += 1
        else:
            counts[np.where(counts > 1, owed, np.inf).argmin()] -= 1
    return counts


def _mislabel(labels: NDArray[np.int64], num_train: int, share: float, seed: int) -> tuple[NDArray[np.int64], int]:
    """Give a share of the first ``num_train`` rows another label; return the labels and how many were changed."""
    rng = np.random.default_rng((seed, _WRONG))
    rows = rng.permutation(num_train)[: round(share * num_train)]
    wrong = labels.copy()
    wrong[rows] = (labels[rows] + rng.integers(1, len(EMOTIONS), len(rows))) % len(EMOTIONS)
    return wrong, len(rows)


def _vary(emotion: str, rng: np.random.Generator) -> dict[int, float]:
    """Choose a random strength for each action unit of an emotion; some are left out, and some others are added."""
    if emotion not in PROTOTYPES:
        raise DataError(f"There is no expression '{emotion}' to draw: choose from {', '.join(EMOTIONS)}.")
    core, companions = PROTOTYPES[emotion]
    level = rng.uniform(0.4, 1.0)
    units = {unit: min(1.0, level * rng.uniform(0.75, 1.2)) for unit in core if rng.random() > 0.12}
    units |= {unit: level * rng.uniform(0.4, 1.0) for unit in companions if rng.random() < 0.35}
    for unit in rng.choice(_STRAY_UNITS, 2, replace=False).tolist():
        units[unit] = max(units.get(unit, 0.0), rng.uniform(0.0, 0.3))
    return units


def _take_shot(rng: np.random.Generator, size: int) -> _Shot:
    roll, yaw, pitch = (rng.normal(0, 1, 3).clip(-2.5, 2.5) * (0.08, 0.08, 0.05)).tolist()
    shift_x, shift_y = rng.uniform(-0.05, 0.05, 2).tolist()
    angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.3)
    grain = np.random.default_rng(rng.integers(2**63))  # a separate generator, so that a face is the same at every size
    return _Shot(
        pose=Pose(roll, yaw, pitch, rng.uniform(0.92, 1.08), (shift_x, shift_y + 0.02)),
        gaze=(rng.normal(0, 0.35), rng.normal(0, 0.25)),
        light=(np.cos(angle) * strength, np.sin(angle) * strength),
        vignette=rng.uniform(0, 0.3),
        contrast=rng.uniform(0.7, 1.1),
        brightness=rng.normal(0, 12),
        blur=0.11 * math.sqrt(size) * rng.uniform() ** 2,  # larger pictures are sharper per pixel, like photographs
        grain=grain.normal(0, rng.uniform(1, 6), (size, size)),
        backdrop=(rng.uniform(40, 215) + rng.normal(0, 25, (4, 4))).clip(0, 255).astype(np.uint8),
    )


def _paint(canvas: Canvas, who: Identity, pull: Activation, shot: _Shot) -> None:
    """Paint a person from back to front."""
    light = shot.light[0] / 0.3
    head = head_outline(who, pull)
    paint_back_hair(canvas, who, head)
    paint_skin(canvas, who, pull, light)
    if who.beard:
        paint_beard(canvas, who, head, mouth_lines(who, pull))
    paint_nose(canvas, who, pull)
    paint_mouth(canvas, who, pull)
    for side in SIDES:
        paint_eye(canvas, who, pull, side, shot.gaze, light)
        paint_brow(canvas, who, pull, side)
    paint_hair(canvas, who, head)
    paint_glasses(canvas, who)


def _develop(picture: Image.Image, shot: _Shot) -> NDArray[np.uint8]:
    """Turn a clean drawing into a photograph: lens blur, light, vignette, exposure and grain."""
    blurred = picture.filter(ImageFilter.GaussianBlur(shot.blur))
    axis = np.linspace(-1, 1, picture.width)
    x, y = axis[None, :], axis[:, None]
    light = 1 + shot.light[0] * x + shot.light[1] * y - shot.vignette * (x**2 + y**2) / 2
    exposed = (np.asarray(blurred, np.float64) * light - 128) * shot.contrast + 128 + shot.brightness
    return np.rint(exposed + shot.grain).clip(0, 255).astype(np.uint8)
