"""Recordings as figures: episodes, transitions, and summaries by person, clip and condition.

The texts of the fields are the codebook of the tables.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from mien.checks import Between, check_fields
from mien.errors import ArgumentError
from mien.videos.recordings import Recording

NEGATIVE = ("angry", "disgust", "fear", "sad")
"""The expressions that the valence index subtracts from ``happy``."""


@dataclass(frozen=True, kw_only=True)
class EpisodeRule:
    """When an expression is an episode.

    Attributes:
        threshold: minimum probability of the most probable expression.
        shortest: minimum duration in seconds.
        gap: two episodes of one expression with at most so many seconds between them are one.

    Raises:
        ArgumentError: a value has the wrong type or is out of range.
    """

    threshold: Annotated[float, Between(0, 1)] = 0.5
    shortest: Annotated[float, Between(0, 3600)] = 0.4
    gap: Annotated[float, Between(0, 3600)] = 0.3

    def __post_init__(self) -> None:
        check_fields(self, ArgumentError)
        if self.gap > self.shortest:
            raise ArgumentError(
                f"The gap within an episode ({self.gap:g} s) must not be longer than the shortest episode ({self.shortest:g} s)."
            )


@dataclass(frozen=True)
class Episode:
    """A span of time in which a person shows one expression."""

    person: Annotated[str, "person"]
    clip: Annotated[str, "clip"]
    condition: Annotated[str, "condition of the clip or block; empty without --conditions"]
    expression: Annotated[str, "expression that is the most probable one, with at least the threshold's probability"]
    start: Annotated[float, "start, in seconds of the clip"]
    end: Annotated[float, "end, in seconds of the clip"]
    mean: Annotated[float, "mean probability of the expression in the episode, weighted by time"]
    peak: Annotated[float, "highest probability of the expression in the episode"]
    peak_time: Annotated[float, "time of the highest probability, in seconds of the clip"]

    @property
    def seconds(self) -> float:
        """Its duration."""
        return self.end - self.start


@dataclass(frozen=True)
class Transition:
    """How often one episode follows another."""

    person: Annotated[str, "person"]
    clip: Annotated[str, "clip"]
    condition: Annotated[str, "condition of the clip or block"]
    start: Annotated[float, "start of the block (without blocks: of the analysed time), in seconds of the clip"]
    before: Annotated[str, "expression of an episode"]
    after: Annotated[str, "expression of the person's next episode in the clip"]
    count: Annotated[int, "number of times that the one followed the other"]


@dataclass(frozen=True)
class ClipSummary:
    """How much of one person could be read in one clip, and the valence index."""

    person: Annotated[str, "person"]
    clip: Annotated[str, "clip"]
    condition: Annotated[str, "condition of the clip or block"]
    start: Annotated[float, "start of the block (without blocks: of the analysed time), in seconds of the clip"]
    end: Annotated[float, "end of the block (without blocks: of the analysed time), in seconds of the clip"]
    seconds: Annotated[float, "analysed time of the clip or block without the baseline, in seconds"]
    readable_seconds: Annotated[float, "time in which the person's face was read, in seconds"]
    readable_share: Annotated[float, "readable_seconds / seconds, 0 to 1"]
    no_face: Annotated[float, "share of time without a face of the person, 0 to 1"]
    too_small: Annotated[float, "share of time in which the face was too small to be read, 0 to 1"]
    too_blurred: Annotated[float, "share of time in which the face was too blurred to be read, 0 to 1"]
    turned_away: Annotated[float, "share of time in which the head was turned away too far to be read, 0 to 1"]
    valence_index: Annotated[
        float | None,
        "mean over readable time of P(happy) - [P(angry) + P(disgust) + P(fear) + P(sad)], -1 to 1; an index of the face, "
        "not a measurement of feeling; empty if the model lacks one of these",
    ]
    valence_baseline: Annotated[float | None, "the same in the person's baseline; empty without --baseline"]
    valence_deviation: Annotated[float | None, "valence_index - valence_baseline"]


@dataclass(frozen=True)
class ExpressionSummary:
    """One expression of one person in one clip."""

    person: Annotated[str, "person"]
    clip: Annotated[str, "clip"]
    condition: Annotated[str, "condition of the clip or block"]
    start: Annotated[float, "start of the block (without blocks: of the analysed time), in seconds of the clip"]
    end: Annotated[float, "end of the block (without blocks: of the analysed time), in seconds of the clip"]
    expression: Annotated[str, "expression"]
    mean_probability: Annotated[float | None, "mean probability over readable time, 0 to 1"]
    baseline_probability: Annotated[float | None, "the same in the person's baseline; empty without --baseline"]
    deviation: Annotated[float | None, "mean_probability - baseline_probability"]
    share_of_time: Annotated[float | None, "share of readable time in which it is the most probable expression, 0 to 1"]
    episodes: Annotated[int, "number of episodes"]
    episode_seconds: Annotated[float | None, "mean duration of the episodes, in seconds; empty without episodes"]
    peak: Annotated[float | None, "highest probability in an episode; empty without episodes"]
    latency: Annotated[
        float | None,
        "seconds from the start of the clip (after a baseline at the start) or block to the first episode; empty without "
        "episodes",
    ]


@dataclass(frozen=True)
class GroupSummary:
    """One expression of one person in all clips, or in one condition over persons, each of whom counts once."""

    group: Annotated[str, "name of the person or of the condition"]
    expression: Annotated[str, "expression"]
    persons: Annotated[int, "number of persons with readable time"]
    clips: Annotated[int, "number of clips with readable time"]
    mean_probability: Annotated[
        float | None,
        "mean over persons of each person's mean probability (over the readable time of all the person's clips)",
    ]
    sd_probability: Annotated[float | None, "standard deviation over persons (n - 1); empty with one person"]
    deviation: Annotated[float | None, "mean over persons of the deviation from the baseline"]
    share_of_time: Annotated[float | None, "mean over persons of the share of readable time"]
    episodes_per_minute: Annotated[
        float | None, "mean over persons of the number of episodes per minute of readable time"
    ]
    episode_seconds: Annotated[float | None, "mean over persons of the mean duration of their episodes, in seconds"]
    peak: Annotated[float | None, "mean over persons of their highest probability in an episode"]
    latency: Annotated[
        float | None, "mean over persons of their mean latency, in seconds; without clips that lack episodes"
    ]


@dataclass(frozen=True, eq=False)
class Baseline:
    """A person's mean probabilities ``(K,)`` in the baseline."""

    probabilities: NDArray[np.float64]


