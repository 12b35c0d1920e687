"""The parts of a drawn face: identity, activation of action units, and skin, eyes, brows, nose and mouth on a canvas.

All lengths are in head units (see ``canvas``), gray levels from 0 to 255. Left is the left of the picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.synthetic.canvas import Canvas, Points, between, curve, ellipse

SIDES = (-1, 1)

_EYE_Y, _NOSE_Y, _MOUTH_Y = -0.04, 0.27, 0.6
_ACROSS_EYE = np.linspace(-1, 1, 17)  # from the inner corner to the outer one
_ACROSS_MOUTH = np.linspace(-1, 1, 25)
_TEETH = np.linspace(-0.6, 0.6, 7)


@dataclass(frozen=True)
class Identity:
    """The constant features of a person.

    Attributes:
        skin, hair, iris, lip: gray levels; ``lip`` as a share of ``skin``.
        head, jaw, chin: half widths at the cheekbones, at the jaw and at the chin.
        eye, eye_open, eye_spacing, eye_tilt: half width, height of the upper lid, half the distance between the
            centres, height of the outer corner above the inner one.
        brow, brow_y, brow_tilt: thickness, height above the eyes, height of the outer end above the inner one.
        nose, nose_length: half width of the wings, distance of the tip below the mean.
        mouth, mouth_rest, lips: half width, drop of the corners at rest, thickness.
        lashes, freckles, age, beard: 0 for none to 1 for much.
        hairstyle: a name in ``hair.HAIRSTYLES``.
        glasses: whether the person wears glasses.
        seed: seed of clothes and frames, and of the positions of freckles and strands.
    """

    skin: float
    hair: float
    iris: float
    lip: float
    head: float
    jaw: float
    chin: float
    eye: float
    eye_open: float
    eye_spacing: float
    eye_tilt: float
    brow: float
    brow_y: float
    brow_tilt: float
    nose: float
    nose_length: float
    mouth: float
    mouth_rest: float
    lips: float
    lashes: float
    freckles: float
    age: float
    beard: float
    hairstyle: str
    glasses: bool
    seed: int

    @property
    def ink(self) -> float:
        """Gray level of outlines, much darker than the skin."""
        return self.skin * 0.34


@dataclass(frozen=True)
class Activation:
    """The strength of each action unit on both sides of the face, by FACS number: 0 (inactive) to about 1."""

    left: Mapping[int, float]
    right: Mapping[int, float]

    def __call__(self, unit: int, side: int = 0) -> float:
        """The strength of one unit: left (``side`` -1), right (1), or the mean (0)."""
        left, right = self.left.get(unit, 0.0), self.right.get(unit, 0.0)
        return (left, (left + right) / 2, right)[side + 1]


@dataclass(frozen=True)
class Mouth:
    """The four lines of a mouth over ascending ``x``, from top to bottom; all ``(n,)``.

    Attributes:
        x: from the left corner to the right corner.
        top, upper: outer and inner edge of the upper lip.
        lower, bottom: inner and outer edge of the lower lip.
    """

    x: NDArray[np.float64]
    top: NDArray[np.float64]
    upper: NDArray[np.float64]
    lower: NDArray[np.float64]
    bottom: NDArray[np.float64]

    def line(self, heights: NDArray[np.float64]) -> Points:
        """One of the lines, or other heights over the same ``x``, as points."""
        return np.stack((self.x, heights), 1)

    def area(self, above: NDArray[np.float64], below: NDArray[np.float64]) -> Points:
        """The polygon between two lines."""
        return np.concatenate((self.line(above), self.line(below)[::-1]))


def head_outline(who: Identity, pull: Activation) -> Points:
    """The closed contour of the head, from the chin over the left side and the crown to the right side."""
    drop = 0.14 * pull(26) + 0.2 * pull(27) + 0.03 * pull(25) - 0.02 * pull(17)
    puff = 0.025 * max(pull(6), pull(12))  # raised cheeks widen the face
    half = np.array(
        [
            (who.chin, 0.965 + drop),
            (who.chin + 0.6 * (who.jaw - who.chin), 0.82 + drop * 0.8),
            (who.jaw + puff * 0.5, 0.55 + drop * 0.4),
            (who.head * 0.98 + puff, 0.15),
            (who.head, -0.22),
            (who.head * 0.88, -0.62),
            (who.head * 0.48, -0.92),
        ]
    )
    left = half * (-1, 1)
    return curve(np.concatenate(([(0, 1.0 + drop)], left, [(0, -1.0)], half[::-1])), closed=True)


def paint_skin(canvas: Canvas, who: Identity, pull: Activation, light: float) -> None:
    """Draw neck, shoulders, ears and head; ``light`` comes from the left (-1) to the right (1)."""
    head = head_outline(who, pull)
    rng = np.random.default_rng(who.seed)
    cloth = float(rng.choice((40, 90, 150, 205)))
    neck = who.jaw * 0.72
    canvas.fill(np.array([(-neck, 0.5), (neck, 0.5), (neck * 1.1, 1.7), (-neck * 1.1, 1.7)]), who.skin * 0.8)
    collar = curve([(-1.7, 1.55), (-1.0, 1.28), (-neck, 1.16), (0, 1.34), (neck, 1.16), (1.0, 1.28), (1.7, 1.55)])
    canvas.fill(np.concatenate((collar, [(1.7, 2.2), (-1.7, 2.2)])), cloth)
    for side in SIDES:
        x = side * (who.head + 0.035)
        canvas.fill(ellipse(x, 0.07, 0.115, 0.2), who.ink)
        canvas.fill(ellipse(x, 0.07, 0.095, 0.18), who.skin * 0.93)
        canvas.stroke(curve([(x, -0.04), (x + side * 0.04, 0.02), (x + side * 0.01, 0.1)]), who.skin * 0.6, 0.03)
    canvas.fill(head * (1.025, 1.015), who.ink)
    canvas.fill(head, who.skin)
    _model(canvas, who, pull, light)
    canvas.settle(head)
    for x, y in rng.uniform((-0.45, 0.08), (0.45, 0.36), (int(26 * who.freckles), 2)):
        canvas.fill(ellipse(x, y, 0.013, 0.013, 6), who.skin * 0.72)


def _model(canvas: Canvas, who: Identity, pull: Activation, light: float) -> None:
    """Shade the large forms: the side away from the light, temples, sockets, cheeks, nose and chin."""
    far = -1 if light > 0 else 1
    strength = abs(light)
    edge = curve([(far * 0.25, -1.1), (far * 0.5, -0.4), (far * 0.42, 0.2), (far * 0.3, 0.7), (far * 0.1, 1.2)])
    canvas.shade(np.concatenate((edge, [(far * 1.2, 1.2), (far * 1.2, -1.1)])), -0.2 * strength)
    canvas.shade(ellipse(-far * 0.28, -0.6, 0.3, 0.2), 0.1 * strength)
    cheek = max(pull(6), 0.7 * pull(12))
    for side in SIDES:
        canvas.shade(ellipse(side * who.eye_spacing, _EYE_Y - 0.05, who.eye * 1.5, 0.17), -0.13)
        canvas.shade(ellipse(side * 0.45, 0.33 - 0.06 * cheek, 0.17, 0.12), -0.08)  # a blush is a darker gray
        canvas.shade(ellipse(side * 0.42, 0.24 - 0.07 * cheek, 0.13, 0.07), 0.1 + 0.12 * cheek)
        canvas.shade(ellipse(side * who.jaw * 0.85, 0.68, 0.12, 0.2), -0.1 - 0.1 * pull(26))
    canvas.shade(ellipse(far * (who.nose + 0.02), _NOSE_Y - 0.06, 0.07, 0.22), -0.2)
    canvas.shade(ellipse(0, _NOSE_Y + 0.13, 0.13, 0.05), -0.16)
    canvas.shade(ellipse(-far * 0.02, _NOSE_Y - 0.03, 0.06, 0.1), 0.14)
    canvas.shade(ellipse(0, 0.8 + 0.1 * pull(26), 0.15, 0.045), -0.16)
    canvas.shade(ellipse(0, 0.9 + 0.12 * pull(26), 0.12, 0.05), 0.1)
    _fold(canvas, who, pull)


def _fold(canvas: Canvas, who: Identity, pull: Activation) -> None:
    """Draw folds of the skin, caused by action units and by age."""
    brow = _EYE_Y - who.brow_y
    for row in range(3):
        y = brow - 0.17 - 0.1 * row - 0.05 * pull(1)
        inner, outer = pull(1) * 0.9, pull(2) * 0.9
        width = 0.18 + 0.24 * min(1.0, outer)
        bow = 0.05 * inner - 0.03 * outer
        forehead = curve([(-width, y + bow), (-width / 2, y), (0, y + 0.01), (width / 2, y), (width, y + bow)])
        canvas.crease(forehead, max(inner * 0.8, outer * 0.7, 0.25 * who.age))
    for side in SIDES:
        frown, wrinkle = pull(4, side), pull(9, side)
        canvas.crease(curve([(side * 0.05, brow - 0.08), (side * 0.04, brow + 0.02), (side * 0.06, brow + 0.1)]), frown)
        for row in range(2):
            y = 0.02 + 0.08 * row
            canvas.crease(curve([(side * 0.02, y), (side * 0.07, y - 0.03), (side * 0.13, y - 0.08)]), wrinkle)
        _fold_cheek(canvas, who, pull, side)


def _fold_cheek(canvas: Canvas, who: Identity, pull: Activation, side: int) -> None:
    """Draw folds of one side around nose, mouth and eye: nasolabial fold, marionette line, bags and crow's feet."""
    lift = max(pull(9, side), pull(10, side))
    smile = max(pull(12, side), pull(6, side))
    wing = who.nose + 0.05
    end = _MOUTH_Y - 0.13 * smile + 0.04 * pull(15, side)
    out = who.mouth + 0.1 + 0.07 * smile + 0.05 * pull(20, side)
    fold = [(wing, _NOSE_Y - 0.06 - 0.08 * lift), ((wing + out) / 2 + 0.06, (_NOSE_Y + end) / 2 - 0.05), (out, end)]
    canvas.crease(curve(fold) * (side, 1), max(lift, 0.75 * smile, 0.3 * who.age), 0.035)
    sag = [(who.mouth + 0.06, _MOUTH_Y + 0.1), (who.mouth + 0.1, _MOUTH_Y + 0.2)]
    canvas.crease(curve(sag) * (side, 1), max(0.8 * pull(15, side), 0.2 * who.age))
    x, y = who.eye_spacing, _EYE_Y + 0.6 * who.eye_open
    bag = [(x - who.eye * 0.9, y + 0.05), (x, y + 0.1), (x + who.eye * 0.9, y + 0.03)]
    canvas.crease(curve(bag) * (side, 1), max(0.5 * pull(6, side), 0.35 * pull(7, side), 0.3 * who.age), 0.024)
    for row in (-1, 0, 1):
        corner = [(x + who.eye + 0.05, _EYE_Y + 0.03 * row), (x + who.eye + 0.14, _EYE_Y + 0.06 * row)]
        canvas.crease(curve(corner) * (side, 1), max(0.8 * pull(6, side), 0.25 * who.age), 0.02)


