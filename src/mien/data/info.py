"""Describe a FaceSet, as plain figures and as text."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

from mien import tables
from mien.data.faceset import FaceSet
from mien.typed_json import JsonObject
from mien.words import counted, percent


def describe(faceset: FaceSet) -> JsonObject:
    """Describe a FaceSet.

    Returns:
        Layout, path, hash, size, number of rows, and for each split the number of rows, of labelled rows and of rows per
        class with their shares; the class map; the coding of numeric labels; subjects; rows with votes; dropped
        rows by reason, with names; notes.
    """
    source = faceset.source
    splits = {}
    for name in faceset.split_names:
        rows = faceset.split(name)
        counts = rows.counts()
        total = int(counts.sum())
        splits[name] = {
            "rows": len(rows),
            "labelled": total,
            "counts": dict(zip(faceset.classes, counts.tolist(), strict=True)),
            "shares": {
                label: count / total if total else 0.0
                for label, count in zip(faceset.classes, counts.tolist(), strict=True)
            },
        }
    return {
        "layout": source.layout,
        "path": source.path,
        "hash": faceset.hash,
        "rows": len(faceset),
        "size": list(faceset.size),
        "classes": list(faceset.classes),
        "class_map": dict(source.class_map),
        "coding": None if source.coding is None else source.coding.to_dict(),
        "splits": splits,
        "subjects": None if faceset.subjects is None else len(set(faceset.subjects.tolist())),
        "rows_with_votes": None if faceset.votes is None else int((faceset.votes.sum(1) > 0).sum()),
        "dropped": [{"name": row.name, "reason": row.reason} for row in source.dropped],
        "options": source.options.to_dict(),
        "changes": [asdict(change) for change in source.changes],
        "leaks": [asdict(leak) for leak in source.leaks],
        "notes": list(source.notes),
    }


def as_text(description: JsonObject, num_dropped: int = 5) -> str:
    """The description as text; for each reason of dropped rows, the first ``num_dropped`` are named."""
    height, width = description["size"]
    lines = [
        f"{description['path']}: {counted(description['rows'], 'face')} of {height}x{width}, read as {description['layout']}",
        f"hash  {description['hash']}",
    ]
    if description["subjects"] is not None:
        lines.append(f"subjects  {description['subjects']:,}")
    if description["rows_with_votes"] is not None:
        lines.append(f"rows with votes  {description['rows_with_votes']:,}")
    splits = description["splits"]
    heads = ["class", *(head for name in splits for head in (name, "share"))]
    rows = [
        [
            label,
            *(
                cell
                for split in splits.values()
                for cell in (f"{split['counts'][label]:,}", percent(split["shares"][label]))
            ),
        ]
        for label in description["classes"]
    ]
    unlabelled = [split["rows"] - split["labelled"] for split in splits.values()]
    if any(unlabelled):
        rows.append(["(no label)", *(cell for count in unlabelled for cell in (f"{count:,}", ""))])
    rows.append(["all", *(cell for split in splits.values() for cell in (f"{split['rows']:,}", ""))])
    lines += ["", tables.render(heads, rows), ""]
    renamed = [f"{theirs} -> {ours}" for theirs, ours in description["class_map"].items() if theirs != ours]
    if renamed:
        lines.append("class names  " + ", ".join(renamed))
    lines += [f"note  {note}" for note in description["notes"]]
    return "\n".join([*lines, *_dropped(description["dropped"], num_dropped)])


def _dropped(dropped: list[dict[str, str]], num: int) -> list[str]:
    if not dropped:
        return ["dropped rows  none"]
    lines = [f"dropped rows  {len(dropped):,}"]
    for reason, count in Counter(row["reason"] for row in dropped).most_common():
        names = [row["name"] for row in dropped if row["reason"] == reason][:num]
        lines.append(f"  {count:,} x {reason}: {', '.join(names)}{', ...' if count > len(names) else ''}")
    return lines
