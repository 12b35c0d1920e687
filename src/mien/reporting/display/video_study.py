"""How a study with clips shows itself."""

from __future__ import annotations

import dataclasses
import os

from mien import tables
from mien.reporting.display import markup
from mien.reporting.pages import video_study as pages
from mien.reporting.texts import Texts, cells
from mien.videos.study import PersonInClip, VideoStudy


def text(result: VideoStudy) -> str:
    """The tables that ``mien video`` prints for several clips: conditions, then persons by clip."""
    t = Texts("en")
    parts = [
        f"{table.title}\n{tables.render(table.heads, [[row.name, *row.cells] for row in table.rows])}"
        for table in pages.condition_tables(result, t)[:1]
    ]
    parts.append(tables.render(t.heads("display.video_study_heads"), _cells(result)))
    return "\n\n".join([*parts, *pages.warnings(result, t)])


def html(result: VideoStudy) -> str:
    """The persons by clip, as a table."""
    t = Texts("en")
    return markup.block(markup.title(result.folder), markup.table(t.heads("display.video_study_heads"), _cells(result)))


def write_page(result: VideoStudy, path: str | os.PathLike[str], lang: str, faces: bool) -> None:
    """The page, which has no faces in any case; see ``reporting.pages``."""
    del faces
    pages.write(path, result, lang=lang)


def rows(result: VideoStudy) -> list[dict[str, object]]:
    """A row for each person, clip and expression."""
    return [dataclasses.asdict(row) for one in result.results for row in one.expressions]


def _cells(result: VideoStudy) -> list[list[str]]:
    return [_row(one, result) for one in result.results]


def _row(one: PersonInClip, result: VideoStudy) -> list[str]:
    summary, index = one.summary, one.summary.valence_index
    most = max(one.expressions, key=lambda row: row.share_of_time or 0.0, default=None)
    most_shown = cells.DASH
    if most is not None and most.share_of_time:
        most_shown = f"{most.expression} {cells.percent(most.share_of_time, 0)}"
    return [
        summary.person,
        summary.clip,
        pages.condition_in_clip(summary, result),
        cells.percent(summary.readable_share, 0),
        most_shown,
        cells.count(len(one.episodes)),
        cells.DASH if index is None else cells.signed(index, 2),
    ]
