"""Terminal output of evaluations, decision rules and audits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mien import tables
from mien.auditing.audit import NUM_FIRST
from mien.evaluation.deciding import Decided, DecisionResult
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement, JudgementRecord, LeftOut
from mien.evaluation.probing.robustness import CorruptedAccuracy
from mien.reporting.texts import Texts
from mien.words import agreed, counted, p_value, percent, points, whole_interval

OPTIMISTIC = "these rows are the hold-out, used to choose the epoch and to fit the temperature: the scores are slightly optimistic."
OPTIMISTIC_LAST = (
    "these rows are the hold-out, used to fit the temperature but not to choose the epoch: "
    "log-loss and calibration error are slightly optimistic."
)
"""Notes about scores on a hold-out: used to choose the epoch, or not."""


def as_text(judgement: Judgement) -> str:
    """The scores with their intervals, the classes, the confusion matrix and the most frequent errors."""
    evaluation, record = judgement.evaluation, judgement.record
    head = f"{record.model} on {record.data}, split {record.split}, n = {len(evaluation):,}{', flip' if record.flip else ''}"
    scores = [
        ("accuracy", evaluation.accuracy, evaluation.accuracy_interval),
        ("macro-F1", evaluation.macro_f1, evaluation.macro_f1_interval),
        ("balanced accuracy", evaluation.balanced_accuracy, evaluation.balanced_accuracy_interval),
        ("calibration error", evaluation.calibration_error, evaluation.calibration_error_interval),
    ]
    rows = [
        [name, percent(value, 2), f"{percent(low, 2)} to {percent(high, 2)}"] for name, value, (low, high) in scores
    ]
    bounds = evaluation.log_loss_interval
    rows += [["log-loss", f"{evaluation.log_loss:.4f}", f"{bounds[0]:.4f} to {bounds[1]:.4f}" if bounds else ""]]
    classes = [
        [row.name, f"{row.support:,}", *(_bounded(value) for value in (row.precision, row.recall, row.f1))]
        for row in evaluation.by_class
    ]
    parts = [
        head,
        tables.render(["score", "value", "95% interval"], rows),
        f"A perfectly calibrated model has a mean calibration error of {percent(evaluation.calibration.if_perfect, 2)} with this number of faces.",
        *_prior(judgement),
        *_warnings(judgement),
        tables.render(["class", "rows", "precision", "recall", "F1"], classes),
        tables.matrix(evaluation.classes, evaluation.confusion),
    ]
    top = evaluation.top_confusions()
    if top:
        parts.append(
            "most frequent errors: "
            + ", ".join(f"{c.true} as {c.predicted} {c.count:,} ({percent(c.share, 0)})" for c in top)
        )
    return "\n\n".join(parts)


def _prior(judgement: Judgement) -> list[str]:
    """The expected class shares, if they aren't those of training."""
    prior = judgement.record.prior
    if prior is None:
        return []
    source = "estimated from these faces, without their labels" if judgement.record.prior_estimated else "as stated"
    return [f"class shares in use, {source}: " + ", ".join(f"{name} {percent(share)}" for name, share in prior.items())]


def corrupted_as_text(found: CorruptedAccuracy) -> str:
    """The mean accuracy under corruption, and the accuracy of each corruption."""
    low, high = found.interval
    head = (
        f"mean accuracy under corruption {percent(found.value, 2)} ({percent(low, 2)} to {percent(high, 2)}) on n = {found.n:,}; "
        f"without corruption {percent(found.clean, 2)}"
    )
    rows = [
        [name, percent(accuracy), points(found.clean - accuracy)]
        for name, accuracy in sorted(found.kinds, key=lambda kind: kind[1])
    ]
    return "\n\n".join([head, tables.render(["corruption", "accuracy", "points lost"], rows)])


def _bounded(value: tuple[float, float, float] | None) -> str:
    """A share with its interval in integer percents; a dash if undefined."""
    return "–" if value is None else f"{percent(value[0])} ({whole_interval(*value[1:])})"


