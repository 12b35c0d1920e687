"""Correct the times of packets and frames: timestamps that restart, and frames without a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

BACK = 0.1
"""Backward jump in seconds that counts as a restart; decoding times only increase otherwise."""

AHEAD = 10.0
"""Forward jump in seconds that counts as a restart, in formats whose timestamps may restart; the value of FFmpeg's own tools."""

MAX_HELD = 200
"""Maximum number of audio packets that wait for the video at a restart."""


@dataclass
class _Stream:
    """State of a stream: the number of its current piece, the last decoding time, and the end of its last packet."""

    piece: int = 0
    last: float | None = None
    end: float = 0.0


@dataclass(frozen=True)
class _Piece:
    """A part with one clock: its first time, and the offset added to its times."""

    begin: float
    offset: float


class ContinuousClock:
    """Change the times of packets so that they continue where recordings with separate clocks were joined.

    The video stream sets the offset: its first frame of a new piece follows its last one, and the audio gets the same offset.

    Args:
        film: index of the video stream.
        may_jump: whether a forward jump is a restart too, not a pause.
    """

    def __init__(self, film: int, may_jump: bool) -> None:
        self.film = film
        self.may_jump = may_jump
        self._streams: dict[int, _Stream] = {}
        self._pieces = [_Piece(0.0, 0.0)]

    def corrected(self, packets: Iterable[Any]) -> Iterator[Any]:
        """The packets with corrected times; audio packets that reach a restart before the video wait for it."""
        held: list[Any] = []
        for packet in packets:
            if packet.stream.index != self.film and (held or self._leads(packet)):
                held.append(packet)
                if len(held) < MAX_HELD:
                    continue
            else:
                num = len(self._pieces)
                yield self._correct(packet)
                if not held or (packet.dts is not None and len(self._pieces) == num):
                    continue
            yield from map(self._correct, held)
            held.clear()
        yield from map(self._correct, held)

    def _leads(self, packet: Any) -> bool:
        """Whether a packet is the first one after a restart."""
        stream = self._streams.get(packet.stream.index)
        return stream is not None and self._joins(packet, stream) and self._piece_of(packet, stream) is None

    def _joins(self, packet: Any, stream: _Stream) -> bool:
        if packet.dts is None or stream.last is None:
            return False
        step = float(packet.dts * packet.time_base) - stream.last
        return step < -BACK or (self.may_jump and step > AHEAD)

    def _piece_of(self, packet: Any, stream: _Stream) -> int | None:
        """The newest piece, if another stream reached it first."""
        newest = len(self._pieces) - 1
        is_near = abs(float(packet.dts * packet.time_base) - self._pieces[newest].begin) < AHEAD
        return newest if is_near and stream.piece < newest else None

    def _correct(self, packet: Any) -> Any:
        begin = packet.pts if packet.pts is not None else packet.dts
        if packet.time_base is None or begin is None:
            return packet
        stream = self._streams.setdefault(packet.stream.index, _Stream())
        if self._joins(packet, stream):
            piece = self._piece_of(packet, stream)
            if piece is None:
                piece = len(self._pieces)
                time = float(begin * packet.time_base)
                self._pieces.append(_Piece(time, stream.end - time))
            stream.piece = piece
        if packet.dts is not None:
            stream.last = float(packet.dts * packet.time_base)
        shift = round(self._pieces[stream.piece].offset / packet.time_base)
        if shift:
            packet.pts = packet.pts + shift if packet.pts is not None else None
            packet.dts = packet.dts + shift if packet.dts is not None else None
        stream.end = max(stream.end, end_of(packet))
        return packet


class FrameTimes:
    """Choose between a frame's presentation and decoding time as FFmpeg does: the one that went backwards less often.

    Some containers, such as AVI, have no presentation times, and FFmpeg assigns those of other frames.
    """

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._num_faulty = {"pts": 0, "dts": 0}

    def of(self, frame: Any) -> float | None:
        """The time in seconds of the file's clock, or None if there is none."""
        for kind in ("pts", "dts"):
            value = getattr(frame, kind)
            if value is not None:
                self._num_faulty[kind] += value <= self._last.get(kind, value - 1)
                self._last[kind] = value
        by_pts = frame.pts is not None and self._num_faulty["pts"] <= self._num_faulty["dts"]
        value = frame.pts if by_pts else frame.dts
        return None if value is None or frame.time_base is None else float(value * frame.time_base)


def end_of(packet: Any) -> float:
    """The end of a packet's frame, in seconds of the file's clock."""
    begin = packet.pts if packet.pts is not None else packet.dts
    return float((begin + (packet.duration or 0)) * packet.time_base)
