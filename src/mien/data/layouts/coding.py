"""Name the classes of numeric labels: by the user's coding, by the layout's coding, or by a model's predictions.

Readers keep numbers as classes ``"0"``, ``"1"``, …; ``resolve`` names them for all layouts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mien import emotions
from mien.data.faceset import UNLABELLED, FaceSet
from mien.data.layouts import codes
from mien.data.layouts.agreement import Evidence, weigh
from mien.data.layouts.codes import Coding
from mien.data.source import ChosenCoding, DroppedRow
from mien.errors import DataError
from mien.words import counted

MAX_PER_CODE = 64
"""Number of faces per code that the model predicts."""


@dataclass(frozen=True)
class Adviser:
    """A model that identifies the coding if several fit.

    Attributes:
        name: name in messages.
        read: predicts the expressions of ``(N, H, W)`` ``uint8`` gray faces.
    """

    name: str
    read: Callable[[NDArray[np.uint8]], Sequence[str]]


def resolve(faceset: FaceSet, stated: str | None = None, adviser: Adviser | None = None) -> FaceSet:
    """Name the classes of a set with numeric labels; the ``source`` of the result records the coding.

    Args:
        faceset: output of a reader; classes that are numbers are codes.
        stated: the user's coding: a name in ``codes.NAMES``, or pairs such as ``0=angry,1=happy``.
        adviser: the model to use if several codings fit; None uses none.

    Raises:
        DataError: no coding fits, or several do and none can be selected.
    """
    met = _numbers(faceset)
    if faceset.source.coding is not None and faceset.source.coding.name == codes.OWN:
        return faceset  # written by mien: its class names are final, even if they are numbers
    if not met:
        return (
            _noted(faceset, "The labels are names, so the coding that was given was not used.") if stated else faceset
        )
    if words := _expressions(faceset):
        _check_mixed(faceset, met, words, stated)
    coding, chosen = _choose(faceset, met, stated, adviser)
    return _renamed(faceset, coding, chosen)


def _numbers(faceset: FaceSet) -> list[str]:
    """The codes of the set; those without a row don't count beside labels that are names."""
    codes_met = [name for name in faceset.classes if name.isdecimal()]
    if faceset.source.coding is not None or not _expressions(faceset):
        return codes_met
    return [name for name in codes_met if name in _with_rows(faceset)]


def _expressions(faceset: FaceSet) -> list[str]:
    """The labels that are names of expressions."""
    return [name for name in _with_rows(faceset) if not name.isdecimal() and emotions.canonical(name)]


def _with_rows(faceset: FaceSet) -> dict[str, int]:
    """The number of rows of each class that has some."""
    return {name: count for name, count in zip(faceset.classes, faceset.counts().tolist(), strict=True) if count}


def _check_mixed(faceset: FaceSet, met: list[str], words: list[str], stated: str | None) -> None:
    """Refuse numbers beside names, unless the user or the layout states what the numbers mean."""
    if stated or faceset.source.coding is not None:
        return
    rows = sum(_with_rows(faceset)[code] for code in met)
    raise DataError(
        f"{_has(faceset, met)} in {counted(rows, 'row')}, beside names such as '{words[0]}': correct them, or state their meaning with "
        f'--coding {",".join(f"{code}=NAME" for code in met[:2])}{",..." if len(met) > 2 else ""} (in Python coding="...").'
    )


def _choose(
    faceset: FaceSet, met: list[str], stated: str | None, adviser: Adviser | None
) -> tuple[Coding, ChosenCoding]:
    if stated:
        return _stated(faceset, met, stated)
    by_layout = faceset.source.coding
    if by_layout is None:
        fitting = codes.fitting(met)
        if not fitting:
            raise DataError(f"{_has(faceset, met)}, {_fits_none(met)}")
        evidence = _ask(faceset, fitting, adviser)
        if evidence is None or evidence.best is None:
            raise DataError(f"{_has(faceset, met)}, which may be {_or(fitting)}.{_objection(evidence)} {_state(met)}")
        return evidence.best, _chosen(evidence.best, met, "model", evidence)
    own = codes.stated(by_layout.name, met)
    others = [coding for coding in codes.fitting(met) if coding.name != own.name]
    if not own.covers(met) and (others or not any(own.covers([code]) for code in met)):
        may_be = f" It may be {_or(others)}." if others else ""
        raise DataError(
            f"{_has(faceset, met)}, but the coding of its layout, {own.title}'s, has {own.span}.{may_be} {_state(met)}"
        )
    if by_layout.by == "layout" or not own.covers(met):
        return own, _chosen(own, met, "layout", None)
    evidence = _ask(faceset, [own, *others], adviser)
    if evidence is not None and evidence.best not in (None, own):
        raise DataError(f"{_has(faceset, met)}. The columns are {own.title}'s, but {_found(evidence)}. {_state(met)}")
    if evidence is not None and evidence.other:
        raise DataError(
            f"{_has(faceset, met)}. The columns are {own.title}'s, but '{evidence.model}' reads the faces in another order,"
            f" {evidence.other}: {evidence.figures}. {_state(met)}"
        )
    return own, _chosen(own, met, "layout", evidence)


def _stated(faceset: FaceSet, met: list[str], stated: str) -> tuple[Coding, ChosenCoding]:
    coding = codes.stated(stated, met)
    lacking = [code for code in met if not coding.covers([code])]
    if lacking:
        counts = dict(zip(faceset.classes, faceset.counts().tolist(), strict=True))
        shown = ", ".join(f"{code} ({counts[code]:,} row{'' if counts[code] == 1 else 's'})" for code in lacking)
        others = codes.fitting(met)
        raise DataError(
            f"{_has(faceset, met)}, and the coding {stated} lacks {shown}."
            + (f" Codings that fit: {_or(others)}." if others else " Name each code, as in 0=angry,1=happy.")
        )
    return coding, _chosen(coding, met, "option", None)


