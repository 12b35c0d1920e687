"""Faces written as numbers: however they are written, the same face comes out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.data.layouts import pixels, read
from mien.errors import DataError

if TYPE_CHECKING:
    from tests.data.conftest import Maker

LABELS = [0, 3, 6, 5, 1, 2, 4]
ROWS = range(len(LABELS))


def flat(make: Maker, row: int) -> list[int]:
    values: list[int] = make.face(row).ravel().tolist()
    return values


def joined(make: Maker, separator: str, row: int) -> str:
    return separator.join(map(str, flat(make, row)))


def bracketed(make: Maker, row: int) -> str:
    lines = ["[" + ", ".join(map(str, line)) + "]" for line in make.face(row).tolist()]
    return '"[' + ",\n ".join(lines) + ']"'


def write(make: Maker, header: str, cells: Callable[[int], str], name: str = "faces.csv") -> Path:
    return make.file(name, "".join(line + "\n" for line in [header, *map(cells, ROWS)] if line))


WAYS: dict[str, Callable[[Maker], Path]] = {
    "semicolons between columns": lambda make: write(
        make, "emotion;pixels;Usage", lambda row: f"{LABELS[row]};{joined(make, ' ', row)};Training"
    ),
    "tabs": lambda make: write(
        make, "emotion\tpixels\tUsage", lambda row: f"{LABELS[row]}\t{joined(make, ',', row)}\tTraining", "faces.tsv"
    ),
    "commas in quotes": lambda make: write(
        make, "emotion,pixels,Usage", lambda row: f'{LABELS[row]},"{joined(make, ",", row)}",Training'
    ),
    "commas without quotes": lambda make: write(
        make, "emotion,pixels,Usage", lambda row: f"{LABELS[row]},{joined(make, ',', row)},Training"
    ),
    "commas without quotes, two columns": lambda make: write(
        make, "label,feature", lambda row: f"{LABELS[row]},{joined(make, ',', row)}"
    ),
    "commas without quotes, label last": lambda make: write(
        make, "feature,label", lambda row: f"{joined(make, ',', row)},{LABELS[row]}"
    ),
    "brackets": lambda make: write(make, "emotion,pixels", lambda row: f'{LABELS[row]},"[{joined(make, ", ", row)}]"'),
    "nested brackets over lines": lambda make: write(
        make, "label,pixels", lambda row: f"{LABELS[row]},{bracketed(make, row)}"
    ),
    "a column for each pixel": lambda make: write(
        make,
        "label," + ",".join(f"pixel{number}" for number in range(2304)),
        lambda row: f"{LABELS[row]},{joined(make, ',', row)}",
    ),
    "a column for each pixel, label last": lambda make: write(
        make,
        ",".join(f"pixel_{number}" for number in range(2304)) + ",emotion",
        lambda row: f"{joined(make, ',', row)},{LABELS[row]}",
    ),
    "a column for each pixel and row numbers": lambda make: write(
        make,
        ",label," + ",".join(map(str, range(2304))),
        lambda row: f"{row},{LABELS[row]},{joined(make, ',', row)}",
    ),
    "a data frame without names": lambda make: write(
        make, ",".join(map(str, range(2305))), lambda row: f"{LABELS[row]},{joined(make, ',', row)}"
    ),
    "a column for each pixel without a head": lambda make: write(
        make, "", lambda row: f"{LABELS[row]},{joined(make, ',', row)}"
    ),
    "no head and label last": lambda make: write(make, "", lambda row: f"{joined(make, ',', row)},{LABELS[row]}"),
    "no head and Usage": lambda make: write(make, "", lambda row: f"{LABELS[row]},{make.pixels(row)},Training"),
    "more columns": lambda make: write(
        make,
        "id,remark,image_pixels,emotion,source",
        lambda row: f"n{row},fine,{make.pixels(row)},{LABELS[row]},web",
    ),
    "whole floats": lambda make: write(
        make, "emotion,pixels", lambda row: f"{LABELS[row]},{' '.join(f'{value}.0' for value in flat(make, row))}"
    ),
    "from 0 to 1": lambda make: write(
        make,
        "emotion,pixels",
        lambda row: f"{LABELS[row]},{' '.join(f'{value / 255:.6f}' for value in flat(make, row))}",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_writing_gives_the_same_faces(make: Maker, way: str) -> None:
    faces = read(WAYS[way](make), coding="fer2013")
    assert faces.source.dropped == ()
    assert [faces.classes[label] for label in faces.labels] == [
        ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")[label] for label in LABELS
    ]
    np.testing.assert_array_equal(faces.images, [make.face(row) for row in ROWS])
    assert set(faces.splits.tolist()) == {"train"}


def coloured(make: Maker, row: int) -> NDArray[np.uint8]:
    return np.stack([make.face(row), make.face(row) // 2, 255 - make.face(row) // 3], -1)


LUMA = np.array([0.299, 0.587, 0.114])


@pytest.mark.parametrize("planar", [False, True])
def test_colours_become_gray_by_luma_in_both_orders(make: Maker, planar: bool) -> None:
    def values(row: int) -> str:
        colours = coloured(make, row).astype(int)
        return " ".join(map(str, (colours.transpose(2, 0, 1) if planar else colours).ravel().tolist()))

    faces = read(write(make, "emotion,pixels", lambda row: f"{LABELS[row]},{values(row)}"), coding="fer2013")
    assert faces.size == (48, 48)
    expected = np.stack([coloured(make, row) @ LUMA for row in ROWS])
    assert np.abs(faces.images - expected).max() <= 1
    assert any("7 faces have colours" in note for note in faces.source.notes)


def test_an_alpha_channel_does_not_make_a_face_of_twice_the_side(make: Maker) -> None:
    def values(row: int) -> str:
        opaque = np.full((48, 48, 1), 255, np.uint8)
        return " ".join(map(str, np.concatenate([coloured(make, row), opaque], -1).ravel().tolist()))

    faces = read(write(make, "emotion,pixels", lambda row: f"{LABELS[row]},{values(row)}"), coding="fer2013")
    assert faces.size == (48, 48)
    large = read(
        write(make, "emotion,pixels", lambda row: f"{LABELS[row]},{make.pixels(row, 96)}", "large.csv"),
        coding="fer2013",
    )
    assert large.size == (96, 96)


def test_the_smaller_part_of_mixed_sizes_is_resized_and_told(make: Maker) -> None:
    faces = read(
        write(make, "emotion,pixels", lambda row: f"{LABELS[row]},{make.pixels(row, 64 if row > 4 else 48)}"),
        coding="fer2013",
    )
    assert (len(faces), faces.size, faces.source.dropped) == (7, (48, 48), ())
    assert any("2 sizes" in note and "48x48" in note for note in faces.source.notes)


def test_a_row_that_ends_early_is_no_smaller_face(make: Maker) -> None:
    text = "emotion,pixels\n" + "".join(f"3,{make.pixels(row)}\n" for row in range(3))
    cut = text.rsplit(",", 1)[0] + "," + " ".join(make.pixels(2).split()[: 46 * 46])
    with pytest.raises(DataError, match="ends in the middle of its row 3"):
        read(make.file("cut.csv", cut))


def test_rows_of_another_range_are_dropped(make: Maker) -> None:
    units = " ".join(f"{value / 255:.4f}" for value in flat(make, 0))
    faces = read(
        make.table("a.csv", "emotion,pixels", [(3, make.pixels(0)), (3, make.pixels(1)), (3, units)]), coding="fer2013"
    )
    assert len(faces) == 2
    assert "is no whole number" in faces.source.dropped[0].reason


def test_lengths_that_are_no_square_are_no_face() -> None:
    assert pixels.shapes([np.zeros(2305, np.uint8), np.zeros(4, np.uint8), np.zeros(2304, np.uint8)]) == {
        2304: pixels.Shape(48)
    }


def colours(make: Maker, row: int, alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``(24, 24, 4)`` a picture with three different channels and this alpha."""
    planes = [make.face(row, 24), 255 - make.face(row, 24) // 2, make.face(row + 50, 24), alpha]
    return np.stack(planes, axis=2)


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("alpha", ["opaque", "half", "real"])
def test_four_values_a_pixel_are_colours_with_an_alpha(make: Maker, planar: bool, alpha: str) -> None:
    masks = {
        "opaque": np.full((24, 24), 255, np.uint8),
        "half": np.full((24, 24), 128, np.uint8),
        "real": make.face(99, 24),
    }
    pictures = [colours(make, row, masks[alpha]) for row in ROWS]
    cells = [" ".join(map(str, (one.transpose(2, 0, 1) if planar else one).ravel())) for one in pictures]
    found = read(write(make, "emotion,pixels,Usage", lambda row: f"{LABELS[row]},{cells[row]},Training"))
    assert found.size == (24, 24)
    for one, face in zip(pictures, found.images, strict=True):
        share = one[..., 3:] / 255
        shown = one[..., :3] * share + 255 * (1 - share)  # on white, as pictures are shown
        luma = shown @ (0.299, 0.587, 0.114)
        np.testing.assert_allclose(face, luma, atol=2)


@pytest.mark.parametrize("size", [16, 48, 96])
def test_gray_faces_of_an_even_side_stay_gray(make: Maker, size: int) -> None:
    found = read(write(make, "emotion,pixels,Usage", lambda row: f"{LABELS[row]},{make.pixels(row, size)},Training"))
    assert found.size == (size, size)
    np.testing.assert_array_equal(found.images, [make.face(row, size) for row in ROWS])
