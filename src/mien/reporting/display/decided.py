"""How a comparison of decision rules shows itself."""

from __future__ import annotations

from dataclasses import asdict

from mien.evaluation.deciding import Decided
from mien.reporting import terminal
from mien.reporting.display import markup
from mien.reporting.texts import Texts


def text(decided: Decided) -> str:
    """What ``mien decide`` prints."""
    return terminal.decisions_as_text(decided)


def html(decided: Decided) -> str:
    """The scores of the rules and their differences as tables."""
    t = Texts("en")
    return markup.block(
        markup.title(t("terminal.chosen", head=terminal.head(decided.record, decided.n, t), n=decided.chosen_on_n)),
        markup.table(t.heads("terminal.decision_heads"), [terminal.decision(row, t) for row in decided.decisions]),
        markup.table(
            t.heads("terminal.difference_heads"), [terminal.differences(row, t) for row in decided.decisions[1:]]
        ),
        markup.line(t("terminal.paired")),
    )


def rows(decided: Decided) -> list[dict[str, object]]:
    """A row for each rule: its scores, and their differences from argmax with the ends of their intervals."""
    found: list[dict[str, object]] = []
    for rule in decided.decisions:
        row = asdict(rule)
        del row["offsets"], row["difference"]
        for key, ends in (rule.difference or {}).items():
            names = (f"{key}_difference", f"{key}_difference_low", f"{key}_difference_high")
            row |= dict(zip(names, ends, strict=True))
        found.append(row)
    return found
