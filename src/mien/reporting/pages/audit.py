"""The page of an audit: one HTML file that opens offline, with duplicates and label issues as images."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import mien
from mien import emotions, files
from mien.auditing import label_issues
from mien.auditing.audit import NUM_FIRST, Audit, Group
from mien.checks import checked
from mien.data import duplicates
from mien.data.faceset import UNLABELLED
from mien.evaluation import metrics
from mien.inference.detector import MIN_SCORE
from mien.reporting.pages import report
from mien.reporting.pictures import face_url
from mien.reporting.texts import Texts, percent
from mien.words import p_value

NUM_GROUPS = {"conflicts": 36, "across": 12, "within": 12}
"""Most groups that are shown, by kind."""

NUM_ROWS, NUM_ALIKE, NUM_SUSPECTS, NUM_EMPTY = 6, 3, 80, 40
"""Most rows of a group with conflicting labels, and of another group; suspects; and pictures of each kind without a face."""


@checked
def write(path: str | os.PathLike[str], audit: Audit, *, command: Sequence[str] = (), lang: str = "en") -> None:
    """Write the page of an audit; the write is atomic.

    Args:
        path: the HTML file.
        audit: the audit.
        command: arguments of the command line that reproduces the page.
        lang: a key of ``texts.LANGUAGES``.

    Raises:
        OutputError: there is no such language, or the file can't be written.
        MissingExtraError: jinja2 isn't installed.
    """
    files.write_text(path, render(audit, command=command, lang=lang))


def render(audit: Audit, *, command: Sequence[str] = (), lang: str = "en") -> str:
    """The page as a string; see ``write``."""
    t = Texts(lang)
    splits = [
        t("audit.split_rows", rows=f"{(audit.faces.splits == name).sum():,}", split=t(f"audit.splits.{name}"))
        for name in audit.faces.split_names
    ]
    # No path of this machine, because pages are shared.
    data = Path(audit.faces.source.path).name or audit.faces.source.layout
    page = report.page_template("audit", "audit").render(
        t=t,
        version=mien.__version__,
        title=t("audit.title"),
        subtitle=t("audit.subtitle", rows=f"{len(audit.faces):,}", data=data, splits=t("page.list").join(splits)),
        scores=_scores(audit, t),
        summary=_summary(audit, t),
        notes=_notes(audit, t),
        copies=_copies(audit, t),
        suspects=_label_issues(audit, t),
        empty=_empty(audit, t),
        drift=_drift(audit, t),
        commands=report.commands(command),
    )
    return str(page) + "\n"


def _scores(audit: Audit, t: Texts) -> list[dict[str, str]]:
    """The figures of the head, the share of copies first."""
    counts = audit.counts()
    copied = counts["rows_in_groups"]
    crossing = sum(found.near for found in audit.leakage)
    shown = [
        ("copied", percent(copied / counts["rows"]), f"{copied:,}", {}),
        ("crossing", f"{crossing:,}", "", {}),
        ("conflicting", f"{counts['conflicting_rows']:,}", "", {}),
        ("suspect", f"{counts['label_issues']:,}", "", {"judged": f"{counts['judged']:,}"}),
        ("blank", f"{counts['blank']:,}", "", {"faceless": f"{counts['no_face_found']:,}"}),
    ]
    return [
        {"name": t(f"audit.{key}"), "value": value, "interval": interval, "why": t(f"audit.{key}_why", **words)}
        for key, value, interval, words in shown
    ]


def _summary(audit: Audit, t: Texts) -> str:
    """The findings about duplicates, as a paragraph."""
    counts = audit.counts()
    sentences = [
        t(
            "audit.summary_copies",
            rows=f"{counts['rows']:,}",
            pictures=f"{counts['pictures']:,}",
            exact=f"{counts['exact_copies']:,}",
        )
    ]
    sentences += [
        t(
            "audit.summary_crossing",
            split=t(f"splits.{found.split}"),
            other=t(f"splits.{found.other}"),
            rows=f"{found.rows:,}",
            exact=f"{found.exact:,}",
            near=f"{found.near:,}",
            conflicting=f"{found.conflicting:,}",
            correlation=f"{audit.correlation:g}",
        )
        for found in audit.leakage
    ]
    if not audit.leakage and len(audit.faces.split_names) > 1:
        sentences.append(t("audit.summary_apart"))
    if counts["conflicting_groups"]:
        sentences.append(t("audit.summary_conflicts", groups=f"{counts['conflicting_groups']:,}"))
    return t.joined(sentences)


def _notes(audit: Audit, t: Texts) -> list[str]:
    """Notes about the validity of the findings."""
    found = audit.label_issues
    notes = [t("audit.note_copies", correlation=f"{audit.correlation:g}", side=duplicates.LONGEST_SIDE)]
    if audit.mirrored:
        notes.append(t("audit.note_mirrored"))
    if len(found.judged):
        read = found.probabilities.argmax(1) == audit.faces.labels[found.judged]
        key = "note_model" if found.judge else "note_folds"
        low, high = map(percent, metrics.wilson(int(read.sum()), len(read)))
        told = {"model": Path(found.judge).name, "judged": f"{len(read):,}", "folds": label_issues.NUM_FOLDS}
        notes.append(t(f"audit.{key}", **told, accuracy=percent(float(read.mean())), low=low, high=high))
    else:
        notes.append(t("audit.note_unjudged"))
    if found.num_learned:
        notes.append(t("audit.note_learned", learned=f"{found.num_learned:,}"))
    if not found.knows_training:
        notes.append(t("audit.note_foreign"))
    if shares := audit.voted_otherwise:
        notes.append(
            t(
                "audit.note_votes",
                num=f"{min(NUM_FIRST, len(found.rows)):,}",
                **{name: percent(share) for name, share in shares.items()},
            )
        )
    return [*notes, t("audit.note_faces")]


def _copies(audit: Audit, t: Texts) -> dict[str, Any]:
    """The table of copies across splits, and the groups as pictures: conflicting ones, others across splits, the rest."""
    kinds: dict[str, list[Group]] = {"conflicts": [], "across": [], "within": []}
    for group in audit.groups:
        if not audit.is_blank(group):
            kinds["conflicts" if group.labels > 1 else "across" if group.across else "within"].append(group)
    parts = [
        {
            "heading": t(f"audit.{key}_heading"),
            "shown": t("audit.shown", shown=min(NUM_GROUPS[key], len(groups)), total=f"{len(groups):,}"),
            "groups": [_group(audit, group, t) for group in groups[: NUM_GROUPS[key]]],
        }
        for key, groups in kinds.items()
        if groups
    ]
    leakage = [
        (
            t("audit.in", split=t(f"audit.splits.{found.split}"), other=t(f"audit.splits.{found.other}")),
            "",
            [f"{value:,}" for value in (found.rows, found.exact, found.near, found.conflicting)],
        )
        for found in audit.leakage
    ]
    return {"leakage": leakage, "parts": parts}


def _group(audit: Audit, group: Group, t: Texts) -> dict[str, Any]:
    """One group: a row of each label and split first, so that what disagrees is seen."""
    seen: Counter[tuple[str, str]] = Counter()
    turns = []
    for row in group.rows.tolist():
        kind = (audit.label(row), str(audit.faces.splits[row]))
        turns.append(seen[kind])
        seen[kind] += 1
    rows = group.rows[np.argsort(turns, kind="stable")]
    told = t("audit.exact_group" if group.exact else "audit.near_group")
    most = NUM_ROWS if group.labels > 1 else NUM_ALIKE
    if len(rows) > most:
        told = t("page.list").join([told, t("audit.more", count=len(rows) - most)])
    shown = []
    for row in rows[:most].tolist():
        split = t(f"audit.splits.{audit.faces.splits[row]}")
        shown.append(_face(audit, row, t("audit.alt", label=_label(audit, row, t), split=split), split, t))
    return {"told": told, "faces": shown}


def _label_issues(audit: Audit, t: Texts) -> dict[str, Any]:
    """The most likely label issues, and a row per class."""
    found, classes = audit.label_issues, audit.faces.classes
    reading = dict(zip(found.judged.tolist(), found.probabilities.argmax(1).tolist(), strict=True))
    shown = []
    for row in found.rows[:NUM_SUSPECTS].tolist():
        name, confidence = t.named(classes[reading[row]]), percent(float(found.of(row).max()), 0)
        alt = t("audit.suspect_alt", label=_label(audit, row, t), reading=name, confidence=confidence)
        shown.append(_face(audit, row, alt, f"{name} {confidence}", t))
    rows = []
    for code, label in enumerate(classes):
        judged = int((audit.faces.labels[found.judged] == code).sum())
        own = found.rows[audit.faces.labels[found.rows] == code]
        most = Counter(reading[row] for row in own.tolist()).most_common(1)
        told = t.named(classes[most[0][0]]) if most else t("page.skip")
        cells = [f"{judged:,}", f"{len(own):,}", percent(len(own) / judged) if judged else t("page.skip"), told]
        rows.append((t.named(label), emotions.colour(label), cells))
    return {
        "faces": shown,
        "shown": t("audit.suspects_shown", shown=len(shown), total=f"{len(found.rows):,}"),
        "rows": rows,
    }


def _empty(audit: Audit, t: Texts) -> dict[str, Any]:
    """Blank images, and images with the lowest face-detection score."""
    parts = []
    for key, rows in (("blank_shown", audit.blank), ("faceless_shown", audit.faceless)):
        if len(rows):
            shown = [_scored(audit, row, t) for row in rows[:NUM_EMPTY].tolist()]
            heading = t(f"audit.{key}", shown=len(shown), total=f"{len(rows):,}")
            parts.append({"heading": heading, "faces": shown})
    lead = t("audit.empty_lead", contrast=f"{duplicates.MIN_CONTRAST:g}", score=f"{MIN_SCORE:g}")
    return {"lead": lead, "parts": parts}


def _scored(audit: Audit, row: int, t: Texts) -> dict[str, str]:
    score = f"{audit.scores[row]:.2f}"
    return _face(audit, row, t("audit.empty_alt", label=_label(audit, row, t), score=score), score, t)


def _drift(audit: Audit, t: Texts) -> dict[str, Any]:
    """A row per split, and the class shares of each."""

    def p(value: float | None) -> str:
        return t("page.skip") if value is None else p_value(value)

    splits = []
    for split in audit.drift:
        cells = [f"{split.rows:,}", percent(split.variation), p(split.classes_p), f"{split.gray:.1f}", p(split.gray_p)]
        splits.append((t(f"audit.splits.{split.split}"), "", [*cells, f"{split.contrast:.1f}", p(split.contrast_p)]))
    counts: list[NDArray[np.int64]] = [audit.faces.split(name).counts() for name in audit.faces.split_names]
    classes = []
    for code, label in enumerate(audit.faces.classes):
        cells = [cell for own in counts for cell in (f"{own[code]:,}", percent(own[code] / max(1, own.sum())))]
        classes.append((t.named(label), emotions.colour(label), cells))
    heads = [head for name in audit.faces.split_names for head in (t(f"audit.splits.{name}"), t("audit.share"))]
    return {"splits": splits, "classes": classes, "heads": heads}


def _face(audit: Audit, row: int, alt: str, told: str, t: Texts) -> dict[str, str]:
    label = audit.label(row)
    return {
        "address": face_url(audit.faces.images[row]),
        "alt": alt,
        "name": str(audit.faces.names[row]),
        "label": _label(audit, row, t),
        "colour": emotions.colour(label) if label else "var(--rule)",
        "told": told,
    }


def _label(audit: Audit, row: int, t: Texts) -> str:
    return t("audit.unlabelled") if audit.faces.labels[row] == UNLABELLED else t.named(audit.label(row))
