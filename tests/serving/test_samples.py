"""The photos to try: drawn, always the same, and read as what they were drawn for."""

from __future__ import annotations

import mien
from mien.serving import samples


def test_the_faces_are_found_and_most_are_read_as_drawn() -> None:
    reader = mien.Reader("base")
    for name, rows in samples.SAMPLES.items():
        drawn = [expression for row in rows for expression, _ in row]
        faces = reader.analyze(samples.photo(name))
        assert len(faces) == len(drawn)
        if name != "unclear":
            assert sorted(face.label for face in faces) == sorted(drawn)
            assert min(face.confidence for face in faces) > 0.5
    (unclear,) = reader.analyze(samples.photo("unclear"))
    assert unclear.confidence < 0.45


def test_a_photo_is_drawn_once() -> None:
    assert samples.photo("one") is samples.photo("one")
    assert samples.photo("one")[:2] == b"\xff\xd8"
