"""Hair, beard and glasses of a drawn face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.synthetic.canvas import Canvas, Points, curve, ellipse
from mien.synthetic.parts import SIDES, Identity, Mouth


@dataclass(frozen=True)
class Hairstyle:
    """The shape of the hair.

    Attributes:
        line: the hairline from left to right, ``x`` as a share of the head's half width; empty for bald.
        lift: distance of the hair from the skull, as a share of the skull.
        back: lower end of the hair behind the head, or 0 for none.
        curls: whether the outline is curly.
        bun: whether it is tied up.
    """

    line: tuple[tuple[float, float], ...] = ()
    lift: float = 0.08
    back: float = 0.0
    curls: bool = False
    bun: bool = False


def _even(*right: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    """A symmetric hairline, given from the middle to the right."""
    return tuple((-x, y) for x, y in right[:0:-1]) + right


_FRINGE = _even((0.0, -0.40), (0.2, -0.46), (0.3, -0.38), (0.5, -0.45), (0.62, -0.36), (0.82, -0.34), (0.99, 0.02))
_SWEPT = (
    (-0.99, 0.0),
    (-0.9, -0.4),
    (-0.62, -0.62),
    (-0.45, -0.8),
    (-0.1, -0.58),
    (0.4, -0.46),
    (0.8, -0.36),
    (0.99, 0.0),
)
_CURTAINS = _even((0.0, -0.84), (0.35, -0.68), (0.7, -0.42), (0.88, -0.1), (0.97, 0.35))
_CROPPED = _even((0.0, -0.62), (0.45, -0.62), (0.72, -0.54), (0.8, -0.36), (0.93, -0.3), (0.98, -0.02))

HAIRSTYLES = {
    "bald": Hairstyle(),
    "receding": Hairstyle(_even((0.0, -0.86), (0.5, -0.78), (0.78, -0.5), (0.84, -0.3), (0.98, 0.05)), lift=0.05),
    "short": Hairstyle(_CROPPED, lift=0.1),
    "swept": Hairstyle(_SWEPT, lift=0.15),
    "fringe": Hairstyle(_FRINGE, lift=0.13),
    "bob": Hairstyle(_FRINGE, lift=0.12, back=0.85),
    "long": Hairstyle(_CURTAINS, lift=0.1, back=1.7),
    "swept long": Hairstyle(_SWEPT, lift=0.11, back=1.7),
    "bun": Hairstyle(_even((0.0, -0.74), (0.5, -0.66), (0.82, -0.42), (0.98, 0.0)), lift=0.05, bun=True),
    "curly": Hairstyle(_even((0.0, -0.6), (0.5, -0.56), (0.85, -0.34), (1.0, 0.05)), lift=0.14, curls=True),
    "long curls": Hairstyle(_CURTAINS, lift=0.13, back=1.1, curls=True),
}


_STRAND = np.linspace(0, 1, 5)[:, None]  # shares of the way from the hairline to the crown


def _skull(head: Points, lift: float, down: float) -> Points:
    """The part of the head's contour above ``down``, from left to right, at a distance ``lift`` from the skull."""
    return head[head[:, 1] <= down] * (1 + lift * 0.8, 1 + lift)


def paint_back_hair(canvas: Canvas, who: Identity, head: Points) -> None:
    """Draw the hair behind the head, before the head."""
    style = HAIRSTYLES[who.hairstyle]
    shade = who.hair * 0.72
    if style.bun:
        canvas.fill(ellipse(0.12, -1.12, 0.3, 0.2), shade)
    if style.back:
        skull = _skull(head, style.lift + 0.08, 0.1)
        reach = [(who.head * 1.24, 0.4), (who.head * 1.26, style.back * 0.8), (who.head * 1.1, style.back)]
        fall = [*reach, *((-x, y) for x, y in reach[::-1])]
        canvas.fill(curve(np.concatenate((skull[::4], fall)), closed=True), shade)
        if style.curls:
            for x, y in [*fall, *skull[::5].tolist()]:
                canvas.fill(ellipse(x, y, 0.2, 0.2, 12), shade)


