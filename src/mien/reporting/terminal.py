"""Scores, decisions and audits in words and tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from mien import palette, tables
from mien.auditing.audit import NUM_FIRST, Audit
from mien.auditing.cleaning import Cleaned
from mien.auditing.drift import SplitDrift
from mien.auditing.findings import Counts
from mien.evaluation.deciding import Decided, DecisionResult
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement, JudgementRecord, LeftOut
from mien.evaluation.metrics import Interval, Score
from mien.evaluation.overlap import Overlap
from mien.evaluation.probing.robustness import CorruptedAccuracy
from mien.reporting import data_notes
from mien.reporting.texts import Texts, cells


def as_text(judgement: Judgement, lang: str = "en") -> str:
    """The scores with their intervals, the classes, the confusion matrix and the most frequent errors."""
    t, evaluation = Texts(lang), judgement.evaluation
    scores, classes = _score_parts(evaluation, t), _class_parts(evaluation, t)
    lead = head(judgement.record, len(evaluation), t)
    notes = data_notes.left_out(judgement.record.read, t, judgement.record.unlabelled)
    return "\n\n".join([lead, *scores, *_prior(judgement.record, t), *warnings(judgement, t), *notes, *classes])


def evaluation_as_text(evaluation: Evaluation, lang: str = "en") -> str:
    """The same of an evaluation alone, without its model and its data."""
    t = Texts(lang)
    lead = t("terminal.evaluated", n=len(evaluation))
    return "\n\n".join([lead, *_score_parts(evaluation, t), *_class_parts(evaluation, t)])


def score_rows(evaluation: Evaluation, t: Texts) -> list[list[str]]:
    """A row for each score: its name, its value and its interval."""
    scores = [
        [t(f"scores.{key}"), cells.percent(score.value, 2), _ends("percent", score.interval, t)]
        for key, score in evaluation.scores.items()
    ]
    bounds = evaluation.log_loss_interval
    loss_ends = _ends("decimal", bounds, t) if bounds else ""
    return [*scores, [t("scores.log_loss"), cells.decimal(evaluation.log_loss, 4), loss_ends]]


def class_rows(evaluation: Evaluation) -> list[list[str]]:
    """A row for each class: its name, its number of rows, precision, recall and F1."""
    return [
        [row.name, cells.count(row.support), *map(cells.bounded, (row.precision, row.recall, row.f1))]
        for row in evaluation.by_class
    ]


def _score_parts(evaluation: Evaluation, t: Texts) -> list[str]:
    table = tables.render(t.heads("terminal.score_heads"), score_rows(evaluation, t))
    return [table, t("terminal.if_perfect", value=evaluation.calibration.if_perfect)]


def _class_parts(evaluation: Evaluation, t: Texts) -> list[str]:
    parts = [
        _classes(evaluation, t),
        tables.matrix(evaluation.classes, evaluation.confusion),
    ]
    return [*parts, *errors(evaluation, t)]


def _classes(evaluation: Evaluation, t: Texts) -> str:
    """The table of classes; on a terminal with colour, each has its colour and a bar of its recall."""
    heads, rows = t.heads("terminal.class_heads"), class_rows(evaluation)
    if tables.is_colourful():
        recalls = [row.recall.value if row.recall else 0.0 for row in evaluation.by_class]
        heads, rows = [*heads, ""], [[*row, tables.bar(recall)] for row, recall in zip(rows, recalls, strict=True)]
    return tables.render(heads, rows, list(palette.on_terminal(evaluation.classes).values()))


def errors(evaluation: Evaluation, t: Texts) -> list[str]:
    """The most frequent errors as one line; nothing without errors."""
    top = [
        t("terminal.error", true=one.true, predicted=one.predicted, count=one.count, share=one.share)
        for one in evaluation.top_confusions()
    ]
    return [t("terminal.errors", errors=t("page.list").join(top))] if top else []


def head(record: JudgementRecord, n: int, t: Texts) -> str:
    """Model, data, split and number of rows."""
    key = "terminal.head_flip" if record.flip else "terminal.head"
    return t(key, model=record.model, data=record.data, split=record.split, n=n)


def _prior(record: JudgementRecord, t: Texts) -> list[str]:
    """The class shares that the probabilities are adjusted to; nothing where those of training are kept."""
    if record.prior is None:
        return []
    shares = [t("terminal.named_share", name=name, share=share) for name, share in record.prior.items()]
    key = "terminal.prior_estimated" if record.prior_estimated else "terminal.prior_stated"
    return [t(key, shares=t("page.list").join(shares))]


def corrupted_as_text(found: CorruptedAccuracy, lang: str = "en") -> str:
    """The mean accuracy under corruption, and each corruption's own."""
    t, (low, high) = Texts(lang), found.interval
    lead = t("terminal.corrupted", value=found.value, low=low, high=high, n=found.n, clean=found.clean)
    rows = [
        [name, cells.percent(accuracy), cells.points(found.clean - accuracy)]
        for name, accuracy in sorted(found.kinds, key=lambda kind: kind[1])
    ]
    return "\n\n".join([lead, tables.render(t.heads("terminal.corrupted_heads"), rows)])


