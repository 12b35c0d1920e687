"""A study with clips as one HTML page that opens offline: conditions, persons, and a timeline of each person in each clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mien
from mien.reporting.pages.frame import page_template, writer
from mien.reporting.pages.parts import TableRow
from mien.reporting.pages.video_timelines import named, timelines
from mien.reporting.texts import Texts, cells
from mien.videos.analysis import clock
from mien.videos.blocks import ROUNDING
from mien.videos.study import VideoStudy
from mien.videos.summaries import ClipSummary, GroupSummary

MOST_NOTES = 3
"""Maximum number of remarks of one kind on blocks that are told one by one."""

FEW_READABLE = 0.8
"""Share of readable time below which the page warns."""


@dataclass(frozen=True)
class Table:
    """A table with a caption above."""

    title: str
    heads: Sequence[str]
    rows: Sequence[TableRow]


def render(study: VideoStudy, *, lang: str = "en") -> str:
    """The page as a string.

    Raises:
        OutputError: there is no such language.
        MissingExtraError: jinja2 isn't installed.
    """
    t = Texts(lang)
    template = page_template("video_study")
    persons, hidden = timelines(study, t)
    return template.render(
        films=any(one.film_id for one in persons),
        shows_faces=any("<image" in one.svg for one in persons),
        t=t,
        version=mien.__version__,
        title=t("video_study.title"),
        subtitle=t(
            "video_study.subtitle",
            clips=len({one.summary.clip for one in study.results}),
            persons=len({one.summary.person for one in study.results}),
            model=study.settings.reading.model,
        ),
        warnings=warnings(study, t),
        settings=settings(study, t),
        groups=[*condition_tables(study, t), *_person_tables(study, t)],
        clips=Table("", t.heads("video_study.clip_heads"), [_clip_row(one.summary, study, t) for one in study.results]),
        persons=persons,
        hidden=hidden,
        commands=[],
    )


write = writer(render)


def warnings(study: VideoStudy, t: Texts) -> list[str]:
    """What to know before reading the figures."""
    found = [t("video_study.unread", clip=one.clip, reason=one.reason) for one in study.unread]
    found += [t("video_study.damaged", clip=one.clip, frames=one.frames, lost=one.lost) for one in study.damaged]
    found += _block_notes(study, t)
    found += [
        t("video_study.late", clip=clip, seconds=offset) for clip, offset in study.offsets.items() if offset > ROUNDING
    ]
    if without := study.without_baseline:
        found.append(t("video_study.no_baseline", names=t.some(list(dict.fromkeys(named(one, t) for one in without)))))
    few = [one.summary for one in study.results if one.summary.readable_share < FEW_READABLE]
    if few:
        names = t.some(list(dict.fromkeys(named(one, t) for one in few)))
        found.append(t("video_study.few_readable", names=names, share=FEW_READABLE))
    if not study.settings.design.single and not study.settings.design.persons:
        found.append(t("video_study.tracks"))
    return found


def _block_notes(study: VideoStudy, t: Texts) -> list[str]:
    """The remarks on blocks; many of one kind are one sentence."""
    found = []
    for kind in dict.fromkeys(one.kind for one in study.notes):
        notes = [one for one in study.notes if one.kind == kind]
        if len(notes) > MOST_NOTES:
            clips = len({one.clip for one in notes})
            found.append(t(f"video_study.blocks_{kind}", num=clips, seconds=sum(one.seconds for one in notes)))
            continue
        for one in notes:
            values = {"clip": one.clip, "seconds": one.seconds, "first": one.first, "second": one.second}
            found.append(t(f"video_study.block_{kind}", **values))
    return found


def condition_in_clip(summary: ClipSummary, study: VideoStudy) -> str:
    """The condition of a clip, or that of a block with its times."""
    name = summary.condition or cells.DASH
    if not study.settings.design.blocks_of(summary.clip):
        return name
    return f"{name} {clock(summary.start)}–{clock(summary.end)}"


def settings(study: VideoStudy, t: Texts) -> list[tuple[str, str]]:
    """The settings of the study, by name."""
    reading, design = study.settings.reading, study.settings.design
    span = design.baseline
    baseline = t("video_study.none")
    if span is not None:
        baseline = span.clip or t("video_study.window", start=span.start, end=span.end)
    rule = t("video_study.rule", threshold=design.rule.threshold, shortest=design.rule.shortest, gap=design.rule.gap)
    limits = t(
        "video_study.limits",
        size=reading.limits.min_size,
        sharpness=reading.limits.min_sharpness,
        turn=reading.limits.max_turn,
    )
    values = (
        reading.model,
        t("video_study.seconds", num=reading.smoothing),
        cells.count(reading.every),
        rule,
        baseline,
        limits,
        t("video_study.single" if design.single else "video_study.several"),
        reading.prior or t("video_study.none"),
    )
    return list(zip(t.heads("video_study.settings"), values, strict=True))


def condition_tables(study: VideoStudy, t: Texts) -> list[Table]:
    """Means by condition; none without conditions."""
    rows = [row for row in study.by_condition if row.group]
    return _tables(rows, study, "condition", t) if rows else []


def _person_tables(study: VideoStudy, t: Texts) -> list[Table]:
    return _tables(study.by_person, study, "person", t)


def _tables(rows: Sequence[GroupSummary], study: VideoStudy, by: str, t: Texts) -> list[Table]:
    """A table for each figure: a row for each group, a column for each expression."""
    fields = ["mean_probability", "share_of_time", "episodes_per_minute"]
    if study.settings.design.baseline is not None:
        fields.insert(1, "deviation")
    title = t(f"video_study.by_{by}")
    heads = [t(f"video_study.name_{by}"), t("video_study.num_persons"), *t.names(study.classes)]
    groups = dict.fromkeys(row.group for row in rows)
    return [
        Table(
            t("video_study.table", title=title, figure=t(f"video_study.{field}")),
            heads,
            [_group_row(group, [row for row in rows if row.group == group], field) for group in groups],
        )
        for field in fields
    ]


def _group_row(group: str, rows: Sequence[GroupSummary], field: str) -> TableRow:
    return TableRow(group, (cells.count(rows[0].persons), *(_cell(getattr(row, field), field) for row in rows)))


def _cell(value: float | None, field: str) -> str:
    if value is None:
        return cells.DASH
    if field == "episodes_per_minute":
        return cells.decimal(value)
    return cells.true_minus(cells.signed(round(100 * value, 1) + 0.0)) if field == "deviation" else cells.percent(value)


def _clip_row(summary: ClipSummary, study: VideoStudy, t: Texts) -> TableRow:
    def signed(value: float | None) -> str:
        return cells.DASH if value is None else cells.true_minus(cells.signed(value, 2))

    reasons = (summary.no_face, summary.too_small, summary.too_blurred, summary.turned_away)
    return TableRow(
        summary.person,
        (
            summary.clip,
            condition_in_clip(summary, study),
            cells.decimal(summary.seconds),
            cells.percent(summary.readable_share),
            *(cells.percent(share) if share else cells.DASH for share in reasons),
            signed(summary.valence_index),
            signed(summary.valence_deviation),
        ),
    )