def _paired(difference: Mapping[str, tuple[float, ...]] | None, score: str = "accuracy") -> str:
    """A difference in a score from argmax on the same rows, in points, with its 95% interval."""
    if difference is None:
        return "–"
    return "{} ({} to {})".format(*(points(value, signed=True) for value in difference[score]))


def decisions_as_text(decided: Decided) -> str:
    """The result of ``mien decide``: one row per decision rule, and the accuracy if the least confident rows are rejected."""
    t, record = Texts("en"), decided.record
    head = (
        f"{record.model} on {record.data}, split {record.split}, n = {decided.n:,}{', flip' if record.flip else ''}; "
        f"fitted on {counted(decided.chosen_on_n, 'other row')}"
    )
    differences = [
        [
            _decision_name(row, t),
            *(_paired(row.difference, score) for score in ("accuracy", "macro_f1", "balanced_accuracy")),
        ]
        for row in decided.decisions[1:]
    ]
    covered = [
        [percent(row.answered, 0), percent(row.accuracy, 2), _ends(row.accuracy_interval), percent(row.confidence)]
        for row in decided.abstaining
    ]
    costs = [
        [t(f"decisions.{row.decision}"), f"{row.cost:.4f}", _cost_difference(row.difference), percent(row.accuracy, 2)]
        for row in decided.costs
    ]
    parts = [
        head,
        *_optimism(record),
        tables.render(
            ["decision", "accuracy", "macro-F1", "balanced", "worst recall", "class"],
            [_decision(row, t) for row in decided.decisions],
        ),
        tables.render(["difference in points", "accuracy", "macro-F1", "balanced accuracy"], differences),
        "Differences from argmax are paired, on the same rows, with 95% intervals.",
        tables.render(["most confident rows", "accuracy", "95% interval", "min. probability"], covered),
    ]
    if costs:
        parts.append(tables.render(["decision", "mean cost", "paired difference", "accuracy"], costs))
    return "\n\n".join(parts)


def _decision_name(row: DecisionResult, t: Texts) -> str:
    return t(f"decisions.{row.decision}", tau=row.tau)


def _decision(row: DecisionResult, t: Texts) -> list[str]:
    scores = [percent(value, 2) for value in (row.accuracy, row.macro_f1, row.balanced_accuracy)]
    return [_decision_name(row, t), *scores, percent(row.worst_recall), row.worst_class]


def _ends(interval: Sequence[float]) -> str:
    return f"{percent(interval[0])} to {percent(interval[1])}"


def _cost_difference(difference: Sequence[float] | None) -> str:
    return "–" if difference is None else "{:+.4f} ({:+.4f} to {:+.4f})".format(*difference)


def audit_as_text(record: Mapping[str, Any]) -> str:
    """The result of ``mien data audit``."""
    data, counts, issues = record["data"], record["counts"], record["label_issues"]
    leakage = [
        [f"{row['split']} in {row['other']}", *(f"{row[key]:,}" for key in ("rows", "exact", "near", "conflicting"))]
        for row in record["leakage"]
    ]
    parts = [
        f"{data['path']}: {counted(counts['rows'], 'face')}, {counted(counts['pictures'], 'different image')}",
        tables.render(["duplicates across splits", "rows", "exact", "near", "other label"], leakage)
        if leakage
        else "no row has a duplicate in another split",
        tables.render(["found", "rows"], _findings(counts)),
        _judged(issues, counts),
        tables.render(
            ["split", "rows", "class shares off", "p", "mean gray", "p", "contrast", "p"],
            [_drift(split) for split in record["drift"]],
        ),
    ]
    if written := record.get("written"):
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in written["reasons"].items()) or "none"
        parts.append(
            f"{written['out']}: {counted(written['rows'], 'row')}; labels corrected {written['fixed']:,}; "
            f"rows dropped {written['dropped']:,} ({reasons}); all changes are listed in {written['list']}"
        )
    return "\n\n".join(parts)


def _findings(counts: Mapping[str, int]) -> list[list[str]]:
    found = {
        f"in {counted(counts['groups'], 'group')} of duplicates": "rows_in_groups",
        f"in {counted(counts['conflicting_groups'], 'group')} with conflicting labels": "conflicting_rows",
        "blank": "blank",
        "no face found": "no_face_found",
        "label issue": "label_issues",
    }
    return [[name, f"{counts[key]:,}"] for name, key in found.items()]