def decisions_as_text(decided: Decided, lang: str = "en") -> str:
    """What ``mien decide`` found: a row for each decision, and what abstaining is worth."""
    t, record = Texts(lang), decided.record
    covered = [
        [
            cells.percent(row.answered, 0),
            cells.percent(row.accuracy, 2),
            _ends("short_percent", row.accuracy_interval, t),
            cells.percent(row.confidence),
        ]
        for row in decided.abstaining
    ]
    costs = [
        [
            t(f"decisions.{row.decision}"),
            cells.decimal(row.cost, 4),
            _difference("cost", row.difference, t),
            cells.percent(row.accuracy, 2),
        ]
        for row in decided.costs
    ]
    parts = [
        t("terminal.chosen", head=head(record, decided.n, t), n=decided.chosen_on_n),
        *_optimism(record, t),
        tables.render(t.heads("terminal.decision_heads"), [decision(row, t) for row in decided.decisions]),
        tables.render(t.heads("terminal.difference_heads"), [differences(row, t) for row in decided.decisions[1:]]),
        t("terminal.paired"),
        tables.render(t.heads("terminal.coverage_heads"), covered),
    ]
    if costs:
        parts.append(tables.render(t.heads("terminal.cost_heads"), costs))
    return "\n\n".join(parts)


def _decision_name(row: DecisionResult, t: Texts) -> str:
    return t(f"decisions.{row.decision}", tau=row.tau)


def decision(row: DecisionResult, t: Texts) -> list[str]:
    """The row of a decision rule: its scores, in percent."""
    scores = [cells.percent(value, 2) for value in (row.accuracy, row.macro_f1, row.balanced_accuracy)]
    return [_decision_name(row, t), *scores, cells.percent(row.worst_recall), row.worst_class]


def differences(row: DecisionResult, t: Texts) -> list[str]:
    """Differences in scores from argmax on the same rows, in points, with their 95% intervals."""
    differences = row.difference or {}
    keys = ("accuracy", "macro_f1", "balanced_accuracy")
    return [_decision_name(row, t), *(_difference("points", differences.get(key), t) for key in keys)]


def _difference(kind: str, difference: Sequence[float] | None, t: Texts) -> str:
    """A paired difference with its 95% interval; a dash if there is none."""
    if difference is None:
        return cells.DASH
    value, low, high = difference
    return t(f"terminal.cell.{kind}", value=value, low=low, high=high)


def _ends(kind: str, interval: Interval, t: Texts) -> str:
    return t(f"terminal.ends.{kind}", low=interval[0], high=interval[1])


def audit_as_text(audit: Audit, cleaned: Cleaned | None = None, lang: str = "en") -> str:
    """What ``mien data audit`` found, and what it has written."""
    t, counts = Texts(lang), audit.counts
    leakage = [
        [
            t("terminal.leakage", split=found.split, other=found.other),
            *map(cells.count, (found.rows, found.exact, found.near, found.conflicting)),
        ]
        for found in audit.leakage
    ]
    parts = [
        t("terminal.audited", data=audit.faces.source.path, rows=counts.rows, pictures=counts.pictures),
        tables.render(t.heads("terminal.leakage_heads"), leakage) if leakage else t("terminal.no_leakage"),
        tables.render(t.heads("terminal.finding_heads"), findings(counts, t)),
        _judged(audit, t),
        tables.render(t.heads("terminal.drift_heads"), [drift(split) for split in audit.drift]),
    ]
    if cleaned is not None:
        parts.append(_cleaned(cleaned, t))
    return "\n\n".join(parts)