def paint_hair(canvas: Canvas, who: Identity, head: Points) -> None:
    """Draw the hair over the skull and the forehead, with highlights."""
    style = HAIRSTYLES[who.hairstyle]
    if not style.line:
        canvas.stroke(curve([(-0.3, -0.84), (-0.1, -0.9), (0.1, -0.9)]), min(250.0, who.skin * 1.15), 0.05)
        return
    line = curve(np.array(style.line) * (who.head, 1.0))
    outer = _skull(head, style.lift, float(style.line[0][1]))
    if style.curls:
        rng = np.random.default_rng(who.seed)
        for x, y in np.concatenate((outer[::3], line[4:-4:4] - (0, 0.06))) + rng.normal(0, 0.015, (1, 2)):
            canvas.fill(ellipse(x, y, 0.115, 0.115, 12), who.hair)
    canvas.fill(np.concatenate((outer, line[::-1])), who.hair)
    _paint_sheen(canvas, who, outer, line)
    if not style.curls:
        canvas.stroke(line, who.hair * 0.6, 0.022)
        _paint_strands(canvas, who, outer, line)


def _paint_sheen(canvas: Canvas, who: Identity, outer: Points, line: Points) -> None:
    """Draw a broken band of light along the skull."""
    rim, edge = _spread(outer), _spread(line)
    for start, stop in ((14, 28), (30, 36)):
        sheen = rim[start:stop] * 0.62 + edge[start:stop] * 0.38
        canvas.stroke(sheen, min(248.0, who.hair * 1.15 + 22), 0.07, (0.0, 0.0))


def _paint_strands(canvas: Canvas, who: Identity, outer: Points, line: Points) -> None:
    """Draw thin dark strands from the hairline towards the crown."""
    rng = np.random.default_rng(who.seed)
    rim, edge = _spread(outer), _spread(line)
    for start in range(8, 52, 7):
        index = start + int(rng.integers(-1, 2))
        share = _STRAND * rng.uniform(0.35, 0.6)
        bend = np.array((0.04 * np.sign(30 - start), 0.0)) * share
        canvas.stroke(curve(edge[index] * (1 - share) + rim[index] * share + bend), who.hair * 0.76, 0.018, (1.0, 0.1))


def _spread(points: Points, num: int = 60) -> Points:
    """``num`` points along a line, evenly spaced by index."""
    place, along = np.linspace(0, 1, num), np.linspace(0, 1, len(points))
    return np.stack([np.interp(place, along, column) for column in points.T], 1)


def paint_beard(canvas: Canvas, who: Identity, head: Points, mouth: Mouth) -> None:
    """Draw stubble or a full beard, by ``who.beard``, with a moustache along the upper lip."""
    if who.beard < 0.15:
        return
    share = min(1.0, 0.35 + 0.65 * who.beard)
    gray = who.skin * (1 - share) + who.hair * share
    low = head[head[:, 1] > 0.3]
    order = np.argsort(np.arctan2(low[:, 0], low[:, 1]))
    jaw = low[order] * (1.0, 1.0 + 0.05 * who.beard)
    wide = who.head * 0.8
    edge = curve([(wide, 0.35), (wide * 0.62, 0.56), (mouth.x[-1] + 0.08, 0.5), (0.14, 0.42), (0, 0.44)])
    inner = np.concatenate((edge, edge[::-1] * (-1, 1)))
    canvas.fill(np.concatenate((jaw, inner)), gray)
    patch = np.array([(0.1, mouth.bottom.max() + 0.03), (-0.1, mouth.bottom.max() + 0.03)])
    canvas.stroke(patch, gray * 0.8, 0.02)


def paint_glasses(canvas: Canvas, who: Identity) -> None:
    """Draw round or square frames around the eyes, with a bridge, temples and a reflection on each glass."""
    if not who.glasses:
        return
    gray = 28.0 if who.seed % 3 else 120.0
    radius = min(who.eye_spacing - 0.05, 0.265)
    power = 2.0 if who.seed % 2 else 3.5
    angle = np.linspace(0, 2 * np.pi, 33)
    shape = np.stack([np.sign(f) * np.abs(f) ** (2 / power) for f in (np.cos(angle), np.sin(angle))], 1)
    for side in SIDES:
        center = (side * (who.eye_spacing + 0.015), -0.02)
        canvas.stroke(shape * (radius, radius * 0.86) + center, gray, 0.034, (1, 1))
        temple = [(center[0] + side * radius, -0.07), (side * who.head * 1.02, -0.09)]
        canvas.stroke(np.array(temple), gray, 0.04, (1, 1))
        canvas.stroke(np.array([(-0.09, -0.1), (-0.14, -0.02)]) + center, 235, 0.02)
    canvas.stroke(curve([(-0.09, -0.05), (0, -0.09), (0.09, -0.05)]), gray, 0.034, (1, 1))
