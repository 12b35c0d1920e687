"""Times of packets and frames."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import scenes
from gray_clips import grays, seen
from mien.videos import timestamps


@pytest.mark.parametrize("ending", ["ts", "mpg"])
def test_joined_streams_go_on_in_time(tmp_path: Path, ending: str) -> None:
    codec, sound = ("mpeg2video", "mp2") if ending == "mpg" else ("libx264", "aac")
    piece = scenes.clip(tmp_path / f"piece.{ending}", grays(40, 320, 240), sound=sound, codec=codec)
    joined = tmp_path / f"joined.{ending}"
    joined.write_bytes(piece.read_bytes() * 3)
    frames = seen(joined)
    assert [number for number, _ in frames] == list(range(40)) * 3
    alone = np.array([time for _, time in seen(piece)])
    expected = np.concatenate([alone, alone + 1.6, alone + 3.2])
    np.testing.assert_allclose([time for _, time in frames], expected, atol=3e-3)
    wanted = [frame for frame in frames if 2 <= frame[1] < 2.4]
    assert seen(joined, start=2, end=2.4) == wanted


@dataclass
class Packet:
    """As much of a packet as a clock needs; times in ms."""

    index: int
    dts: int | None
    pts: int | None = None
    duration: int = 40
    time_base: Fraction | None = Fraction(1, 1000)

    @property
    def stream(self) -> SimpleNamespace:
        return SimpleNamespace(index=self.index)


FILM, SOUND = 0, 1


def corrected(packets: list[Packet], may_jump: bool = False) -> list[tuple[int, int | None, int | None]]:
    clock = timestamps.ContinuousClock(FILM, may_jump)
    return [(packet.index, packet.dts, packet.pts) for packet in clock.corrected(packets)]


def test_times_that_only_grow_stay_as_they_are() -> None:
    packets = [
        Packet(FILM, 0, 0),
        Packet(FILM, 40, 80),
        Packet(FILM, 80, 40),
        Packet(FILM, 60_000, 60_000),
        Packet(FILM, None),
    ]
    assert corrected([replace(packet) for packet in packets]) == [(one.index, one.dts, one.pts) for one in packets]


def test_a_clock_that_begins_anew_goes_on_where_the_film_ended() -> None:
    found = corrected(
        [Packet(FILM, 1000, 1000), Packet(FILM, 1040, 1040), Packet(FILM, 500, 500), Packet(FILM, 540, 540)]
    )
    assert [dts for _, dts, _ in found] == [1000, 1040, 1080, 1120]
    assert [pts for _, _, pts in found] == [1000, 1040, 1080, 1120]


@pytest.mark.parametrize(("may_jump", "third"), [(False, 60_000), (True, 80)])
def test_a_leap_ahead_is_a_pause_unless_clocks_may_jump(may_jump: bool, third: int) -> None:
    found = corrected([Packet(FILM, 0), Packet(FILM, 40), Packet(FILM, 60_000)], may_jump)
    assert found[-1][1] == third


def test_sound_that_is_first_at_a_new_clock_waits_for_the_film_and_moves_with_it() -> None:
    packets = [
        Packet(FILM, 1000), Packet(SOUND, 1000), Packet(FILM, 1040), Packet(SOUND, 0), Packet(SOUND, 40), Packet(FILM, 0), Packet(FILM, 40),
    ]  # fmt: skip
    found = corrected(packets)
    assert [index for index, _, _ in found] == [FILM, SOUND, FILM, FILM, SOUND, SOUND, FILM]
    assert [dts for index, dts, _ in found if index == FILM] == [1000, 1040, 1080, 1120]
    assert [dts for index, dts, _ in found if index == SOUND] == [1000, 1080, 1120]


def test_sound_waits_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timestamps, "MAX_HELD", 2)
    packets = [Packet(FILM, 1000), Packet(SOUND, 1000), Packet(SOUND, 0), Packet(SOUND, 40), Packet(SOUND, 80)]
    assert len(corrected(packets)) == 5


def test_a_frame_has_the_time_that_went_back_less_often() -> None:
    def times(*pairs: tuple[int | None, int | None]) -> list[float | None]:
        of = timestamps.FrameTimes()
        return [of.of(SimpleNamespace(pts=pts, dts=dts, time_base=Fraction(1, 10))) for pts, dts in pairs]

    assert times((0, 5), (1, 6), (2, 7)) == [0.0, 0.1, 0.2]
    assert times((0, 5), (0, 6), (0, 7)) == [0.0, 0.6, 0.7]  # presentation times that stand still
    assert times((None, 5), (None, None)) == [0.5, None]


def test_a_packet_ends_after_its_duration() -> None:
    assert timestamps.end_of(Packet(FILM, 1000, 2000)) == 2.04
    assert timestamps.end_of(Packet(FILM, 1000, None, duration=0)) == 1.0