def _judged(issues: Mapping[str, Any], counts: Mapping[str, int]) -> str:
    line = f"labels checked by {issues['judge']}: {counted(counts['judged'], 'row')}"
    if issues["learned"]:
        line += f"; {counted(issues['learned'], 'training row')} of it, or duplicates of those, are left out"
    if not issues["knows_training"]:
        line += "; its training rows are unknown"
    if shares := issues["voted_otherwise"]:
        line += (
            f"\nthe majority vote differs from the label for {percent(shares['label_issues'])} of the label issues, {percent(shares['first'])} of the "
            f"{min(NUM_FIRST, counts['label_issues']):,} most likely ones, and {percent(shares['judged'])} of all checked rows"
        )
    return line


def _drift(split: Mapping[str, Any]) -> list[str]:
    def p(value: float | None) -> str:
        return "" if value is None else p_value(value)

    return [
        split["split"],
        f"{split['rows']:,}",
        percent(split["variation"]),
        p(split["classes_p"]),
        f"{split['gray']:.1f}",
        p(split["gray_p"]),
        f"{split['contrast']:.1f}",
        p(split["contrast_p"]),
    ]


def _warnings(judgement: Judgement) -> list[str]:
    only = judgement.evaluation.only_answer
    warning = (
        [f"warning: the model predicts {only} for every face: it doesn't distinguish the classes."] if only else []
    )
    return [*warning, *_left_out(judgement.record.without_duplicates_of), *_copies(judgement)]


def _left_out(left_out: LeftOut | None) -> list[str]:
    if left_out is None:
        return []
    return [
        f"left out: {counted(left_out.left_out, 'duplicate')} of rows of {left_out.data} ({left_out.exact:,} of them exact; "
        f"correlation above {left_out.correlation:g})"
    ]


def _copies(judgement: Judgement) -> list[str]:
    """Lines about evaluated faces that were seen in training."""
    record, n = judgement.record, len(judgement.evaluation)
    lines = _optimism(record)
    copies = record.copies_of_train
    if copies is None:
        return [
            *lines,
            "it is unknown whether these faces were seen in training: the model file has no record of its training faces.",
        ]
    if not copies.rows:
        return [*lines, "none of these faces was seen in training (identical pixels)."]
    parts = [
        f"{num:,} {words}"
        for num, words in (
            (copies.learned, "in the training rows"),
            (copies.held_out, "in the hold-out"),
        )
        if num
    ]
    seen = f"{copies.rows:,} of {counted(n, 'face')} {agreed(copies.rows, 'was', 'were')} seen in training with identical pixels ({', '.join(parts)})"
    tail = (
        "none is left without them"
        if copies.without is None
        else f"without them (n = {copies.n_without:,}): {_scores_without(copies.without)}"
    )
    warning = "warning: the scores are not valid for new faces, because " if record.holds_training_rows else ""
    return [*lines, f"{warning}{seen}; {tail}."]


def _optimism(record: JudgementRecord) -> list[str]:
    if not record.is_hold_out:
        return []
    return [OPTIMISTIC if record.hold_out_chose_epoch else OPTIMISTIC_LAST]


def _scores_without(fresh: Evaluation) -> str:
    """Accuracy, macro-F1, balanced accuracy and lowest recall, on the rows that were not seen."""
    scores = [
        ("accuracy", fresh.accuracy, fresh.accuracy_interval),
        ("macro-F1", fresh.macro_f1, fresh.macro_f1_interval),
        ("balanced accuracy", fresh.balanced_accuracy, fresh.balanced_accuracy_interval),
    ]
    parts = [
        f"{name} {percent(value, 2)} ({percent(low, 2)} to {percent(high, 2)})" for name, value, (low, high) in scores
    ]
    recalls = [(recall, name) for recall, name, n in zip(fresh.recall, fresh.classes, fresh.support, strict=True) if n]
    recall, name = min(recalls)
    return ", ".join([*parts, f"lowest recall {name} {percent(recall)}"])
