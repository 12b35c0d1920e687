"""The page of an audit: one HTML file that opens offline, with duplicates and label issues as images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import mien
from mien import palette
from mien.auditing import label_issues
from mien.auditing.audit import NUM_FIRST, Audit
from mien.auditing.findings import Group
from mien.checks import checked
from mien.data import duplicates
from mien.data.faceset import UNLABELLED
from mien.evaluation import metrics
from mien.inference.detector import MIN_SCORE
from mien.reporting.pages.frame import commands, page_template, writer
from mien.reporting.pages.parts import ScoreCard, TableRow
from mien.reporting.pictures import face_url
from mien.reporting.texts import Texts, cells

NUM_GROUPS = {"conflicts": 36, "across": 12, "within": 12}
"""Most groups that are shown, by kind."""

NUM_ROWS, NUM_ALIKE, NUM_LABEL_ISSUES, NUM_EMPTY = 6, 3, 80, 40
"""Most rows of a group with conflicting labels, and of another group; label issues; and pictures of each kind without a face."""


@dataclass(frozen=True)
class Face:
    """A face of the data: picture, description, file name, label, colour of its class, and a note below it."""

    address: str
    alt: str
    name: str
    label: str
    colour: str
    note: str


@dataclass(frozen=True)
class FaceGroup:
    """A group of copies: what they have in common, and the faces."""

    note: str
    faces: tuple[Face, ...]


@dataclass(frozen=True)
class GroupPart:
    """The groups of one kind: heading, how many are shown, and the groups."""

    heading: str
    shown: str
    groups: tuple[FaceGroup, ...]


@dataclass(frozen=True)
class CopiesSection:
    """The table of copies across splits, and the groups as pictures."""

    leakage: tuple[TableRow, ...]
    parts: tuple[GroupPart, ...]


@dataclass(frozen=True)
class LabelIssuesSection:
    """The least probable labels as faces, how many are shown, and a row per class."""

    faces: tuple[Face, ...]
    shown: str
    rows: tuple[TableRow, ...]


@dataclass(frozen=True)
class EmptyPart:
    """Pictures of one kind without a face, and their heading."""

    heading: str
    faces: tuple[Face, ...]


@dataclass(frozen=True)
class EmptySection:
    """Blank pictures, and those that are least like a face."""

    lead: str
    parts: tuple[EmptyPart, ...]


@dataclass(frozen=True)
class DriftSection:
    """A row per split, the heads of the class shares, and a row per class."""

    splits: tuple[TableRow, ...]
    heads: tuple[str, ...]
    classes: tuple[TableRow, ...]


@checked
def render(audit: Audit, *, command: Sequence[str] = (), lang: str = "en", faces: bool = True) -> str:
    """The page as a string.

    Args:
        audit: the audit.
        command: arguments of the command line that reproduces the page.
        lang: a key of ``texts.LANGUAGES``.
        faces: whether the page has faces; without them it has the counts alone.

    Raises:
        OutputError: there is no such language.
        MissingExtraError: jinja2 isn't installed.
    """
    t = Texts(lang)
    splits = [
        t("audit.split_rows", rows=int((audit.faces.splits == name).sum()), split=t(f"audit.splits.{name}"))
        for name in audit.faces.split_names
    ]
    # No path of this machine, because pages are shared.
    data = Path(audit.faces.source.path).name or audit.faces.source.layout
    judge = Path(audit.label_issues.judge).name
    return page_template("audit", "audit").render(
        t=t,
        version=mien.__version__,
        title=t(f"audit.title{'_model' if judge else ''}", data=data, model=judge),
        subtitle=t("audit.subtitle", rows=len(audit.faces), data=data, splits=t("page.list").join(splits)),
        scores=_scores(audit, t),
        summary=_summary(audit, t),
        notes=_notes(audit, t),
        copies=_copies(audit, t),
        label_issues=_label_issues(audit, t),
        empty=_empty(audit, t),
        drift=_drift(audit, t),
        commands=commands(command),
        shows_faces=faces,
    )


write = writer(render)


def _scores(audit: Audit, t: Texts) -> list[ScoreCard]:
    """The figures of the head, the share of copies first."""
    counts = audit.counts
    num_leaked = sum(found.near for found in audit.leakage)

    def card(key: str, value: str) -> ScoreCard:
        known = {"judged": counts.judged, "faceless": counts.no_face_found}
        meaning = t(f"audit.{key}_why", rows=counts.rows_in_groups, total=counts.rows, **known)
        return ScoreCard(t(f"audit.{key}"), value, "", meaning)

    return [
        card("copied", cells.percent(counts.rows_in_groups / counts.rows)),
        card("leakage", cells.count(num_leaked)),
        card("conflicting", cells.count(counts.conflicting_rows)),
        card("label_issues", cells.count(counts.label_issues)),
        card("blank", cells.count(counts.blank)),
    ]


def _summary(audit: Audit, t: Texts) -> str:
    """What was found about copies, in a paragraph."""
    counts = audit.counts
    sentences = [t("audit.summary_copies", rows=counts.rows, pictures=counts.pictures, exact=counts.exact_copies)]
    for found in audit.leakage:
        names = {"split": t(f"splits.{found.split}"), "other": t(f"splits.{found.other}")}
        sentences.append(t("audit.summary_leakage", **{**asdict(found), **names}, correlation=audit.correlation))
    if not audit.leakage and len(audit.faces.split_names) > 1:
        sentences.append(t("audit.summary_apart"))
    if counts.conflicting_groups:
        sentences.append(t("audit.summary_conflicts", groups=counts.conflicting_groups))
    return t.joined(sentences)


def _notes(audit: Audit, t: Texts) -> list[str]:
    """Notes about the validity of the findings."""
    found = audit.label_issues
    notes = [t("audit.note_copies", correlation=audit.correlation, side=duplicates.LONGEST_SIDE)]
    if audit.mirrored:
        notes.append(t("audit.note_mirrored"))
    notes.append(_judge_note(audit, t))
    if found.num_learned:
        notes.append(t("audit.note_learned", learned=found.num_learned))
    if not found.knows_training:
        notes.append(t("audit.note_foreign"))
    if shares := audit.voted_otherwise:
        notes.append(t("audit.note_votes", num=min(NUM_FIRST, len(found.rows)), **asdict(shares)))
    return [*notes, t("audit.note_faces")]


def _judge_note(audit: Audit, t: Texts) -> str:
    """What checked the labels, and how well it predicts them."""
    found = audit.label_issues
    if not len(found.judged):
        return t("audit.note_unjudged")
    correct = found.probabilities.argmax(1) == audit.faces.labels[found.judged]
    low, high = metrics.wilson(int(correct.sum()), len(correct))
    return t(
        "audit.note_model" if found.judge else "audit.note_folds",
        model=Path(found.judge).name,
        judged=len(correct),
        folds=label_issues.NUM_FOLDS,
        accuracy=float(correct.mean()),
        low=low,
        high=high,
    )


def _copies(audit: Audit, t: Texts) -> CopiesSection:
    """Copies across splits, and groups by kind: those with conflicting labels, others across splits, the rest."""
    kinds: dict[str, list[Group]] = {"conflicts": [], "across": [], "within": []}
    for group in audit.groups:
        if not audit.is_blank(group):
            kinds["conflicts" if group.labels > 1 else "across" if group.across else "within"].append(group)
    parts = [
        GroupPart(
            heading=t(f"audit.{key}_heading"),
            shown=t("audit.shown", shown=min(NUM_GROUPS[key], len(groups)), total=len(groups)),
            groups=tuple(_group(audit, group, t) for group in groups[: NUM_GROUPS[key]]),
        )
        for key, groups in kinds.items()
        if groups
    ]
    leakage = [
        TableRow(
            t("audit.in", split=t(f"audit.splits.{found.split}"), other=t(f"audit.splits.{found.other}")),
            tuple(map(cells.count, (found.rows, found.exact, found.near, found.conflicting))),
        )
        for found in audit.leakage
    ]
    return CopiesSection(tuple(leakage), tuple(parts))


def _group(audit: Audit, group: Group, t: Texts) -> FaceGroup:
    """One group: a row of each label and split first, so that differences are seen."""
    seen: Counter[tuple[str, str]] = Counter()
    turns = []
    for row in group.rows.tolist():
        kind = (audit.label(row), str(audit.faces.splits[row]))
        turns.append(seen[kind])
        seen[kind] += 1
    rows = group.rows[np.argsort(turns, kind="stable")]
    note = t("audit.exact_group" if group.exact else "audit.near_group")
    most = NUM_ROWS if group.labels > 1 else NUM_ALIKE
    if len(rows) > most:
        note = t("page.list").join([note, t("audit.more", count=len(rows) - most)])
    faces = []
    for row in rows[:most].tolist():
        split = t(f"audit.splits.{audit.faces.splits[row]}")
        faces.append(_face(audit, row, t("audit.alt", label=_label(audit, row, t), split=split), split, t))
    return FaceGroup(note, tuple(faces))


def _label_issues(audit: Audit, t: Texts) -> LabelIssuesSection:
    """The least probable labels as faces, and a row per class."""
    found, classes = audit.label_issues, audit.faces.classes
    predicted = dict(zip(found.judged.tolist(), found.probabilities.argmax(1).tolist(), strict=True))
    faces = []
    for row in found.rows[:NUM_LABEL_ISSUES].tolist():
        name, confidence = t.named(classes[predicted[row]]), float(found.of(row).max())
        alt = t("audit.label_issue_alt", label=_label(audit, row, t), reading=name, confidence=confidence)
        faces.append(_face(audit, row, alt, f"{name} {cells.percent(confidence, 0)}", t))
    rows = []
    for code, label in enumerate(classes):
        judged = int((audit.faces.labels[found.judged] == code).sum())
        own = found.rows[audit.faces.labels[found.rows] == code]
        most = Counter(predicted[row] for row in own.tolist()).most_common(1)
        share = cells.percent(len(own) / judged) if judged else t("page.skip")
        favourite = t.named(classes[most[0][0]]) if most else t("page.skip")
        shown = (cells.count(judged), cells.count(len(own)), share, favourite)
        rows.append(TableRow(t.named(label), shown, palette.on_page(palette.colour(label, classes))))
    return LabelIssuesSection(
        faces=tuple(faces),
        shown=t("audit.label_issues_shown", shown=len(faces), total=len(found.rows)),
        rows=tuple(rows),
    )


def _empty(audit: Audit, t: Texts) -> EmptySection:
    parts = []
    for key, rows in (("blank_shown", audit.blank), ("faceless_shown", audit.faceless)):
        if len(rows):
            faces = tuple(_scored(audit, row, t) for row in rows[:NUM_EMPTY].tolist())
            parts.append(EmptyPart(t(f"audit.{key}", shown=len(faces), total=len(rows)), faces))
    lead = t("audit.empty_lead", contrast=duplicates.MIN_CONTRAST, score=MIN_SCORE)
    return EmptySection(lead, tuple(parts))


def _scored(audit: Audit, row: int, t: Texts) -> Face:
    """A picture with the score of the face detector below it."""
    score = float(audit.scores[row])
    alt = t("audit.empty_alt", label=_label(audit, row, t), score=score)
    return _face(audit, row, alt, cells.decimal(score, 2), t)


def _drift(audit: Audit, t: Texts) -> DriftSection:
    splits = [
        TableRow(
            t(f"audit.splits.{split.split}"),
            (
                cells.count(split.rows),
                cells.percent(split.variation),
                cells.optional_p_value(split.classes_p),
                cells.decimal(split.gray),
                cells.optional_p_value(split.gray_p),
                cells.decimal(split.contrast),
                cells.optional_p_value(split.contrast_p),
            ),
        )
        for split in audit.drift
    ]
    counts: list[NDArray[np.int64]] = [audit.faces.split(name).counts() for name in audit.faces.split_names]
    colours = {name: palette.on_page(value) for name, value in palette.colours(audit.faces.classes).items()}
    classes = []
    for code, label in enumerate(audit.faces.classes):
        pairs = [(cells.count(own[code]), cells.percent(own[code] / max(1, own.sum()))) for own in counts]
        row = TableRow(t.named(label), tuple(cell for pair in pairs for cell in pair), colours[label])
        classes.append(row)
    heads = [head for name in audit.faces.split_names for head in (t(f"audit.splits.{name}"), t("audit.share"))]
    return DriftSection(tuple(splits), tuple(heads), tuple(classes))


def _face(audit: Audit, row: int, alt: str, note: str, t: Texts) -> Face:
    label = audit.label(row)
    return Face(
        address=face_url(audit.faces.images[row]),
        alt=alt,
        name=str(audit.faces.names[row]),
        label=_label(audit, row, t),
        colour=palette.on_page(palette.colour(label, audit.faces.classes)) if label else "var(--rule)",
        note=note,
    )


def _label(audit: Audit, row: int, t: Texts) -> str:
    return t("audit.unlabelled") if audit.faces.labels[row] == UNLABELLED else t.named(audit.label(row))
