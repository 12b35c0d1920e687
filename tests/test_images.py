from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hostile
from mien import images
from mien.errors import ArgumentError, ImageError


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
        (b"hello, no picture", "not a picture in a supported format"),
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


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_picture_is_the_same_from_pillow_and_from_an_array(mode: str) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)).convert(mode)
    array = np.asarray(image)
    gray = np.asarray(image.convert("L"))
    small = np.asarray(image.resize((40, 30), Image.Resampling.BILINEAR, reducing_gap=2.0))
    for picture in (images.Picture(image), images.Picture(array), images.Picture(array[:, ::-1][:, ::-1])):
        assert picture.size == (90, 120)
        np.testing.assert_array_equal(picture.pixels, array)
        np.testing.assert_array_equal(picture.gray(7, 5, 60, 90), gray[5:90, 7:60])
        np.testing.assert_array_equal(picture.shrunk(40), small)
        np.testing.assert_array_equal(picture.shrunk(120), array)


def test_png_is_lossless() -> None:
    face = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    np.testing.assert_array_equal(images.decode(images.encode_png(face), "L"), face)


def test_scans_are_counted_up_to_the_end_of_the_image_only() -> None:
    picture = encoded(ramp("RGB").resize((64, 48)), "JPEG", progressive=True)
    last = picture.rindex(b"\xff\xda")
    many = picture[:-2] + picture[last:-2] * 300 + picture[-2:]
    for trailer in (b"\xff\xda" * 1000, many, b"\xff" * 2**18, np.random.default_rng(0).bytes(2**20)):
        np.testing.assert_array_equal(images.decode(picture + trailer), images.decode(picture))
    thumbnail = b"\xff\xe1" + (2 + 2000).to_bytes(2) + b"\xff\xda" * 1000  # a segment may hold any bytes
    np.testing.assert_array_equal(images.decode(picture[:2] + thumbnail + picture[2:]), images.decode(picture))
    np.testing.assert_array_equal(images.decode(picture[:-2] + b"\xff" * 2**18 + picture[-2:]), images.decode(picture))
    for refused in (many, many[:2] + thumbnail + many[2:], many[:-2], many.replace(b"\xff\xda", b"\xff\xff\xff\xda")):
        with pytest.raises(ImageError, match="more than 100 scans"):
            images.decode(refused)


@pytest.mark.parametrize("size", [(8192, 6144), (8160, 6144), (8688, 5792), (9504, 6336)])
def test_the_largest_cameras_are_taken(size: tuple[int, int]) -> None:
    assert size[0] * size[1] <= images.MAX_PIXELS
    with pytest.raises(ImageError, match="damaged"):  # not: too large
        images.decode(hostile.png_header(*size))
    with pytest.raises(ImageError, match="more than the 1,000,000 allowed"):
        images.decode(hostile.png_header(*size), max_pixels=1_000_000)
    with pytest.raises(ImageError, match="damaged"):
        images.decode(hostile.png_header(10_000, 8_000), max_pixels=80_000_000)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "z.jpg"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    with pytest.raises(ImageError, match=r"z\.jpg' is a (pipe, a socket or a device|folder), not a"):
        images.decode(path)


def test_a_pipe_that_comes_between_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, status = tmp_path / "z.jpg", Path(__file__).stat()
    os.mkfifo(path)
    monkeypatch.setattr(Path, "stat", lambda _: status)
    with pytest.raises(ImageError, match=r"z\.jpg' is empty"):
        images.decode(path)


@pytest.mark.parametrize("address", ["https://example.org/a.jpg", "s3://photos/a.jpg", "FILE://a.jpg"])
def test_an_address_is_no_file(address: str) -> None:
    with pytest.raises(ImageError, match=f"^'{address}' is a URL, not a file: download the picture first"):
        images.decode(address)


def test_channels_in_the_order_of_opencv() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (4, 5, 4), np.uint8)
    np.testing.assert_array_equal(images.as_photo(photo[:, :, 2::-1], colour="bgr"), photo[:, :, :3])
    clear = images.as_photo(photo)
    np.testing.assert_array_equal(images.as_photo(photo[:, :, [2, 1, 0, 3]], colour="bgr"), clear)
    with pytest.raises(ArgumentError, match="colour='gbr' doesn't fit: it must be one of rgb, bgr"):
        images.as_photo(photo, colour="gbr")  # type: ignore[arg-type] # the wrong order is the test


def test_a_file_that_grows_while_it_is_read_is_read_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "grown.png"
    path.write_bytes(images.encode_png(np.arange(64, dtype=np.uint8).reshape(8, 8)))
    short = os.stat_result((*path.stat()[:6], 10, *path.stat()[7:]))  # as it was before
    monkeypatch.setattr(Path, "stat", lambda self: short)
    assert images.decode(path, "L").tolist() == np.arange(64).reshape(8, 8).tolist()
