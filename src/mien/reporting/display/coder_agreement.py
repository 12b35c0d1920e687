"""How the agreement of coders and mien shows itself."""

from __future__ import annotations

import math

from mien import tables
from mien.evaluation.metrics import Score
from mien.experiments.coder_agreement import CoderAgreement
from mien.reporting.display import markup
from mien.reporting.texts import Texts, cells

MOST_NOTES = 3
"""Maximum number of remarks of one kind that are told."""

FEW_UNITS = 10
"""Number of clips or blocks below which intervals are too narrow: a bootstrap needs that many, roughly."""


def text(result: CoderAgreement) -> str:
    """The tables that ``mien agree`` prints."""
    t = Texts("en")
    parts = [
        tables.render(t.heads("display.coder_pair_heads"), _pairs(result)),
        "\n".join(_lines(result, t)),
        tables.render(t.heads("display.coder_expression_heads"), _expressions(result)),
    ]
    for one in result.confusions:
        heads = [t("display.coder_corner", coder=one.coder), *result.classes]
        rows = [
            [name, *(cells.decimal(seconds) for seconds in row)]
            for name, row in zip(result.classes, one.seconds, strict=True)
        ]
        parts.append(tables.render(heads, rows))
    return "\n\n".join(parts)


def html(result: CoderAgreement) -> str:
    """The same without the confusion."""
    t = Texts("en")
    return markup.block(
        markup.table(t.heads("display.coder_pair_heads"), _pairs(result)),
        *(markup.line(line) for line in _lines(result, t)),
        markup.table(t.heads("display.coder_expression_heads"), _expressions(result)),
    )


def rows(result: CoderAgreement) -> list[dict[str, object]]:
    """A row for each coder and expression."""
    return [
        {
            "coder": one.coder,
            "expression": one.expression,
            "coder_seconds": one.coder_seconds,
            "model_seconds": one.model_seconds,
            **one.kappa.named("kappa"),
            **one.icc.named("icc"),
        }
        for one in result.expressions
    ]


def _lines(result: CoderAgreement, t: Texts) -> list[str]:
    """Fleiss' kappa, and how the figures were made."""
    lines = [t("display.coder_fleiss", kappa=_shown(result.fleiss))]
    if result.fleiss_people is not None:
        lines.insert(0, t("display.coder_fleiss_people", kappa=_shown(result.fleiss_people)))
    lines.append(t(f"display.coder_{result.drawn}", num=result.clips, seconds=result.block))
    if result.units < FEW_UNITS:
        lines.append(t("display.coder_few", num=result.units))
    if result.uncoded is not None:
        lines.append(t("display.coder_uncoded", label=result.uncoded))
    return [*lines, *_labels(result, t), *_notes(result, t)]


def _labels(result: CoderAgreement, t: Texts) -> list[str]:
    """Labels that the model lacks, and those that count as a class of another name."""
    lines = []
    if num := len(result.lacking):
        own = [name for name in result.classes if name not in result.lacking]
        lines.append(t("display.coder_lacking", num=num, names=t.some(result.lacking), classes=t.some(own, len(own))))
    if num := len(result.renamed):
        labels, names = zip(*result.renamed, strict=True)
        lines.append(t("display.coder_renamed", num=num, names=t.some(labels, num), classes=t.some(names, num)))
    return lines


def _notes(result: CoderAgreement, t: Texts) -> list[str]:
    """The codes that were left out, the first ones of each kind."""
    lines = []
    for kind in dict.fromkeys(one.kind for one in result.notes):
        notes = [one for one in result.notes if one.kind == kind]
        for one in notes[:MOST_NOTES]:
            key = f"display.coder_{kind}" + "_person" * (kind == "unread" and bool(one.name))
            lines.append(t(key, clip=one.clip, name=one.name, seconds=one.seconds))
        if rest := len(notes[MOST_NOTES:]):
            lines.append(t("display.coder_more", num=rest))
    return lines


def _pairs(result: CoderAgreement) -> list[list[str]]:
    return [
        [one.first, one.second, cells.decimal(one.seconds), _shown(one.agreement), _shown(one.kappa)]
        for one in result.pairs
    ]


def _expressions(result: CoderAgreement) -> list[list[str]]:
    return [
        [
            one.coder,
            one.expression,
            cells.decimal(one.coder_seconds),
            cells.decimal(one.model_seconds),
            _shown(one.kappa),
            _shown(one.icc),
        ]
        for one in result.expressions
    ]


def _shown(score: Score) -> str:
    """``0.62 (0.41 to 0.79)``; a dash where it is not defined."""
    if math.isnan(score.value):
        return cells.DASH
    value = cells.decimal(score.value, 2)
    return value if math.isnan(score.low) else f"{value} ({cells.decimal_ends(score.interval, 2)})"
