"""A judgement as words for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mien import tables
from mien.evaluation.judge import Judgement


def as_text(judgement: Judgement) -> str:
    """The scores with their intervals, the classes, the confusion matrix and the most frequent errors."""
    evaluation, record = judgement.evaluation, judgement.record
    head = f"{record['model']} on {record['data']}, split {record['split']}, n = {len(evaluation):,}{', flip' if record['flip'] else ''}"
    scores = [
        ("accuracy", evaluation.accuracy, evaluation.accuracy_interval),
        ("macro-F1", evaluation.macro_f1, evaluation.macro_f1_interval),
        ("balanced accuracy", evaluation.balanced_accuracy, evaluation.balanced_accuracy_interval),
    ]
    rows = [[name, f"{value:.2%}", f"{low:.2%} to {high:.2%}"] for name, value, (low, high) in scores]
    rows += [
        ["calibration error", f"{evaluation.calibration_error:.2%}", ""],
        ["log-loss", f"{evaluation.log_loss:.4f}", ""],
    ]
    classes = [
        [name, f"{support:,}", f"{precision:.1%}", f"{recall:.1%}", f"{f1:.1%}"]
        for name, support, precision, recall, f1 in zip(
            evaluation.classes,
            evaluation.support.tolist(),
            evaluation.precision,
            evaluation.recall,
            evaluation.f1,
            strict=True,
        )
    ]
    parts = [
        head,
        tables.render(["score", "value", "95% interval"], rows),
        *_warnings(judgement),
        tables.render(["class", "rows", "precision", "recall", "F1"], classes),
        tables.matrix(evaluation.classes, evaluation.confusion),
    ]
    top = evaluation.top_confusions()
    if top:
        parts.append(
            "most frequent errors: " + ", ".join(f"{c.true} as {c.predicted} {c.count:,} ({c.share:.0%})" for c in top)
        )
    return "\n\n".join(parts)


def decisions_as_text(record: Mapping[str, Any]) -> str:
    """What ``mien decide`` found: a row a decision, and what abstaining is worth."""
    head = (
        f"{record['model']} on {record['data']}, split {record['split']}, n = {record['n']:,}{', flip' if record['flip'] else ''}; "
        f"chosen on {record['chosen_on_n']:,} other rows"
    )
    rows = [
        [
            row["decision"],
            f"{row['accuracy']:.2%}",
            f"{row['macro_f1']:.2%}",
            f"{row['balanced_accuracy']:.2%}",
            f"{row['worst_recall']:.1%}",
            row["worst_class"],
        ]
        for row in record["decisions"]
    ]
    surest = [
        [f"{row['answered']:.0%}", f"{row['accuracy']:.2%}", f"{row['confidence']:.1%}"] for row in record["abstaining"]
    ]
    return "\n\n".join(
        [
            head,
            tables.render(["decision", "accuracy", "macro-F1", "balanced", "worst recall", "class"], rows),
            tables.render(["surest rows answered", "accuracy", "least probability"], surest),
        ]
    )


def _warnings(judgement: Judgement) -> list[str]:
    if judgement.record["holds_training_rows"]:
        return ["warning: the model was trained on these rows; this says nothing about new faces."]
    copies = judgement.record["copies_of_train"]
    if not copies or not copies["rows"]:
        return []
    without = copies["accuracy_without"]
    tail = (
        "none is left without them"
        if without is None
        else f"without them accuracy is {without:.2%} (n = {copies['n_without']:,})"
    )
    return [f"{copies['rows']:,} of these faces also stand in the training rows, pixel for pixel; {tail}."]
