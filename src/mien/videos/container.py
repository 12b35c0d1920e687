"""Open a video container: a file, a webcam or a URL; select the video stream and get the declared duration."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mien.errors import VideoError
from mien.extras import needed

with needed("video"):
    import av
    from av.stream import Disposition

WEBCAMS = {"linux": ("v4l2", "/dev/video{}"), "darwin": ("avfoundation", "{}"), "win32": ("dshow", "video={}")}
"""Webcams of each system: FFmpeg's format, and the device name by number."""

STILLS = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
"""Picture streams that are not the video: a cover, thumbnails of chapters."""

TS_DISCONT = 0x0200
"""FFmpeg's flag of formats whose timestamps may restart (AVFMT_TS_DISCONT), such as MPEG-TS."""

LENIENT: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
"""Accept titles that are not UTF-8; from version 19 on, PyAV always does, and lacks the argument."""

INDEXED = {"mov", "matroska"}
"""Formats with a frame index: seeking is exact."""


def open_container(source: str, wait: float) -> Any:
    """Open a video for reading.

    Args:
        source: a file, a URL, or the number of a webcam. An existing file has priority over a URL.
        wait: timeout of a stream, in seconds.

    Raises:
        VideoError: there is no such file or stream, or it is not a video.
    """
    name, form, is_file = source, None, _exists(source)
    if source.isdigit() and not is_file:
        form, device = WEBCAMS.get(sys.platform, WEBCAMS["linux"])
        name = device.format(source)
    elif source.startswith("/dev/"):
        form = "v4l2" if source.startswith("/dev/video") else None
    elif is_file or "://" not in source:
        _check_file(source)
        name = local(source)
    try:
        # Without the option, FFmpeg takes '%' in a picture's name for the numbering pattern of a picture sequence.
        options = {"pattern_type": "none"} if is_file else {}
        return av.open(name, format=form, timeout=(wait, wait), options=options, **LENIENT)
    except (av.FFmpegError, OSError, ValueError) as error:
        if is_file and _lacks_index(Path(source)):
            reason = "it is truncated: the index at its end is missing"
            raise VideoError(f"'{source}' can't be opened as a video ({reason}): copy it again.") from None
        raise VideoError(f"'{source}' can't be opened as a video ({words(error)}): check the file.") from None


def local(path: str | Path) -> str:
    """A file name in a form in which FFmpeg takes no part, as in ``10:30.mp4``, for a protocol."""
    return f"file:{path}"


def film_stream(container: Any, source: str) -> Any:
    """The video stream: not a cover, and of several the one that FFmpeg prefers.

    Raises:
        VideoError: there is none, or it can't be decoded.
    """
    films = [stream for stream in container.streams.video if not stream.disposition & STILLS]
    if not films:
        kinds = {"a cover" if stream.type == "video" else stream.type for stream in container.streams}
        others = " and ".join(sorted(kinds, reverse=True)) or "no known streams"
        raise VideoError(
            f"'{source}' has no {'film' if 'a cover' in kinds else 'picture'}, only {others}: name a video."
        )
    best = container.streams.best("video")
    stream = next((film for film in films if best is not None and film.index == best.index), films[0])
    if stream.codec_context is None:
        raise VideoError(f"'{source}' is encoded in a way that FFmpeg can't decode: convert it, to H.264 for one.")
    return stream


def declared_end(container: Any, stream: Any) -> tuple[float | None, bool]:
    """The end of the video as declared in the file's header, in seconds of the file's own clock; None if not declared.

    For other formats FFmpeg estimates the duration from the data, which is right even for a truncated file.

    Returns:
        The time, and whether it is the time of this stream; otherwise it is that of the longest stream.
    """
    form = container.format.name.split(",")[0]
    length = container.duration / av.time_base if container.duration and container.duration > 0 else None
    if form == "mov" and stream.duration:
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base), True
    if form == "avi" and stream.frames and stream.average_rate:
        return float(stream.frames / stream.average_rate), True
    if form == "matroska" and length is not None:
        own = _seconds(stream.metadata.get("DURATION", ""))
        return (length, False) if own is None else (min(length, own), True)
    return (length, False) if form == "flv" else (None, False)


def is_seekable(container: Any) -> bool:
    """Whether the file can be seeked by time."""
    return container.format.name.split(",")[0] in INDEXED and container.duration is not None


def words(error: BaseException) -> str:
    """The error message of FFmpeg or the system."""
    return str(getattr(error, "strerror", None) or error) or type(error).__name__


def _exists(source: str) -> bool:
    try:
        return Path(source).exists()
    except OSError:  # a long URL exceeds the limit of file names
        return False


def _check_file(source: str) -> None:
    path = Path(source)
    if not _exists(source):
        raise VideoError(f"There is no video '{source}': check the path.")
    if path.is_dir():
        raise VideoError(f"'{source}' is a folder: name a video in it.")
    if path.is_file() and path.stat().st_size == 0:
        raise VideoError(f"'{source}' is empty (0 bytes): replace the file.")


def _lacks_index(path: Path) -> bool:
    """Whether this is an MP4 or MOV without its ``moov`` box, after an interrupted recording or copy."""
    if not path.is_file():
        return False
    size, begin = path.stat().st_size, 0
    found: set[bytes] = set()
    with path.open("rb") as file:
        while begin + 8 <= size and len(found) < 100:
            file.seek(begin)
            head = file.read(16)
            length, kind = int.from_bytes(head[:4], "big"), head[4:8]
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if not found and kind != b"ftyp":
                return False
            found.add(kind)
            if length < 8:
                break
            begin += length
    return bool(found) and b"moov" not in found


def _seconds(duration: str) -> float | None:
    """Parse Matroska's duration ``00:01:02.5``; None for other formats."""
    try:
        hours, minutes, seconds = duration.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return None
