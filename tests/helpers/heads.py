"""Drawn heads of known pose: a drawn face on an ellipsoid with a nose, turned in space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import scenes

HALF = np.array([78.0, 105.0, 90.0])
"""Half width, half height and depth of the head in millimetres."""

MIDDLE = 20.0
"""How far the middle of the head, where the nose is, lies below the middle of the drawn face, in millimetres."""

NOSE = 12.0
"""How far the nose stands out of the ellipsoid, in millimetres."""


def turned(yaw: float, pitch: float, side: int = 250, *, expression: str = "neutral", seed: int = 3) -> scenes.Pixels:
    """A photo ``(480, 480, 3)`` of a head that looks to the right (yaw) and down (pitch), in degrees."""
    gray = scenes.face(expression, side * 2, seed)
    y, x = np.mgrid[0 : side * 2, 0 : side * 2].reshape(2, -1) / side - 1.0  # -1 to 1
    points = np.stack([x, y, np.zeros_like(x)], 1) * (
        HALF[0] * 1.18,
        HALF[0] * 1.18,
        0,
    )  # the face fills most of the picture
    points[:, 1] -= MIDDLE
    inside = 1 - (points[:, 0] / HALF[0]) ** 2 - (points[:, 1] / HALF[1]) ** 2
    bump = NOSE * np.exp(-((points[:, 0] / 10) ** 2) - (points[:, 1] / 12) ** 2)
    points[:, 2] = HALF[2] * np.sqrt(inside.clip(0)) + bump
    kept = inside > 0.02
    spots = (points[kept] - (0, 0, 60)) @ rotation(yaw, pitch).T
    order = np.argsort(spots[:, 2], kind="stable")  # the nearest is drawn last
    photo = scenes.background(480, 480, 1)
    columns, rows = (240 + spots[order, :2] * (side / 2 / HALF[0])).round().astype(int).T
    photo[rows, columns] = gray.ravel()[kept][order][:, None]
    return photo


def rotation(yaw: float, pitch: float) -> NDArray[np.float64]:
    """The rotation ``(3, 3)`` of a head that looks to the right and down."""
    a, b = np.radians([yaw, pitch])
    aside = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    down = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    return np.asarray(down @ aside)
