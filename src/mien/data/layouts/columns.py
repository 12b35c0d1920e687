"""Assign roles to the columns of a table: picture, class, split, subject, and one-hot or vote columns.

A column is assigned by its header if that is a usual name, otherwise by its cells. A column of class names that says the same as a
column of class codes has priority over it, because names need no coding.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mien import emotions, images
from mien.data.faceset import canonical_split

_JOIN = r"[ _.\-]*"
_NUMBERED = rf"{_JOIN}(ids?|names?|no|nr|num|number|code|index|idx)?"
_PATH = re.compile(
    rf"(image|img|picture|pic|photo|file|face|crop|sub{_JOIN}directory)?s?{_JOIN}(file)?{_JOIN}(path|pth|name|file|filename|image|img)s?"
    r"|picture|photo"
)
_ID = re.compile(r"(image|img|row|sample|face)?[ _]?(id|number|no|index)", re.IGNORECASE)
_CLASS = re.compile(
    rf"(facial|dominant|true|gt|majority|final|image|img)?{_JOIN}"
    r"(?P<word>label|emotion|expression|class|category|target|sentiment|feeling|annotation|exp|y)(e?s)?"
    rf"{_JOIN}(name|text|str|string|label|class|category|id|code|index|idx|num|number|no)?s?"
)
_CLASS_WORDS = ("label", "emotion", "expression", "class", "category", "target")
_SPLIT = re.compile(rf"(data{_JOIN})?(split|set|usage|fold|subset|partition|phase)s?{_JOIN}(name|id)?|train{_JOIN}test")
_SUBJECT = re.compile(
    rf"(subject|subj|sub|person|participant|actor|identity|individual|speaker|patient|user)s?{_NUMBERED}"
)
_NO_CLASS = ("unknown", "nf", "none", "uncertain", "no face", "no_face", "non-face", "not a face", "other")
_UNLABELLED = ("", "nan", "null", "na", "n/a", "?", "-1", "-1.0")
_DUMMY = re.compile(r"(emotion|label|class|expression|target|category)[ _.:\-]+(?P<name>\S.*)")
_FLAG = re.compile(r"(is|in|for)[ _.\-]*(?P<split>\w+)")
_BOOLEANS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}
_YES = ("1", "1.0", "true", "yes")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Labelling:
    """The annotation of one row, as in the source.

    Attributes:
        raw_class: class name or code; None if the row is unlabelled.
        split: cell of the split column; None if the table has no such column.
        subject: person in the picture; None if unknown.
        votes: votes (or shares) by class; None if the table has none, or only one class has votes.
        problem: why the row can't be used; empty if it can.
        groups: cells of the columns that were asked for, by name.
    """

    raw_class: str | None = None
    split: str | None = None
    subject: str | None = None
    votes: dict[str, float] | None = None
    problem: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Roles:
    """The columns of a table by role; a missing column is None.

    Attributes:
        path: name, path or number of a picture.
        label: the class, by name if the table has a column of names, else by code.
        split: the split.
        subject: person in the picture.
        votes: one-hot or vote columns with their headers, including non-classes such as ``unknown``.
        note: which column has the classes, if there was a choice, as one sentence; empty if there was none.
        flags: columns such as ``is_train`` with 1 or 0 for membership in a split, each with the split.
        groups: columns that were asked for by name, such as ``sex``.
    """

    path: int | None = None
    label: int | None = None
    split: int | None = None
    subject: int | None = None
    votes: tuple[tuple[int, str], ...] = ()
    note: str = ""
    flags: tuple[tuple[int, str], ...] = ()
    groups: tuple[tuple[int, str], ...] = ()

    @property
    def is_labelled(self) -> bool:
        """Whether the table has classes."""
        return self.label is not None or bool(self.votes)

    @property
    def num_cells(self) -> int:
        """Minimum number of cells of a row."""
        given = (self.path, self.label, self.split, self.subject, *(place for place, _ in (*self.votes, *self.flags)))
        return 1 + max((place for place in given if place is not None), default=-1)

    def read(self, cells: Sequence[str]) -> Labelling:
        """Parse the annotation of a row."""
        if len(cells) < self.num_cells:
            return Labelling(problem=f"it has {len(cells)} columns instead of {self.num_cells}")
        raw_class = None if self.label is None else label_of(cells[self.label])
        votes: dict[str, float] | None = None
        split, problem = self._split(cells)
        if self.votes:
            try:
                votes = {head: _number(cells[place]) for place, head in self.votes}
            except ValueError:
                return Labelling(problem="its columns of votes hold more than numbers")
            if self.label is None:
                raw_class, tied = majority(votes)
                problem = problem or tied
        return Labelling(
            raw_class,
            split,
            None if self.subject is None else cells[self.subject].strip() or None,
            shared(votes),
            problem,
            {name: cells[place].strip() if place < len(cells) else "" for place, name in self.groups},
        )

    def keeping(self, header: Sequence[str], names: Sequence[str]) -> Roles:
        """The same roles, with the columns of these names if the table has them."""
        places = {head.strip().casefold(): place for place, head in enumerate(header)}
        wanted = ((places.get(name.strip().casefold()), name) for name in names)
        return replace(self, groups=tuple((place, name) for place, name in wanted if place is not None))

    def _split(self, cells: Sequence[str]) -> tuple[str | None, str]:
        """The split of a row, from the split column or from the flags, and the reason if they don't give one."""
        if self.split is not None:
            return cells[self.split].strip(), ""
        if not self.flags:
            return None, ""
        given = [(split, cells[place].strip().lower()) for place, split in self.flags]
        is_set = [split for split, cell in given if cell in _YES]
        if len(is_set) > 1:
            return None, f"it is in several splits ({' and '.join(is_set)})"
        if is_set or not all(cell for _, cell in given):
            return is_set[0] if is_set else "", ""  # a blank flag is a blank split
        others = [split for split in ("train", "test") if split not in dict(given)]
        return (others[0], "") if others else (None, "it is in no split")


