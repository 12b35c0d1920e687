"""How an Audit shows itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mien.auditing.audit import Audit
from mien.reporting import pictures, terminal
from mien.reporting.display import markup
from mien.reporting.pages import audit as pages
from mien.reporting.plots.faces import CountPlot
from mien.reporting.texts import Texts, cells

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NUM_PICTURES = 12
"""Number of label issues that are shown as pictures, the most likely ones."""


def text(audit: Audit) -> str:
    """What ``mien data audit`` prints."""
    return terminal.audit_as_text(audit)


def html(audit: Audit) -> str:
    """The counts as a table, and the faces whose labels are most probably wrong."""
    t, counts = Texts("en"), audit.counts
    shown = [
        markup.picture(
            pictures.face_url(audit.faces.images[row]),
            t(
                "display.read_as",
                label=audit.label(row),
                reading=audit.faces.classes[int(audit.label_issues.of(row).argmax())],
            ),
        )
        for row in audit.label_issues.rows[:NUM_PICTURES].tolist()
    ]
    return markup.block(
        markup.title(t("terminal.audited", data=audit.faces.source.path, rows=counts.rows, pictures=counts.pictures)),
        markup.table(t.heads("terminal.finding_heads"), terminal.findings(counts, t)),
        markup.table(t.heads("terminal.drift_heads"), [terminal.drift(split) for split in audit.drift]),
        *shown,
    )


def write_page(audit: Audit, path: str | os.PathLike[str], lang: str, faces: bool) -> None:
    """The page; see ``reporting.pages``."""
    pages.write(path, audit, lang=lang, faces=faces)


def rows(audit: Audit) -> list[dict[str, object]]:
    """A row for each finding: kind, row of the data, name, split, label, and the number of its group of duplicates."""
    return [
        {
            "finding": finding,
            "row": row,
            "name": str(audit.faces.names[row]),
            "split": str(audit.faces.splits[row]),
            "label": audit.label(row),
            "group": group,
        }
        for finding, row, group in _findings(audit)
    ]


def plot_findings(audit: Audit, ax: Axes | None) -> Any:
    """The number of rows of each finding."""
    found = terminal.findings(audit.counts, Texts("en"))
    counts = [int(num.replace(",", "")) for _, num in found]
    plot = CountPlot([name for name, _ in found], {"rows": counts}).plot(ax)
    for place, num in enumerate(counts):
        plot.ax_.text(num, place, f" {cells.count(num)}", va="center", fontsize=8.5)
    plot.ax_.set_yticks(range(len(found)), [name for name, _ in found])
    return plot.ax_


def _findings(audit: Audit) -> Iterator[tuple[str, int, int | None]]:
    for number, group in enumerate(audit.groups):
        kind = "conflicting labels" if group.labels > 1 else "duplicate"
        yield from ((kind, row, number) for row in group.rows.tolist())
    yield from (("blank", row, None) for row in audit.blank.tolist())
    yield from (("no face found", row, None) for row in audit.faceless.tolist())
    yield from (("label issue", row, None) for row in audit.label_issues.rows.tolist())