def findings(counts: Counts, t: Texts) -> list[list[str]]:
    """A row for each kind of finding: its name and its number of rows."""
    found = {
        t("terminal.groups", num=counts.groups): counts.rows_in_groups,
        t("terminal.conflicting_groups", num=counts.conflicting_groups): counts.conflicting_rows,
        t("terminal.blank"): counts.blank,
        t("terminal.no_face_found"): counts.no_face_found,
        t("terminal.label_issues"): counts.label_issues,
    }
    return [[name, cells.count(num)] for name, num in found.items()]


def _judged(audit: Audit, t: Texts) -> str:
    """What checked the labels, and what people's votes say of them."""
    issues = audit.label_issues
    line = t("terminal.judged", judge=issues.judge_name, num=len(issues.judged))
    if issues.num_learned:
        line += t("terminal.judged_learned", num=issues.num_learned)
    if not issues.knows_training:
        line += t("terminal.judged_foreign")
    if shares := audit.voted_otherwise:
        line += "\n" + t("terminal.outvoted", num=min(NUM_FIRST, len(issues.rows)), **asdict(shares))
    return line


def drift(split: SplitDrift) -> list[str]:
    """The row of a split: its difference from the first."""
    return [
        split.split,
        cells.count(split.rows),
        cells.percent(split.variation),
        cells.optional_p_value(split.classes_p, ""),
        cells.decimal(split.gray),
        cells.optional_p_value(split.gray_p, ""),
        cells.decimal(split.contrast),
        cells.optional_p_value(split.contrast_p, ""),
    ]


def _cleaned(cleaned: Cleaned, t: Texts) -> str:
    reasons = [t("terminal.reason", num=num, reason=reason) for reason, num in cleaned.reasons.items()]
    return t(
        "terminal.cleaned",
        out=cleaned.out,
        rows=cleaned.rows,
        fixed=cleaned.fixed,
        dropped=cleaned.dropped,
        reasons=t("page.list").join(reasons) or t("page.none"),
        listing=cleaned.listing,
    )


def warnings(judgement: Judgement, t: Texts) -> list[str]:
    """What limits the scores: one answer for all, rows left out, rows that training has seen."""
    record, only = judgement.record, judgement.evaluation.only_answer
    first = [t("terminal.only", name=only)] if only else []
    left_out = record.without_duplicates_of
    return [
        *first,
        *([_left_out(left_out, t)] if left_out else []),
        *_optimism(record, t),
        _copies(record, len(judgement.evaluation), t),
    ]


def _left_out(left_out: LeftOut, t: Texts) -> str:
    return t(
        "terminal.left_out",
        num=left_out.left_out,
        data=left_out.data,
        exact=left_out.exact,
        correlation=left_out.correlation,
    )


def _copies(record: JudgementRecord, n: int, t: Texts) -> str:
    """Which of the judged faces were also training faces, as far as that is known."""
    copies = record.copies_of_train
    if copies is None:
        return t("terminal.copies_unknown")
    if not copies.rows:
        return t("terminal.copies_none")
    parts = [
        t(f"terminal.{key}", num=num)
        for key, num in (("learned", copies.learned), ("held_out", copies.held_out))
        if num
    ]
    key = "terminal.copies_of_training" if record.holds_training_rows else "terminal.copies"
    return t(key, rows=copies.rows, n=n, parts=t("page.list").join(parts), without=_without(copies, t))


def _without(copies: Overlap, t: Texts) -> str:
    if copies.without is None:
        return t("terminal.without_none")
    return t("terminal.without", n=copies.n_without, scores=_scores_without(copies.without, t))


def _optimism(record: JudgementRecord, t: Texts) -> list[str]:
    """Why scores on the hold-out are slightly optimistic; nothing on other rows."""
    if not record.is_hold_out:
        return []
    return [t("terminal.optimistic" if record.hold_out_chose_epoch else "terminal.optimistic_last")]


def _scores_without(fresh: Evaluation, t: Texts) -> str:
    """Accuracy, macro-F1, balanced accuracy and the lowest recall on the rows that are no copies."""
    shown = ("accuracy", "macro_f1", "balanced_accuracy")
    parts = [with_interval("terminal.score", fresh.scores[key], t, name=t(f"scores.{key}")) for key in shown]
    recalls = [(recall, name) for recall, name, n in zip(fresh.recall, fresh.classes, fresh.support, strict=True) if n]
    recall, name = min(recalls)
    return t("page.list").join([*parts, t("terminal.lowest_recall", name=name, recall=recall)])


def with_interval(key: str, score: Score, t: Texts, **values: str) -> str:
    """The text of a key that takes a score as ``value``, ``low`` and ``high``."""
    return t(key, value=score.value, low=score.low, high=score.high, **values)
