from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien import images
from mien.errors import ImageError


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def ramp(mode: str = "L") -> Image.Image:
    return Image.fromarray(np.arange(0, 240, 5, dtype=np.uint8).reshape(6, 8)).convert(mode)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "TIFF", "WEBP"])
def test_gray_survives_lossless_formats(kind: str) -> None:
    data = encoded(ramp(), kind, **({"lossless": True} if kind == "WEBP" else {}))
    np.testing.assert_array_equal(images.decode(data, "L"), np.asarray(ramp()))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "CMYK", "LA"])
def test_every_mode_gives_colour_of_the_same_shape(mode: str) -> None:
    data = encoded(ramp(mode), "TIFF" if mode == "CMYK" else "PNG")
    assert images.decode(data).shape == (6, 8, 3)
    assert images.decode(data, "L").dtype == np.uint8


def test_sixteen_bits_keep_their_upper_eight() -> None:
    deep = Image.fromarray(np.asarray(ramp()).astype(np.uint16) * 257)
    np.testing.assert_allclose(images.decode(encoded(deep), "L"), np.asarray(ramp()), atol=1)


def test_transparency_is_laid_on_white() -> None:
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert images.decode(encoded(clear), "L").min() == 255


def test_exif_orientation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise
    assert images.decode(encoded(ramp("RGB"), "JPEG", exif=exif)).shape == (8, 6, 3)


def test_a_path_is_read(tmp_path: Path) -> None:
    path = tmp_path / "face.png"
    path.write_bytes(encoded(ramp()))
    np.testing.assert_array_equal(images.decode(path, "L"), np.asarray(ramp()))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"the picture is empty \(0 bytes\): replace"),
        (b"hello, no picture", "no picture that can be read"),
        (encoded(ramp().resize((64, 64)))[:120], "damaged and can't be decoded"),
        (encoded(ramp().resize((64, 64)), "JPEG")[:-200], "damaged and can't be decoded"),
    ],
)
def test_bad_bytes_say_what_is_wrong(data: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        images.decode(data)


def test_limits_hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(images, "MAX_PIXELS", 40)
    with pytest.raises(ImageError, match="8x6 pixels, more than the 40 allowed"):
        images.decode(encoded(ramp()))
    monkeypatch.setattr(images, "MAX_BYTES", 10)
    with pytest.raises(ImageError, match="more than the 10 allowed"):
        images.decode(encoded(ramp()))
    (tmp_path / "big.png").write_bytes(encoded(ramp()))
    with pytest.raises(ImageError, match=r"big\.png' has .* bytes"):
        images.decode(tmp_path / "big.png")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"nope\.png' can't be read: No such file"):
        images.decode(tmp_path / "nope.png")


def test_resizing_keeps_what_fits_and_averages_what_shrinks() -> None:
    faces = np.random.default_rng(0).integers(0, 256, (3, 8, 8), np.uint8)
    assert images.resize_faces(faces, (8, 8)) is faces
    checks = (np.indices((8, 8)).sum(0) % 2 * 255).astype(np.uint8)[None]
    assert abs(images.resize_faces(checks, (2, 2)).astype(int) - 127).max() < 24  # antialiased, not sampled
    assert images.resize_faces(faces, (5, 7)).shape == (3, 5, 7)


def test_png_is_lossless() -> None:
    face = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    np.testing.assert_array_equal(images.decode(images.encode_png(face), "L"), face)