def roles(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Roles:
    """Assign roles to the columns of a table by their headers and by the cells of its first rows.

    Args:
        header: the headers, in any case.
        rows: some of the first rows; more rows are more reliable.
    """
    heads = [head.strip().lower() for head in header]
    sample = list(rows)
    columns = [_cells(sample, place) for place in range(len(heads))]
    votes = _vote_columns(heads, columns)
    free = set(range(len(heads))) - {place for place, _ in votes}
    path = _first(
        free,
        lambda place: _all(columns[place], lambda cell: cell.lower().endswith(tuple(images.SUFFIXES))),
        lambda place: bool(_PATH.fullmatch(heads[place])),
        lambda place: bool(_ID.fullmatch(heads[place])),
    )
    free -= {path}
    subject = _first(free, lambda place: bool(_SUBJECT.fullmatch(heads[place])))
    free -= {subject}
    label, note = _class_column(heads, sample, free)
    free -= {label}
    split = _first(
        free,
        lambda place: bool(_SPLIT.fullmatch(heads[place])),
        lambda place: _all(columns[place], lambda cell: canonical_split(cell) is not None),
    )
    flags = () if split is not None else _flags(heads, columns, free)
    return Roles(path, label, split, subject, votes, note, flags)


def label_of(cell: str) -> str | None:
    """The class that a cell names; None for blank, ``NaN`` and ``-1``."""
    text = cell.strip()
    return None if text.lower() in _UNLABELLED else text


def majority(votes: dict[str, float]) -> tuple[str | None, str]:
    """The class with most votes, and the reason if there is none: a tie, or most votes for a non-class."""
    most = max(votes.values())
    if most <= 0:
        return None, ""
    top = [head for head, count in votes.items() if count == most]
    if len(top) > 1:
        return None, f"its votes are tied between {' and '.join(top)}"
    if is_no_class(top[0]):
        return None, f"most of its votes are for '{top[0]}', which is no class"
    return top[0], ""


def shared(votes: dict[str, float] | None) -> dict[str, float] | None:
    """Votes for more than one class; None for one-hot columns, which add nothing to the class."""
    kept = {head: max(0.0, count) for head, count in (votes or {}).items() if not is_no_class(head)}
    return kept if sum(count > 0 for count in kept.values()) > 1 or sum(kept.values()) > 1 else None


def is_no_class(head: str) -> bool:
    """Whether a header is a non-class of votes: ``unknown``, ``NF``, …"""
    return head.strip().lower() in _NO_CLASS


def is_class_head(head: str) -> bool:
    """Whether a column with this header has classes."""
    return _CLASS.fullmatch(head.strip().lower()) is not None


def is_number(cell: str) -> bool:
    """Whether a cell is a number."""
    return _NUMBER.fullmatch(cell.strip()) is not None


def _cells(rows: list[Sequence[str]], place: int) -> list[str]:
    """The non-blank cells of a column."""
    return [cell for row in rows if len(row) > place and (cell := row[place].strip())]


def _class_column(heads: list[str], rows: list[Sequence[str]], free: set[int]) -> tuple[int | None, str]:
    """The column of the class, and a note if there was a choice.

    Of the columns with a usual header, the best is taken, and then a column of names that says the same. Only without a usual
    header, a column whose cells are expressions is taken.
    """
    columns = {place: [label_of(row[place]) if place < len(row) else None for row in rows] for place in sorted(free)}
    by_head = sorted(
        (place for place in free if is_class_head(heads[place])), key=lambda place: (_rank(heads[place]), place)
    )
    expressions = [place for place in columns if _are_expressions(columns[place])]
    if not by_head:
        return _first_of(heads, expressions)
    first = by_head[0]
    own = [place for place in by_head if place in expressions]
    names = [*expressions, *(place for place in by_head if _are_names(columns[place]))]
    same = [place for place in names if _say_the_same(columns[place], columns[first])]
    chosen = (own or (not _are_names(columns[first]) and same) or [first])[0]
    others = [place for place in by_head if place != chosen]
    differing = [place for place in others if not _say_the_same(columns[place], columns[chosen])]
    return chosen, _note(heads, chosen, others, differing)


def _first_of(heads: list[str], places: list[int]) -> tuple[int | None, str]:
    """The first of the columns, and a note that names it if there are others."""
    return (places[0], _note(heads, places[0], places[1:], ())) if places else (None, "")


def _note(heads: list[str], chosen: int, others: Sequence[int], differing: Sequence[int]) -> str:
    """A note on the columns of classes that were not used; empty if there are none."""
    unused = [
        f"'{heads[place]}'{' (which differs from it)' if place in differing else ''}"
        for place in others
        if heads[place]
    ]
    return (
        f"The classes are those of the column '{heads[chosen]}'; {' and '.join(unused)} was not used." if unused else ""
    )


def _are_expressions(labels: Sequence[str | None]) -> bool:
    known = [label for label in labels if label is not None]
    return _all(known, lambda label: len(label) > 2 and emotions.canonical(label) is not None)


def _are_names(labels: Sequence[str | None]) -> bool:
    return _all([label for label in labels if label is not None], lambda label: not is_number(label))


def _say_the_same(labels: Sequence[str | None], others: Sequence[str | None]) -> bool:
    """Whether two columns have one label for each label of the other, in the rows that both label."""
    pairs = {
        (emotions.canonical(mine) or mine, emotions.canonical(other) or other)
        for mine, other in zip(labels, others, strict=True)
        if mine is not None and other is not None
    }
    return len(pairs) == len({mine for mine, _ in pairs}) == len({other for _, other in pairs})


def _rank(head: str) -> int:
    match = _CLASS.fullmatch(head)
    word = match["word"] if match else ""
    return _CLASS_WORDS.index(word) if word in _CLASS_WORDS else len(_CLASS_WORDS)


def _vote_columns(heads: list[str], columns: list[list[str]]) -> tuple[tuple[int, str], ...]:
    """The numeric columns whose headers are expressions, if there are two or more, else dummy columns."""
    numeric = [place for place in range(len(heads)) if all(map(_is_amount, columns[place]))]
    found = [place for place in numeric if len(heads[place]) > 2 and emotions.canonical(heads[place]) is not None]
    if len(found) < 2:
        return _dummies(heads, columns, numeric)
    return tuple((place, heads[place]) for place in numeric if place in found or is_no_class(heads[place]))


def _dummies(heads: list[str], columns: list[list[str]], numeric: list[int]) -> tuple[tuple[int, str], ...]:
    """Dummy columns such as ``label_calm`` and ``label_pain``, of which exactly one is 1 in each row."""
    found = {place: match["name"] for place in numeric if (match := _DUMMY.fullmatch(heads[place]))}
    rows = list(zip(*(columns[place] for place in found), strict=False))
    if len(found) < 2 or not rows or any(sorted(map(_number, row)) != [0.0] * (len(row) - 1) + [1.0] for row in rows):
        return ()
    return tuple(found.items())


def _flags(heads: list[str], columns: list[list[str]], free: set[int]) -> tuple[tuple[int, str], ...]:
    """The columns ``is_train``, ``is_test``, ... with 1 and 0, and their splits."""
    named = {place: match["split"] for place in sorted(free) if (match := _FLAG.fullmatch(heads[place]))}
    return tuple(
        (place, split)
        for place, name in named.items()
        if (split := canonical_split(name))
        and _all(columns[place], lambda cell: cell.lower() in (*_BOOLEANS, "0", "1", "0.0", "1.0"))
    )


def _is_amount(cell: str) -> bool:
    """Whether a cell can be a number of votes: a number, or a boolean of a one-hot column."""
    return is_number(cell) or cell.lower() in _BOOLEANS


def _number(cell: str) -> float:
    """The number in a cell; 0 if it is blank.

    Raises:
        ValueError: it is not a number.
    """
    text = cell.strip().lower()
    return _BOOLEANS[text] if text in _BOOLEANS else float(text or 0)


def _all(cells: list[str], test: Callable[[str], bool]) -> bool:
    return bool(cells) and all(map(test, cells))


def _first(free: set[int], *tests: Callable[[int], bool]) -> int | None:
    """The first column that passes the first test passed by any column."""
    return next((place for test in tests for place in sorted(free) if test(place)), None)
