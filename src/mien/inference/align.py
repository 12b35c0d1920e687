"""Align a face in a photo to the crop of the training data: upright, with eyes and mouth where FER2013 has them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.images import Picture

TEMPLATE = np.array([(14.5, 18.3), (32.9, 18.2), (23.4, 28.3), (16.1, 36.1), (31.4, 36.1)], np.float32)
"""Mean positions of the five detected landmarks in FER2013's 48x48 faces, as x and y from 0 to 1.

``python -m benchmarks.through_detection fer2013 --template`` measures it on training faces.
"""

TEMPLATE_SIDE = 48
MAX_SUPERSAMPLING = 8


def crop(photo: Picture, landmarks: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Crop a face, rotated, scaled and shifted so that its landmarks are closest to ``TEMPLATE``.

    Args:
        photo: the photo. Outside it, the edge pixels are repeated.
        landmarks: ``(5, 2)``, x and y in pixels of the photo, as ``Detections.landmarks``.
        size: height and width of the crop.

    Returns:
        ``(*size)`` ``uint8``. Each pixel is the mean of several samples, so that a large face doesn't alias.
    """
    height, width = size
    target = TEMPLATE * np.array([width / TEMPLATE_SIDE, height / TEMPLATE_SIDE], np.float32)
    matrix, shift = similarity(target, landmarks)  # from the crop to the photo
    magnification = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    fine = int(np.clip(np.ceil(magnification - 0.25), 1, MAX_SUPERSAMPLING))  # samples per crop pixel and axis
    x = (np.arange(width * fine, dtype=np.float32) + 0.5) / fine
    y = (np.arange(height * fine, dtype=np.float32) + 0.5) / fine
    # Pixel centres are at half units on both sides; sample coordinates start at the first centre.
    px = matrix[0, 0] * x[None] + matrix[0, 1] * y[:, None] + (shift[0] - 0.5)
    py = matrix[1, 0] * x[None] + matrix[1, 1] * y[:, None] + (shift[1] - 0.5)
    samples = _bilinear(photo, px, py)
    means = samples.reshape(height, fine, width, fine).mean((1, 3))
    return np.asarray(means + np.float32(0.5), np.uint8)


def similarity(
    source: NDArray[np.float32], target: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The rotation, scale and shift that map points ``source`` to ``target``, both ``(N, 2)``, by least squares.

    S. Umeyama, "Least-squares estimation of transformation parameters between two point patterns", IEEE PAMI 13(4), 1991; in
    two dimensions it is one complex division.

    Returns:
        A ``(2, 2)`` matrix and a ``(2,)`` shift: ``target ~ source @ matrix.T + shift``.
    """
    a, b = source - source.mean(0), target - target.mean(0)
    spread = max(float((a**2).sum()), 1e-9)
    along = float((a * b).sum()) / spread  # real part: scale times cosine
    across = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / spread  # imaginary part: scale times sine
    matrix = np.array([[along, -across], [across, along]], np.float32)
    return matrix, (target.mean(0) - matrix @ source.mean(0)).astype(np.float32)


def _bilinear(photo: Picture, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Gray levels between the pixels; only the part of the photo that has them is converted."""
    height, width = photo.size
    x, y = x.clip(0, width - 1), y.clip(0, height - 1)
    left, top = x.astype(np.intp), y.astype(np.intp)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    u, v = x - left, y - top
    first, above = int(left.min()), int(top.min())
    gray = photo.gray(first, above, int(right.max()) + 1, int(bottom.max()) + 1)
    left, right, top, bottom = left - first, right - first, top - above, bottom - above
    upper = gray[top, left] * (1 - u) + gray[top, right] * u
    lower = gray[bottom, left] * (1 - u) + gray[bottom, right] * u
    return np.asarray(upper * (1 - v) + lower * v, np.float32)
