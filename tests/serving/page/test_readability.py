"""The browser's figures of readability are Python's."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from browsers import Open
from mien.inference import align, readability
from mien.synthetic import drawn

SCRIPT = """async (faces) => {
    const { assess } = await import("/page/readability.js");
    return faces.map(({ landmarks, crop, size }) => assess(landmarks, Uint8Array.from(crop), size));
}"""


def test_faces_are_assessed_as_in_python(visit: Open) -> None:
    rng = np.random.default_rng(0)
    given, expected = [], []
    for number, image in enumerate(drawn.draw(60, seed=2).images[:60]):
        angle, side = rng.uniform(-0.6, 0.6), rng.uniform(0.2, 6)
        turn = side * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        spread = rng.choice([0.5, 3.0, 6.0])  # the last is a head that is turned away
        points = (align.TEMPLATE + rng.normal(0, spread, (5, 2))) @ turn.T + rng.uniform(0, 500, 2)
        blur = ImageFilter.GaussianBlur(0 if number % 3 else 2)
        crop = np.asarray(Image.fromarray(np.ascontiguousarray(image)).filter(blur))
        landmarks = points.astype(np.float32)
        face = readability.assess(landmarks, crop)
        expected.append(face.to_dict() | {"unreadable": readability.LIMITS.reason(face)})
        given.append({"landmarks": landmarks.tolist(), "crop": crop.ravel().tolist(), "size": list(crop.shape)})
    given.append({"landmarks": [[float(x), 0.0] for x in range(5)], "crop": [7] * 48 * 48, "size": [48, 48]})
    line = readability.assess(np.array(given[-1]["landmarks"], np.float32), np.full((48, 48), 7, np.uint8))
    expected.append(line.to_dict() | {"unreadable": "too_small"})
    found = visit().evaluate(SCRIPT, given)
    assert {face["unreadable"] for face in expected} == {"", *readability.REASONS}
    for here, there in zip(found, expected, strict=True):
        for name, tolerance in (("size", 0.1), ("sharpness", 1e-4), ("exposure", 0.1), ("roll", 0.1)):
            np.testing.assert_allclose(here[name], there[name], atol=1.01 * tolerance)
        np.testing.assert_allclose([here["yaw"], here["pitch"]], [there["yaw"], there["pitch"]], atol=0.11)
        assert here["unreadable"] == there["unreadable"]
        assert list(here) == list(there)
