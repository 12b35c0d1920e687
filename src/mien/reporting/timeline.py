"""The timeline of one person in one clip as inline SVG: a row for each expression, with its probability and its episodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mien import palette
from mien.reporting.texts import Texts
from mien.videos.analysis import clock
from mien.videos.study import PersonInClip, Trace
from mien.videos.thumbnails import Place

WIDTH, LEFT, RIGHT, ROW, TOP, BAND, AXIS = 720, 104, 696, 26, 6, 20, 24
"""Sizes in units of the drawing: width, left and right end of the time axis, height of a row, space above, that of blocks, and that
of the time axis below."""

STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
"""Seconds between two ticks of the axis."""


FACE = 46
"""Side of a face below the time axis."""


@dataclass(frozen=True)
class Film:
    """A clip that the page can play.

    Attributes:
        address: from the page.
        id: of the element that plays it.
        offset: time of the first frame in seconds from the start of the file, from which the element counts.
    """

    address: str
    id: str
    offset: float


def timeline(
    results: Sequence[PersonInClip],
    classes: Sequence[str],
    t: Texts,
    *,
    blocks: bool = False,
    faces: Mapping[Place, str] = MappingProxyType({}),
    film: Film | None = None,
) -> str:
    """Draw one person in one clip.

    Args:
        results: the results of the person in the clip, or in each of its blocks.
        classes: the K expressions.
        t: the texts of the page.
        blocks: whether the results are of blocks, whose conditions are written above.
        faces: pictures of faces as data URLs, which are drawn below their time.
        film: the clip, if the page can play it.
    """
    summary, last = results[0].summary, end_of(results)
    top = TOP + BAND * blocks
    bottom = top + ROW * len(classes)
    parts: list[str] = []
    for result in results:
        trace = result.trace
        parts += _blocks(result, last, bottom) if blocks else []
        parts += [
            f'<rect x="{_x(start, last)}" y="{top}" width="{_width(start, end, last)}" height="{bottom - top}" '
            f'fill="var(--rule)" opacity=".45"><title>{escape(t("video_study.not_read"))}</title></rect>'
            for start, end in _unread(trace.times, trace.probabilities, trace.end)
        ]
    for number, name in enumerate(classes):
        foot = top + ROW * (number + 1) - 4
        parts.append(
            f'<text x="{LEFT - 10}" y="{foot}" text-anchor="end" font-size="15">{escape(t.named(name))}</text>'
        )
        parts.append(f'<path d="M{LEFT} {foot}H{RIGHT}" stroke="var(--rule)"/>')
        for result in results:
            parts += _expression(result, number, classes, foot, last, t)
    parts += _axis(last, bottom)
    shown = [place for result in results for place in result.places if place in faces]
    parts += _faces(shown, faces, last, bottom + AXIS)
    label = t("video_study.timeline_label", person=summary.person, clip=summary.clip)
    height = bottom + AXIS + (FACE + 4) * bool(shown)
    seeks = ""
    if film is not None:
        axis = f"{LEFT} {RIGHT} {round(last, 3)} {top} {bottom}"
        seeks = f' data-film="{film.id}" data-axis="{axis}" data-offset="{film.offset}"'
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}"{seeks}>{"".join(parts)}</svg>'


def _faces(places: Sequence[Place], faces: Mapping[Place, str], last: float, top: float) -> Iterator[str]:
    """The pictures of faces, each centred below its time where there is room."""
    free = float(LEFT) - FACE
    for place in places:
        x = round(min(max(_x(place.time, last) - FACE / 2, free), WIDTH - FACE), 1)
        if x > _x(place.time, last):
            continue  # no room
        free = x + FACE + 2
        yield (
            f'<image x="{x}" y="{top}" width="{FACE}" height="{FACE}" href="{faces[place]}">'
            f"<title>{clock(place.time)}</title></image>"
        )


def end_of(results: Sequence[PersonInClip]) -> float:
    """The time at the right end of the timeline, in seconds; the left end is 0."""
    ends = (one.end for result in results for one in result.episodes)
    return max([1e-3, *(result.trace.end for result in results), *ends])


def _blocks(result: PersonInClip, last: float, bottom: float) -> Iterator[str]:
    """The borders of a block, and its condition above."""
    start, end = _x(result.summary.start, last), _x(result.summary.end, last)
    for x in (start, end):
        yield f'<path d="M{x} {TOP}V{bottom}" stroke="var(--muted)" stroke-dasharray="3 3"/>'
    if end > start:
        room = max(1, int((end - start) / 8))
        name = result.summary.condition
        short = name if len(name) <= room else name[: room - 1] + "…"
        yield f'<text x="{round((start + end) / 2, 1)}" y="{TOP + 13}" text-anchor="middle" font-size="15">{escape(short)}</text>'


def _expression(
    result: PersonInClip, number: int, classes: Sequence[str], foot: float, last: float, t: Texts
) -> Iterator[str]:
    """The probability of one expression and its episodes, on the line at ``foot``."""
    name, trace = classes[number], result.trace
    colour = palette.on_page(palette.colour(name, classes))
    yield from _areas(trace, number, last, foot, colour)
    for one in result.episodes:
        if one.expression == name:
            told = escape(_told(one.start, one.end, one.mean, name, t))
            width = max(1.5, _width(one.start, one.end, last))
            yield (
                f'<rect x="{_x(one.start, last)}" y="{foot - 1.5}" width="{width}" height="4" fill="{colour}">'
                f"<title>{told}</title></rect>"
            )


def _told(start: float, end: float, mean: float, name: str, t: Texts) -> str:
    return t(
        "video_study.episode", name=t.named(name), start=clock(start), end=clock(end), seconds=end - start, mean=mean
    )


def _x(time: float, last: float) -> float:
    return round(LEFT + (RIGHT - LEFT) * time / last, 1)


def _width(start: float, end: float, last: float) -> float:
    return round(_x(end, last) - _x(start, last), 1)


def _stretches(holds: NDArray[np.bool_]) -> Iterator[NDArray[np.intp]]:
    """The runs of positions where something holds."""
    places = np.flatnonzero(holds)
    yield from (run for run in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if len(run))


def _end(times: NDArray[np.float64], place: int, last: float) -> float:
    return float(times[place + 1]) if place + 1 < len(times) else last


def _unread(times: NDArray[np.float64], rows: NDArray[np.float64], last: float) -> Iterator[tuple[float, float]]:
    for run in _stretches(np.asarray(np.isnan(rows).any(1))):
        yield float(times[run[0]]), _end(times, int(run[-1]), last)


def _areas(trace: Trace, number: int, last: float, foot: float, colour: str) -> Iterator[str]:
    """The probability over time, as steps."""
    times, values = trace.times, trace.probabilities[:, number]
    for run in _stretches(~np.isnan(values)):
        steps = [
            f"V{round(foot - (ROW - 7) * float(values[place]), 1)}H{_x(_end(times, place, trace.end), last)}"
            for place in run.tolist()
        ]
        yield f'<path d="M{_x(float(times[run[0]]), last)} {foot}{"".join(steps)}V{foot}z" fill="{colour}" opacity=".55"/>'


def _axis(last: float, bottom: float) -> Iterator[str]:
    step = next((step for step in STEPS if last / step <= 8), 7200)
    for number in range(int(last / step) + 1):
        x = _x(number * step, last)
        yield f'<path d="M{x} {bottom}v5" stroke="var(--muted)"/>'
        yield f'<text x="{x}" y="{bottom + 20}" text-anchor="middle" font-size="15">{clock(number * step)}</text>'