def mean_probabilities(recording: Recording) -> NDArray[np.float64] | None:
    """Mean over the readable time ``(K,)``, weighted by time; None if there is none."""
    read = recording.readable
    if not recording.spans[read].sum() > 0:
        return None
    return np.asarray(np.average(recording.probabilities[read], axis=0, weights=recording.spans[read]), np.float64)


def valence(probabilities: NDArray[np.float64] | None, classes: Sequence[str]) -> float | None:
    """The valence index of probabilities ``(K,)``; None if they or one of the five expressions are missing."""
    if probabilities is None or not {"happy", *NEGATIVE} <= set(classes):
        return None
    of = dict(zip(classes, probabilities.tolist(), strict=True))
    return float(of["happy"] - sum(of[name] for name in NEGATIVE))


def episodes(recording: Recording, rule: EpisodeRule) -> list[Episode]:
    """The episodes of a recording, by start.

    A frame shows its most probable expression if that has ``rule.threshold``. Runs of frames that show one expression are
    joined over at most ``rule.gap`` seconds; those of at least ``rule.shortest`` seconds are episodes. A frame lasts until the
    next one.
    """
    shown = _shown(recording, rule.threshold)
    ends = recording.times + recording.spans
    found = []
    for number, name in enumerate(recording.classes):
        runs: list[tuple[int, int]] = []
        for first, last in _runs(shown == number, recording.times, ends):
            if runs and recording.times[first] - ends[runs[-1][1]] <= rule.gap + 1e-6:
                runs[-1] = runs[-1][0], last
            else:
                runs.append((first, last))
        long = [run for run in runs if ends[run[1]] - recording.times[run[0]] >= rule.shortest - 1e-6]
        found += [_episode(recording, number, name, first, last) for first, last in long]
    return sorted(found, key=lambda episode: episode.start)


