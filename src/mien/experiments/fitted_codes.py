"""Codes of people, fitted to a study with clips: each gets its clip, its person and its class; what is left out is noted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from mien import emotions
from mien.errors import DataError
from mien.videos import design, study, study_folder
from mien.videos.blocks import ROUNDING
from mien.videos.coding import CodedSpan
from mien.videos.recordings import Recording
from mien.videos.study_folder import Settings

MANY, MOST = 100.0, 1.5
"""Codes are in milliseconds if they end after so many times the length of the clip, and a thousandth of that is at most so many times it."""

Kind = Literal["beyond", "unread", "late"]


@dataclass(frozen=True)
class CodeNote:
    """A remark on the codes of a clip.

    Attributes:
        kind: ``beyond``: codes, or their ends, after the end of the analysed time, which are left out; ``unread``: codes of a
            clip, or of a person in it, of whom no face was read, which are left out; ``late``: the first frame of the clip is later than
            the start of its file, from which the times in ELAN count, while those in tables count from the first frame.
        clip: its name.
        name: name of the coder, or of the person; empty for all persons of the clip.
        seconds: how long.
    """

    kind: Kind
    clip: str
    name: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class FittedCodes:
    """The codes of a study.

    Attributes:
        pairs: each coded person in each clip with the codes, whose labels are ``classes``.
        classes: the labels, those of the model first.
        lacking: the labels that the model lacks.
        named: the class of each label as it was written.
        notes: remarks, clip by clip.
    """

    pairs: tuple[tuple[Recording, tuple[CodedSpan, ...]], ...]
    classes: tuple[str, ...]
    lacking: tuple[str, ...]
    named: Mapping[str, str]
    notes: tuple[CodeNote, ...]

    @property
    def renamed(self) -> tuple[tuple[str, str], ...]:
        """Pairs of a label and the class as which it counts, where these are different words."""
        return tuple((label, name) for label, name in self.named.items() if label.casefold() != name.casefold())


def fit(folder: Path, spans: Sequence[CodedSpan], further: Iterable[str] = ()) -> FittedCodes:
    """Fit codes to the study in a folder; ``further`` has labels beside theirs.

    Raises:
        DataError: the folder has no study, a code names a clip or person that is not there or its clip in a way that fits several,
            names no person where there are several, or has a time in milliseconds; or no code is of a person who was read.
    """
    settings = study_folder.read_settings(folder)
    spans = [replace(span, clip=_clip_of(span, settings)) for span in spans]
    pairs: list[tuple[Recording, list[CodedSpan]]] = []
    notes: list[CodeNote] = []
    for clip in (clip for clip in settings.clips if any(span.clip == clip for span in spans)):
        record = study_folder.record_of(folder, clip)
        offset = 0.0 if record is None else record.offset
        own = [_from_first_frame(span, offset) for span in spans if span.clip == clip]
        recordings = list(study.recordings_of(folder, replace(settings, clips=(clip,))))
        found = list(_by_person(clip, recordings, own))
        pairs += [pair for pair in found if pair[0].readable.any()]
        notes += _notes(clip, recordings, own, found, settings)
        if offset > ROUNDING:
            notes.append(CodeNote("late", clip, seconds=offset))
    if not pairs:
        raise DataError("The codes are of no person whose face was read in these clips.")
    known = pairs[0][0].classes
    named = names_of([*(span.label for span in spans), *further], known)
    lacking = emotions.in_order(set(named.values()) - set(known))
    fitted = tuple((one, tuple(replace(span, label=named[span.label]) for span in own)) for one, own in pairs)
    return FittedCodes(fitted, (*known, *lacking), lacking, named, tuple(notes))


def names_of(labels: Iterable[str], classes: Sequence[str]) -> dict[str, str]:
    """Each label with the class that it means.

    That is the class of the same name, or of the same name in other case, or the one that mien gives the expression (``joy`` is
    ``happy``). Labels that fit no class are joined in the same way.
    """
    found: dict[str, str] = {}
    for label in dict.fromkeys(labels):
        there = (*classes, *found.values())
        by_case = {name.casefold(): name for name in reversed(there)}
        known = emotions.canonical(label)
        found[label] = label if label in there else by_case.get(label.casefold()) or known or label
    return found


def _clip_of(span: CodedSpan, settings: Settings) -> str:
    return (design.clip_at if span.of_file else design.clip_named)(span.clip, settings.clips)


def _from_first_frame(span: CodedSpan, offset: float) -> CodedSpan:
    """The span in seconds since the first frame."""
    return replace(span, start=max(0.0, span.start - offset), end=span.end - offset) if span.of_file else span


def _by_person(
    clip: str, recordings: Sequence[Recording], spans: Sequence[CodedSpan]
) -> Iterator[tuple[Recording, list[CodedSpan]]]:
    """The persons in a clip who have codes, with these; none if nobody was read."""
    readable = [one for one in recordings if one.readable.any()]
    if not readable:
        return
    persons = [one.person for one in recordings]
    if len(readable) > 1 and any(not span.person for span in spans):
        raise DataError(
            f"The clip '{clip}' shows several persons ({', '.join(persons[:3])}): add a column person to the codes, or "
            "read the clips with --people 1."
        )
    for span in spans:
        if span.person and span.person not in persons:
            raise DataError(
                f"The codes name the person '{span.person}' in '{clip}', but the study has {', '.join(persons[:5])} there."
            )
    for one in recordings:
        names = ("", one.person) if one in readable else (one.person,)
        if own := [span for span in spans if span.person in names and span.end > 0]:
            yield one, own


def _notes(
    clip: str,
    recordings: Sequence[Recording],
    spans: Sequence[CodedSpan],
    found: Sequence[tuple[Recording, Sequence[CodedSpan]]],
    settings: Settings,
) -> Iterator[CodeNote]:
    """The remarks on the codes of a clip; refuse those in milliseconds."""
    if not found:
        yield CodeNote("unread", clip)
        return
    yield from (CodeNote("unread", clip, one.person) for one, _ in found if not one.readable.any())
    end, last = recordings[0].end, max(span.end for span in spans)
    if settings.reading.end is None and last > MANY * end and last / 1000 <= MOST * end:
        raise DataError(
            f"The codes of '{clip}' end at {last:g} s, but the clip at {end:.1f} s: write seconds, not milliseconds."
        )
    for coder in dict.fromkeys(span.coder for span in spans):
        over = sum(max(0.0, span.end - max(span.start, end)) for span in spans if span.coder == coder)
        if over > ROUNDING:
            yield CodeNote("beyond", clip, coder, round(over, 3))