def paint_eye(
    canvas: Canvas, who: Identity, pull: Activation, side: int, gaze: tuple[float, float], light: float
) -> None:
    """Draw one eye: white, iris, pupil and reflections between the lids, then lids, crease and lashes."""
    x, top, bottom = _lids(who, pull, side)
    lid, floor = np.stack((x, top), 1), np.stack((x, bottom), 1)
    canvas.fill(np.concatenate((lid, floor[::-1])), min(246.0, 150 + 0.45 * who.skin))
    iris_x, iris_y = side * who.eye_spacing + 0.06 * gaze[0], _EYE_Y - 0.012 + 0.04 * gaze[1]
    glint = 0.04 * (1 if light > 0 else -1)
    for dx, dy, radius, gray in (
        (0.0, 0.0, 0.118, who.iris * 0.45),
        (0.0, 0.0, 0.1, who.iris),
        (0.0, 0.0, 0.059, 12.0),
        (glint, -0.04, 0.034, 255.0),
        (-glint, 0.045, 0.017, 215.0),
    ):
        canvas.fill(between(ellipse(iris_x + dx, iris_y + dy, radius, radius), x, top, bottom), gray)
    canvas.stroke(floor, who.skin * 0.5, 0.016)
    canvas.stroke(lid - (0, 0.008), who.ink * 0.5, 0.034 + 0.02 * who.lashes, (0.5, 0.7))
    rise = 0.06 - 0.025 * pull(5, side) - 0.02 * pull(4, side)
    canvas.stroke(lid - (0, rise), who.skin * 0.55, 0.018)
    if who.lashes:
        for index, (x_root, y_root) in enumerate(lid[::side][-7:-1:2]):
            tip = (x_root + side * 0.02 * (1 + index), y_root - 0.045 * who.lashes)
            canvas.stroke(curve([(x_root, y_root), tip], steps=2), who.ink * 0.5, 0.02, (1.0, 0.3))