def _ask(faceset: FaceSet, candidates: list[Coding], adviser: Adviser | None) -> Evidence | None:
    """A model's agreement on a sample of faces of each code; None without a model."""
    if adviser is None:
        return None
    shared = [
        index for index, name in enumerate(faceset.classes) if all(name in coding.classes for coding in candidates)
    ]
    random = np.random.default_rng(0)
    rows = np.concatenate(
        [random.permutation(np.flatnonzero(faceset.labels == index))[:MAX_PER_CODE] for index in shared]
    )
    answers = adviser.read(faceset.images[rows])
    return weigh([faceset.classes[label] for label in faceset.labels[rows]], answers, candidates, adviser.name)


def _chosen(coding: Coding, met: list[str], by: str, evidence: Evidence | None) -> ChosenCoding:
    """The record of a choice, with the codes that the data has."""
    classes = {code: name for code, name in coding.classes.items() if code in met}
    chosen = ChosenCoding(coding.name, by, classes)
    if evidence is None:
        return chosen
    return replace(chosen, model=evidence.model, num_faces=evidence.num_faces, agreement=dict(evidence.agreement))


def _renamed(faceset: FaceSet, coding: Coding, chosen: ChosenCoding) -> FaceSet:
    """The set with classes for codes; rows whose code is no class are dropped."""
    names = [_class_of(name, coding) for name in faceset.classes]
    met = {name for name in names if name is not None}
    classes = emotions.EMOTIONS if met <= set(emotions.EMOTIONS) and _is_fer2013(coding) else emotions.in_order(met)
    lookup = np.array([UNLABELLED if name is None else classes.index(name) for name in names] + [UNLABELLED], np.int64)
    labels = lookup[faceset.labels]
    lost = (labels == UNLABELLED) & (faceset.labels != UNLABELLED)
    dropped = [
        DroppedRow(name, _reason(faceset.classes[label], coding))
        for name, label in zip(faceset.names[lost].tolist(), faceset.labels[lost].tolist(), strict=True)
    ]
    votes = None
    if faceset.votes is not None:
        votes = np.zeros((len(faceset), len(classes)), np.float32)
        for index, name in enumerate(names):
            if name is not None:
                votes[:, classes.index(name)] += faceset.votes[:, index]
    source = faceset.source
    class_map = {theirs: coding.classes[ours] for theirs, ours in source.class_map.items() if ours in coding.classes}
    note = str(chosen) if chosen.by != "layout" or chosen.model else ""
    notes = [*source.notes, *filter(None, [note, _unkept(faceset, names)])]
    source = replace(
        source, class_map=class_map, coding=chosen, dropped=(*source.dropped, *dropped), notes=tuple(notes)
    )
    named = replace(faceset, labels=labels, classes=classes, votes=votes, source=source)
    if lost.all():
        raise DataError(
            f"'{source.path}' holds no usable faces: every row of its {source.layout} layout was dropped"
            f" ({len(source.dropped):,} in all), the first ({dropped[0].name}) because: {dropped[0].reason}."
        )
    return named.select(~lost) if lost.any() else named


def _class_of(name: str, coding: Coding) -> str | None:
    """The class of a code or of a name: votes may have names while labels have numbers."""
    known = emotions.canonical(name)
    return coding.classes.get(name) or (known if known in coding.classes.values() else None)


def _unkept(faceset: FaceSet, names: list[str | None]) -> str:
    """A note on votes for classes that the set lacks; empty if there are none."""
    if faceset.votes is None:
        return ""
    sums = faceset.votes.sum(0)
    lost = [name for name, ours, votes in zip(faceset.classes, names, sums, strict=True) if ours is None and votes]
    return f"Votes for classes that the set lacks were not kept: {', '.join(sorted(lost))}." if lost else ""


def _is_fer2013(coding: Coding) -> bool:
    """Whether a set keeps all classes of FER2013 even if some have no rows, as in its own subsets."""
    return coding.name == codes.FER2013.name


def _reason(code: str, coding: Coding) -> str:
    return (
        f"the code {code} ({coding.none[code]}) is no class" if code in coding.none else f"unknown class code '{code}'"
    )


def _noted(faceset: FaceSet, note: str) -> FaceSet:
    return replace(faceset, source=replace(faceset.source, notes=(*faceset.source.notes, note)))


def _has(faceset: FaceSet, met: list[str]) -> str:
    return f"'{faceset.source.path}' has the numbers {codes.in_words(met)} for labels"


def _fits_none(met: list[str]) -> str:
    partly = [coding for coding in codes.CODINGS if coding.covers(met)]
    problem = f"which is only a part of {_or(partly)}" if partly else "which no known coding of expressions has"
    return f"{problem}. {_state(met)}"


def _objection(evidence: Evidence | None) -> str:
    return "" if evidence is None else f" {evidence.objection}"


def _found(evidence: Evidence) -> str:
    best = evidence.best
    return "" if best is None else f"'{evidence.model}' reads the faces as {best.title}'s: {evidence.figures}"


def _or(codings: Sequence[Coding]) -> str:
    names = list(dict.fromkeys(coding.name for coding in codings))
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _state(met: list[str]) -> str:
    """How to state the coding, as text."""
    first = sorted(met, key=int)[:2]
    pairs = ",".join(f"{code}=NAME" for code in first) + (",..." if len(met) > len(first) else "")
    return f'State the coding, --coding NAME or --coding {pairs} (in Python coding="...").'