def _shown(recording: Recording, threshold: float) -> NDArray[np.intp]:
    """The expression that each frame shows ``(F,)``; -1 for none."""
    rows = np.nan_to_num(recording.probabilities)
    best = rows.argmax(1)
    return np.where(recording.readable & (rows.max(1) >= threshold), best, -1)


def _runs(holds: NDArray[np.bool_], times: NDArray[np.float64], ends: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """First and last frame of each run of frames, without pauses of the film inside."""
    frames = np.flatnonzero(holds)
    breaks = (np.diff(frames) > 1) | (times[frames[1:]] - ends[frames[:-1]] > 1e-3)
    for run in np.split(frames, np.flatnonzero(breaks) + 1):
        if len(run):
            yield int(run[0]), int(run[-1])


def _episode(recording: Recording, number: int, name: str, first: int, last: int) -> Episode:
    part = slice(first, last + 1)
    read, spans = recording.readable[part], recording.spans[part]
    values = recording.probabilities[part, number]
    best = int(np.nanargmax(values))
    return Episode(
        person=recording.person,
        clip=recording.clip,
        condition=recording.condition,
        expression=name,
        start=round(float(recording.times[first]), 3),
        end=round(float(recording.times[last] + recording.spans[last]), 3),
        mean=_rounded(np.average(values[read], weights=spans[read])) or 0.0,
        peak=_rounded(values[best]) or 0.0,
        peak_time=round(float(recording.times[first + best]), 3),
    )


def transitions(recording: Recording, found: Sequence[Episode]) -> list[Transition]:
    """How often each expression follows another in the episodes of one recording, most frequent first."""
    pairs = Counter((before.expression, after.expression) for before, after in itertools.pairwise(found))
    head = recording.person, recording.clip, recording.condition, round(recording.start, 3)
    return [Transition(*head, before, after, count) for (before, after), count in pairs.most_common()]


def summarise_clip(recording: Recording, baseline: Baseline | None = None) -> ClipSummary:
    """The summary of one person in one clip."""
    seconds = float(recording.spans.sum())
    readable = float(recording.spans[recording.readable].sum())
    index = valence(mean_probabilities(recording), recording.classes)
    at_rest = None if baseline is None else valence(baseline.probabilities, recording.classes)

    def share(reason: str) -> float:
        return round(float(recording.spans[recording.reasons == reason].sum()) / seconds, 4) if seconds else 0.0

    return ClipSummary(
        person=recording.person,
        clip=recording.clip,
        condition=recording.condition,
        start=round(recording.start, 3),
        end=round(recording.end, 3),
        seconds=round(seconds, 3),
        readable_seconds=round(readable, 3),
        readable_share=round(readable / seconds, 4) if seconds else 0.0,
        no_face=share("no_face"),
        too_small=share("too_small"),
        too_blurred=share("too_blurred"),
        turned_away=share("turned_away"),
        valence_index=_rounded(index),
        valence_baseline=_rounded(at_rest),
        valence_deviation=_difference(index, at_rest),
    )


def summarise_expressions(
    recording: Recording, found: Sequence[Episode], baseline: Baseline | None = None
) -> list[ExpressionSummary]:
    """The summary of each expression of one person in one clip; ``found`` has the episodes of the recording."""
    means, read = mean_probabilities(recording), recording.readable
    best = np.nan_to_num(recording.probabilities).argmax(1)
    total = float(recording.spans[read].sum())
    summaries = []
    for number, name in enumerate(recording.classes):
        own = [episode for episode in found if episode.expression == name]
        mean = None if means is None else float(means[number])
        at_rest = None if baseline is None else float(baseline.probabilities[number])
        of_time = float(recording.spans[read & (best == number)].sum()) / total if total else None
        summaries.append(
            ExpressionSummary(
                person=recording.person,
                clip=recording.clip,
                condition=recording.condition,
                start=round(recording.start, 3),
                end=round(recording.end, 3),
                expression=name,
                mean_probability=_rounded(mean),
                baseline_probability=_rounded(at_rest),
                deviation=_difference(mean, at_rest),
                share_of_time=_rounded(of_time),
                episodes=len(own),
                episode_seconds=_mean([episode.seconds for episode in own]),
                peak=max((episode.peak for episode in own), default=None),
                latency=max(0.0, round(own[0].start - recording.start, 3)) if own else None,
            )
        )
    return summaries


def summarise_groups(
    summaries: Sequence[tuple[ClipSummary, Sequence[ExpressionSummary]]], by: str
) -> list[GroupSummary]:
    """The summaries of persons or conditions.

    Args:
        summaries: those of each recording.
        by: ``"person"`` or ``"condition"``.
    """
    read = [(clip, rows) for clip, rows in summaries if clip.readable_seconds > 0]
    names = dict.fromkeys(getattr(clip, by) for clip, _ in read)
    found = []
    for name in names:
        of_group = [(clip, rows) for clip, rows in read if getattr(clip, by) == name]
        columns = zip(*(rows for _, rows in of_group), strict=True)  # one for each expression
        clips = [clip for clip, _ in of_group]
        found += [_group(name, list(zip(clips, rows, strict=True))) for rows in columns]
    return found


def _group(name: str, pairs: Sequence[tuple[ClipSummary, ExpressionSummary]]) -> GroupSummary:
    """One expression in one group: first the means of each person over clips, then those over persons."""
    persons = dict.fromkeys(clip.person for clip, _ in pairs)
    own = [_Person([pair for pair in pairs if pair[0].person == person]) for person in persons]
    means = [value for value in (one.weighted("mean_probability") for one in own) if value is not None]
    return GroupSummary(
        group=name,
        expression=pairs[0][1].expression,
        persons=len(persons),
        clips=len({clip.clip for clip, _ in pairs}),
        mean_probability=_mean(means),
        sd_probability=_rounded(float(np.std(means, ddof=1))) if len(means) > 1 else None,
        deviation=_mean(one.weighted("deviation") for one in own),
        share_of_time=_mean(one.weighted("share_of_time") for one in own),
        episodes_per_minute=_mean(one.per_minute for one in own),
        episode_seconds=_mean(one.episode_seconds for one in own),
        peak=_mean(max((row.peak for _, row in one.pairs if row.peak is not None), default=None) for one in own),
        latency=_mean(_mean(row.latency for _, row in one.pairs) for one in own),
    )


@dataclass(frozen=True)
class _Person:
    """One expression of one person in several clips."""

    pairs: Sequence[tuple[ClipSummary, ExpressionSummary]]

    def weighted(self, field: str) -> float | None:
        """The mean of a field over readable time."""
        known = [(getattr(row, field), clip.readable_seconds) for clip, row in self.pairs]
        known = [(value, seconds) for value, seconds in known if value is not None]
        total = sum(seconds for _, seconds in known)
        return sum(value * seconds for value, seconds in known) / total if known else None

    @property
    def per_minute(self) -> float:
        """Episodes per minute of readable time."""
        return 60 * sum(row.episodes for _, row in self.pairs) / sum(clip.readable_seconds for clip, _ in self.pairs)

    @property
    def episode_seconds(self) -> float | None:
        """Mean duration of the episodes."""
        total = sum(row.episodes * (row.episode_seconds or 0.0) for _, row in self.pairs)
        num = sum(row.episodes for _, row in self.pairs)
        return total / num if num else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.mean(known)), 4) if known else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)


def _difference(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else round(value - other, 4)
