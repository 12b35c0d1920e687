"""Agreement of mien with people who coded the same clips."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien import typed_json
from mien.display import Displayed
from mien.errors import ArgumentError, DataError
from mien.evaluation import coders
from mien.evaluation.coders import CodedTime
from mien.evaluation.metrics import Score
from mien.experiments import fitted_codes
from mien.experiments.fitted_codes import CodeNote, FittedCodes
from mien.typed_json import JsonObject
from mien.videos.coding import CodedSpan
from mien.videos.recordings import Recording

MODEL = "mien"
"""Name of the model among the coders."""

BLOCK = 10.0
"""Default length of the blocks of time that the bootstrap draws, in seconds."""

ENOUGH_CLIPS = 10
"""Number of clips from which whole clips are drawn."""


@dataclass(frozen=True)
class PairAgreement:
    """Two coders.

    Attributes:
        first, second: their names; the model is ``mien``.
        seconds: readable time that both coded.
        agreement: share of this time with the same label.
        kappa: Cohen's kappa.
    """

    first: str
    second: str
    seconds: float
    agreement: Score
    kappa: Score


@dataclass(frozen=True)
class ExpressionAgreement:
    """One expression, between a coder and mien.

    Attributes:
        coder, expression: names.
        coder_seconds, model_seconds: time that each gave this label, of the time that both coded.
        kappa: Cohen's kappa of this expression against all others.
        icc: ICC(2,1) of the expression's share of time, over clips.
    """

    coder: str
    expression: str
    coder_seconds: float
    model_seconds: float
    kappa: Score
    icc: Score


@dataclass(frozen=True)
class Confusion:
    """Seconds ``(K, K)`` by the coder's label (row) and mien's (column)."""

    coder: str
    seconds: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class CoderAgreement(Displayed, kind="coder_agreement"):
    """The agreement of coders and mien; ``to_frame`` has a row for each coder and expression.

    Attributes:
        classes: labels, mien's first.
        coders: names of the people.
        clips: number of persons in clips that were coded.
        pairs: each pair of coders, mien included.
        fleiss_people: Fleiss' kappa of the people; None with one.
        fleiss: Fleiss' kappa of the people and mien.
        expressions: by coder and expression.
        confusions: by coder.
        drawn: what the bootstrap draws: ``clips``, or ``blocks`` of time.
        block: length of a block, in seconds.
        units: number of clips or blocks that it draws from.
        uncoded: label of time without a code; None if it is left out.
        lacking: labels that the model lacks, which count as disagreement with it.
        renamed: pairs of a label and the class of another name as which it counts.
        notes: codes that were left out, clip by clip.
    """

    classes: tuple[str, ...]
    coders: tuple[str, ...]
    clips: int
    pairs: tuple[PairAgreement, ...]
    fleiss_people: Score | None
    fleiss: Score
    expressions: tuple[ExpressionAgreement, ...]
    confusions: tuple[Confusion, ...]
    drawn: str
    block: float
    units: int
    uncoded: str | None
    lacking: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    notes: tuple[CodeNote, ...]

    def to_dict(self) -> JsonObject:
        """Plain values for JSON; what is not defined is null."""
        return {name: _without_nan(value) for name, value in typed_json.fields_to_json(self).items()}


def measure(
    folder: Path, spans: Sequence[CodedSpan], *, uncoded: str | None = None, block: float = BLOCK
) -> CoderAgreement:
    """Compare codes with the most probable expressions of a study's rows, by overlap in time.

    Only the time counts in which the face was read, also between two people.

    Args:
        folder: the output folder of a study with clips.
        spans: the codes of one or several people.
        uncoded: label of the time of a coded clip that a coder gave none; None leaves it out.
        block: length of the blocks of time that the bootstrap draws, in seconds, with fewer than ``ENOUGH_CLIPS`` clips.

    Raises:
        DataError: the codes don't fit the study, see ``fitted_codes.fit``, or a coder has two labels at one time.
        ArgumentError: ``block`` is not positive.
    """
    if not block > 0:
        raise ArgumentError(f"A block must last longer than 0 s, not {block:g} s.")
    codes = fitted_codes.fit(folder, spans, [] if uncoded is None else [uncoded])
    names = tuple(dict.fromkeys(span.coder for span in spans))
    label = None if uncoded is None else codes.named[uncoded]
    timelines = [_timeline(one, own, names, codes.classes, label) for one, own in codes.pairs]
    by_clip = len(timelines) >= ENOUGH_CLIPS
    parts = [_coded(timeline, len(codes.classes), None if by_clip else block) for timeline in timelines]
    return _measured(parts, names, codes, ("clips" if by_clip else "blocks", block, label))


@dataclass(frozen=True, eq=False)
class _Timeline:
    """Labels over time of one person in one clip.

    Attributes:
        edges: ``(N + 1,)`` times between which nobody changes the label, in seconds.
        labels: ``(N, R)`` label of each coder, the model last; -1 for none.
    """

    edges: NDArray[np.float64]
    labels: NDArray[np.int64]


def _timeline(
    recording: Recording, spans: Sequence[CodedSpan], names: Sequence[str], classes: Sequence[str], uncoded: str | None
) -> _Timeline:
    end = float(recording.times[-1] + recording.spans[-1])
    rows = [[span for span in spans if span.coder == name] for name in names] + [list(_of_model(recording))]
    edges = np.unique([0.0, end, *(time for row in rows for span in row for time in (span.start, span.end))])
    edges = edges[edges <= end]
    middles = (edges[:-1] + edges[1:]) / 2
    labels = np.column_stack([_labels(row, middles, classes) for row in rows])
    if uncoded is not None:
        coded = [number for number, row in enumerate(rows[:-1]) if row]
        labels[:, coded] = np.where(labels[:, coded] < 0, classes.index(uncoded), labels[:, coded])
    labels[labels[:, -1] < 0] = -1  # not readable, and so in no pair
    return _Timeline(edges, labels)


def _labels(spans: Sequence[CodedSpan], times: NDArray[np.float64], classes: Sequence[str]) -> NDArray[np.int64]:
    """The label at each time; -1 outside of all spans."""
    ordered = sorted(spans, key=lambda span: span.start)
    for one, other in itertools.pairwise(ordered):
        if other.start < one.end - 1e-6:
            raise DataError(
                f"'{one.coder}' has two labels at {other.start:g} s of '{one.clip}': {one.label} and {other.label}."
            )
    if not ordered:
        return np.full(len(times), -1)
    place = np.searchsorted([span.start for span in ordered], times, "right") - 1
    ends = np.array([span.end for span in ordered])
    numbers = np.array([classes.index(span.label) for span in ordered])
    return np.where((place >= 0) & (times < ends[place]), numbers[place], -1)


def _of_model(recording: Recording) -> Iterator[CodedSpan]:
    """The most probable expressions of the readable frames."""
    ends = recording.times + recording.spans
    best = np.nan_to_num(recording.probabilities).argmax(1)
    for number in np.flatnonzero(recording.readable).tolist():
        label = recording.classes[best[number]]
        yield CodedSpan(recording.clip, MODEL, label, float(recording.times[number]), float(ends[number]))


def _coded(timeline: _Timeline, num_classes: int, block: float | None) -> CodedTime:
    """The spans of a timeline, cut at the ends of blocks; one block if ``block`` is None."""
    edges = timeline.edges
    if block is not None:
        edges = np.unique([*edges, *np.arange(block, edges[-1], block)])
    middles = (edges[:-1] + edges[1:]) / 2
    rows = np.searchsorted(timeline.edges, middles) - 1
    blocks = np.zeros(len(middles), np.int64) if block is None else (middles // block).astype(np.int64)
    return CodedTime(np.diff(edges), timeline.labels[rows], blocks, num_classes)


def _measured(
    parts: Sequence[CodedTime], names: tuple[str, ...], codes: FittedCodes, drawn: tuple[str, float, str | None]
) -> CoderAgreement:
    time, model, classes = _joined(parts), len(names), codes.classes
    pairs = []
    for one, other in itertools.combinations(range(model + 1), 2):
        both = time.of(one, other)
        first, second = (*names, MODEL)[one], (*names, MODEL)[other]
        pairs.append(
            PairAgreement(first, second, _rounded(both.seconds.sum()), coders.agreement(both), coders.cohen(both))
        )
    confusions = [coders.confusion(time.of(number, model)) for number in range(model)]
    return CoderAgreement(
        classes=classes,
        coders=names,
        clips=len(parts),
        pairs=tuple(pairs),
        fleiss_people=coders.fleiss(time.of(*range(model))) if model > 1 else None,
        fleiss=coders.fleiss(time),
        expressions=tuple(
            row for number, name in enumerate(names) for row in _by_expression(name, number, parts, classes)
        ),
        confusions=tuple(
            Confusion(name, tuple(tuple(map(_rounded, row)) for row in table))
            for name, table in zip(names, confusions, strict=True)
        ),
        drawn=drawn[0],
        block=drawn[1],
        units=len(np.unique(time.blocks[(time.labels >= 0).sum(1) > 1])),
        uncoded=drawn[2],
        lacking=codes.lacking,
        renamed=codes.renamed,
        notes=codes.notes,
    )


def _by_expression(
    name: str, number: int, parts: Sequence[CodedTime], classes: Sequence[str]
) -> Iterator[ExpressionAgreement]:
    both = [part.of(number, part.labels.shape[1] - 1) for part in parts]
    both = [part for part in both if part.seconds.sum() > 0]
    if not both:
        return
    kappas = coders.cohen_by_class(_joined(both))
    tables = np.stack([coders.confusion(part) for part in both])  # (clips, K, K)
    totals = tables.sum((1, 2))
    for row, expression in enumerate(classes):
        by_coder, by_model = tables[:, row].sum(1), tables[:, :, row].sum(1)
        if by_coder.any() or by_model.any():
            shares = np.column_stack([by_coder, by_model]) / totals[:, None]
            seconds = _rounded(by_coder.sum()), _rounded(by_model.sum())
            yield ExpressionAgreement(name, expression, *seconds, kappas[row], coders.icc(shares))


def _joined(parts: Sequence[CodedTime]) -> CodedTime:
    """The time of several clips; their blocks stay apart."""
    starts = np.cumsum([0, *(int(part.blocks.max(initial=-1)) + 1 for part in parts)])[:-1]
    return CodedTime(
        np.concatenate([part.seconds for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.blocks + start for part, start in zip(parts, starts, strict=True)]),
        parts[0].num_classes,
    )


def _rounded(value: float) -> float:
    return round(float(value), 3)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and np.isnan(value) else value