def _lids(
    who: Identity, pull: Activation, side: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The heights of the upper and the lower lid over ascending ``x``: ``x, top, bottom``, all ``(n,)``."""
    t = _ACROSS_EYE
    wide, tight, squeezed, closed = (
        pull(5, side),
        max(pull(7, side), 0.8 * pull(9, side)),
        pull(6, side),
        pull(43, side),
    )
    grief = min(pull(1, side), pull(4, side))
    high = who.eye_open * (1 + 0.75 * wide - 0.4 * tight - 0.15 * squeezed - 0.85 * closed)
    low = 0.62 * who.eye_open * (1 + 0.2 * wide - 0.5 * max(tight, squeezed) - 0.3 * closed)
    base = _EYE_Y + (0.035 * grief - who.eye_tilt) * t
    # AU4 lowers the inner half of the lid, sadness the outer half.
    lean = 1 + (0.25 * pull(4, side) * (1 - 2 * grief) - 0.25 * grief) * t
    top = base - max(high, 0.004) * (1 - t**2) ** 0.65 * lean
    bottom = base + max(low, 0.004) * (1 - t**2) ** 0.8
    x = side * (who.eye_spacing + who.eye * t)
    return x[::side], top[::side], bottom[::side]


_BROW = np.array([(-0.17, 0.0), (-0.06, -0.035), (0.09, -0.05), (0.22, 0.01)])
"""The middle line of a brow at rest, from the inner to the outer end, relative to the centre of the eye."""

_BROW_PULLS = {
    1: np.array([(0.0, -0.14), (0.0, -0.085), (0.0, -0.02), (0.0, 0.0)]),
    2: np.array([(0.0, -0.02), (0.0, -0.07), (0.0, -0.13), (0.0, -0.09)]),
    4: np.array([(-0.05, 0.11), (-0.03, 0.075), (-0.015, 0.02), (0.0, -0.005)]),
    9: np.array([(-0.015, 0.05), (-0.01, 0.03), (0.0, 0.0), (0.0, 0.0)]),
    5: np.array([(0.0, -0.01), (0.0, -0.015), (0.0, -0.015), (0.0, -0.01)]),
    6: np.array([(0.0, 0.0), (0.0, 0.005), (0.0, 0.015), (0.0, 0.02)]),
}
"""Displacement of the four points of a brow by each action unit."""


def paint_brow(canvas: Canvas, who: Identity, pull: Activation, side: int) -> None:
    """Draw one brow: a tapered line, moved by the action units of the upper face."""
    line = _BROW.copy()
    line[:, 1] -= who.brow_tilt * np.array((-0.5, 0.0, 0.6, 0.8))
    for unit, move in _BROW_PULLS.items():
        strength = pull(unit, side)
        if unit == 4:  # with AU1 (frontalis), AU4 (corrugator) draws the brows together without lowering them
            strength *= 1 - 0.75 * pull(1, side)
            line[:, 0] += move[:, 0] * (pull(4, side) - strength)
        line += move * strength
    line[3, 1] += 0.05 * min(pull(1, side), pull(4, side))
    line += (who.eye_spacing, _EYE_Y - who.brow_y)
    gray = min(who.hair * 0.75, who.skin * 0.55)
    canvas.stroke(curve(line) * (side, 1), gray, who.brow, (0.75, 0.2))


def paint_nose(canvas: Canvas, who: Identity, pull: Activation) -> None:
    """Draw wings, tip and nostrils as one open line with two dark spots; AU9 moves the wings up and apart."""
    wide = who.nose * (1 + 0.18 * pull(9) + 0.08 * pull(12) + 0.08 * pull(10))
    tip = _NOSE_Y + who.nose_length - 0.02 * pull(9)
    ink = who.skin * 0.45
    for side in SIDES:
        lift = 0.05 * pull(9, side) + 0.02 * pull(10, side)
        wing = [(0.78, -0.09), (1.0, -0.02), (0.98, 0.05), (0.72, 0.075)]
        line = curve(np.array(wing) * (side * wide, 1) + (0, tip - lift))
        canvas.stroke(line, ink, 0.028, (0.1, 0.6))
        canvas.fill(ellipse(side * wide * 0.5, tip + 0.06 - lift * 0.5, wide * 0.24, 0.02, 12), who.ink * 0.8)
    canvas.stroke(curve([(-wide * 0.35, tip + 0.075), (0, tip + 0.1), (wide * 0.35, tip + 0.075)]), ink, 0.025)


_MOUTH_PULLS = {
    9: (0.0, 0.0, -0.02, 0.0),
    10: (0.0, 0.0, -0.02, 0.0),
    12: (0.3, -0.14, 0.015, -0.2),
    15: (0.0, 0.1, -0.03, 0.0),
    17: (0.0, 0.0, -0.035, 0.0),
    20: (0.28, 0.05, 0.0, -0.25),
    23: (-0.16, 0.025, 0.0, -0.6),
    24: (0.0, 0.0, 0.0, -0.6),
    26: (0.0, 0.0, 0.0, -0.2),
}
"""Effect of each action unit on the mouth: width, lowering of the corners, lowering of the middle, thickness of the lips."""


def mouth_lines(who: Identity, pull: Activation) -> Mouth:
    """The lines of the mouth under the action units of the lower face."""
    t = _ACROSS_MOUTH
    away = np.abs(t)
    jaw = max(pull(26), 1.4 * pull(27)) * (1 - 0.45 * pull(20))
    oval = jaw * (1 - min(1.0, pull(12)))  # a smile keeps the corners from following the jaw
    width, corner = np.empty_like(t), np.empty_like(t)
    for side in SIDES:
        wider, lower, _, _ = _mouth_pull(pull, side)
        half = t * side >= 0
        width[half] = who.mouth * max(0.55, 1 + wider - 0.34 * oval * (1 - pull(20)))
        corner[half] = who.mouth_rest + lower + 0.03 * oval
    _, _, middle, thicker = _mouth_pull(pull, 0)
    line = _MOUTH_Y + middle + 0.03 * jaw + 0.05 * oval + corner * away**1.8
    parted, lift = max(pull(25), 0.5 * pull(16)), max(pull(9), pull(10))
    oblong = min(1.0, max(pull(20), pull(16), 0.6 * pull(12)))  # stretched lips have corners
    shape = (1 - oblong) * np.sqrt(1 - away**2) + oblong * (1 - away**4) ** 0.6
    upper = line - shape * (0.02 * parted + 0.03 * jaw + 0.08 * oval + 0.05 * lift * parted)
    lower = line + shape * (0.035 * parted + 0.17 * jaw + 0.06 * pull(16) + 0.06 * pull(12) * parted)
    lips = who.lips * max(0.25, 1 + thicker)
    bow = 1 - 0.25 * np.exp(-((t / 0.14) ** 2))
    top = upper - lips * (1 - away**2) ** 0.8 * bow
    bottom = lower + 1.15 * lips * (1 + 0.3 * pull(17)) * (1 - away**2) ** 0.65
    return Mouth(t * width, top, upper, lower, bottom)


def _mouth_pull(pull: Activation, side: int) -> NDArray[np.float64]:
    moves = [pull(unit, side) * np.array(move) for unit, move in _MOUTH_PULLS.items()]
    total: NDArray[np.float64] = np.sum(moves, axis=0, dtype=np.float64)
    return total


def paint_mouth(canvas: Canvas, who: Identity, pull: Activation) -> None:
    """Draw the lips, and the inside of an open mouth with tongue and teeth."""
    mouth = mouth_lines(who, pull)
    lip = who.skin * who.lip
    canvas.fill(mouth.area(mouth.top, mouth.upper), lip * 0.88)
    canvas.fill(mouth.area(mouth.lower, mouth.bottom), lip)
    shine = mouth.line(mouth.lower + 0.4 * (mouth.bottom - mouth.lower))[8:17]
    canvas.stroke(shine, min(250.0, lip * 1.25), 0.03)
    gap = float((mouth.lower - mouth.upper).max())
    if gap > 0.02:
        _paint_inside(canvas, who, pull, mouth, gap)
    else:
        canvas.stroke(mouth.line(mouth.upper), who.ink * 0.6, 0.03, (0.5, 0.5))
    for side, end in zip(SIDES, (0, -1), strict=True):
        x, y = mouth.x[end], mouth.upper[end]
        hook = 0.03 * (pull(15, side) - pull(12, side)) * (1 - pull(26))
        canvas.stroke(curve([(x - side * 0.03, y), (x + side * 0.025, y + hook)], steps=3), who.ink, 0.03, (0.6, 0.4))
    if pull(17) > 0.1:
        chin = mouth.bottom.max() + 0.08
        canvas.stroke(curve([(-0.12, chin + 0.02), (0, chin - 0.015), (0.12, chin + 0.02)]), who.skin * 0.62, 0.022)


def _paint_inside(canvas: Canvas, who: Identity, pull: Activation, mouth: Mouth, gap: float) -> None:
    canvas.fill(mouth.area(mouth.upper, mouth.lower), 26)
    x = mouth.x
    if gap > 0.13:
        tongue = ellipse(0, float(mouth.lower.max()), who.mouth * 0.55, 0.4 * gap)
        canvas.fill(between(tongue, x, mouth.upper, mouth.lower), 96)
    bite = 0.03 + 0.055 * max(pull(12), pull(20), pull(10))
    edge = np.minimum(mouth.lower, mouth.upper + bite * (1 - (x / np.abs(x).max()) ** 4))
    canvas.fill(mouth.area(mouth.upper, edge), 242)
    if max(pull(16), pull(20)) > 0.25 and gap > 0.07:
        canvas.fill(mouth.area(np.maximum(edge, mouth.lower - 0.045), mouth.lower), 222)
    for tooth in _TEETH * who.mouth:
        ends = [(tooth, np.interp(tooth, x, line)) for line in (mouth.upper, edge)]
        canvas.stroke(np.array(ends), 205, 0.008)
    for line in (mouth.upper, mouth.lower):
        canvas.stroke(mouth.line(line), who.ink * 0.6, 0.018, (0.5, 0.5))
