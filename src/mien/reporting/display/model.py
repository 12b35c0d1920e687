"""How a model file shows itself: its metadata, and the model card. The text needs no package of the extra ``report``."""

from __future__ import annotations

import dataclasses
import textwrap

from mien import tables
from mien.inference.cards import Card, Figure, ModelInfo
from mien.reporting.display import markup
from mien.reporting.texts import Texts, cells

WIDTH = 100
"""Length of a line of text, in characters."""

TRAINING = ("seed", "epoch", "mien", "torch", "git_commit", "data_hash")
"""Fields of the training that are shown, where the model file has them."""

SECTIONS = ("intended_use", "out_of_scope", "factors", "ethical_considerations", "caveats")
"""Sections of the card that are shown; the others are figures or are in its file."""


def text(info: ModelInfo) -> str:
    """What ``mien info`` prints."""
    t = Texts("en")
    facts = _facts(info, t)
    width = max(len(name) for name, _ in facts)
    parts = ["\n".join(f"{name.ljust(width)}  {value}" for name, value in facts)]
    if info.card is not None:
        parts += [textwrap.fill(info.card.about, WIDTH)]
        parts += [tables.render(t.heads("model.figure_heads"), _figures(info.card, t))]
        parts += [tables.render(t.heads("model.class_heads"), _classes(info.card, t))]
        parts += [f"{title}\n{_wrapped(items)}" for title, items in _sections(info.card, t)]
    return "\n\n".join(parts)


def html(info: ModelInfo) -> str:
    """The same as tables and lines."""
    t = Texts("en")
    heading, *facts = _facts(info, t)
    parts = [markup.title(heading[1]), markup.table(["", ""], facts)]
    if info.card is not None:
        parts += [markup.line(info.card.about), markup.table(t.heads("model.figure_heads"), _figures(info.card, t))]
        parts += [markup.table(t.heads("model.class_heads"), _classes(info.card, t))]
        for title, items in _sections(info.card, t):
            parts += [markup.title(title), *map(markup.line, items)]
    return markup.block(*parts)


def rows(info: ModelInfo) -> list[dict[str, object]]:
    """A row for each measured value of the card."""
    return [] if info.card is None else [dataclasses.asdict(figure) for figure in info.card.figures]


def _facts(info: ModelInfo, t: Texts) -> list[tuple[str, str]]:
    spec, training = info.spec, info.spec.training
    names = t.heads("model.facts")
    recipe = training.get("recipe", {}).get("name")
    known = [("recipe", recipe), *((key, training.get(key)) for key in TRAINING)]
    origin = spec.adapted_from.name if spec.adapted_from else _init(training.get("init"))
    held_out = [
        t("model.score", split=str(score.get("split")), n=score.get("n", 0), accuracy=score["accuracy"])
        for score in spec.scores
        if isinstance(score.get("accuracy"), float) and isinstance(score.get("n"), int)
    ]
    values = [
        info.name,
        info.path,
        t("model.file", megabytes=cells.megabytes(info.bytes), sha256=info.sha256),
        t("page.list").join(spec.classes),
        t("model.input", height=spec.size[0], width=spec.size[1], crop=spec.crop),
        t("page.list").join(["argmax", *spec.decisions]),
        t("page.list").join(f"{key} {value}" for key, value in known if isinstance(value, str | int)),
        origin,
        t("page.list").join(held_out),
        "" if info.num_seen is None else t("model.seen", num=info.num_seen),
    ]
    return [(name, value) for name, value in zip(names, values, strict=True) if value]


def _init(record: object) -> str:
    """The name of the model that a training started from, as the metadata has it."""
    name = record.get("name") if isinstance(record, dict) else None
    return name if isinstance(name, str) else ""


def _figures(card: Card, t: Texts) -> list[list[str]]:
    def value(figure: Figure | None) -> str:
        if figure is None:
            return t("page.skip")
        share = "" if figure.metric == "log_loss" else "share_"
        known = figure.low is not None and figure.high is not None
        ends = {"low": figure.low, "high": figure.high} if known else {}
        return t(f"model.{share}{'interval' if known else 'value'}", value=figure.value, **ends)

    return [
        [
            t(f"model.metric.{one.metric}"),
            t(f"model.data.{one.data}"),
            cells.count(one.n),
            value(one),
            value(card.figure(one.metric, one.data, flip=True)),
        ]
        for one in card.figures
        if not one.flip
    ]


def _classes(card: Card, t: Texts) -> list[list[str]]:
    def share(value: float | None) -> str:
        return t("page.skip") if value is None else t("model.share_value", value=value)

    return [
        [row.name, cells.count(row.rows), *map(share, (row.precision, row.recall, row.f1, row.recall_without_copies))]
        for row in card.by_class
    ]


def _sections(card: Card, t: Texts) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (title, tuple(item.replace("**", "").replace("`", "").replace("*", "") for item in getattr(card, name)))
        for name, title in zip(SECTIONS, t.heads("model.sections"), strict=True)
    ]


def _wrapped(items: tuple[str, ...]) -> str:
    return "\n".join(
        textwrap.fill(item, WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
        for item in items
    )
