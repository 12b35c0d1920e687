"""The sentences of the report, made from the figures of a run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mien.evaluation import comparison, metrics
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement
from mien.inference import priors
from mien.reporting import data_notes
from mien.reporting.texts import Texts
from mien.run_record import EpochRecord, RunRecord, best_epoch

FEW = 200
"""With fewer evaluated faces, the recall of a class is given with an interval."""


def prior_corrected(
    probabilities: NDArray[np.float32], train_counts: Sequence[int] | NDArray[np.int64]
) -> NDArray[np.float32]:
    """Divide each probability by its class's share in training and renormalise; a class without training rows gets 0."""
    counts = np.asarray(train_counts, np.float64)
    with np.errstate(divide="ignore"):
        return priors.shift(probabilities, np.where(counts > 0, -np.log(counts / counts.sum()), -np.inf))


def results(evaluation: Evaluation, t: Texts) -> list[str]:
    """Sentences on the accuracy, the best and the worst class, and the most frequent error."""
    low, high = evaluation.accuracy_interval
    num_right = int(np.trace(evaluation.confusion))
    majority = evaluation.support.max() / len(evaluation)
    sentences = [
        t(
            "summary.right",
            right=num_right,
            n=len(evaluation),
            accuracy=evaluation.accuracy,
            low=low,
            high=high,
            majority=majority,
        ),
    ]
    if evaluation.only_answer:
        sentences.append(t("summary.only", name=t.named(evaluation.only_answer)))
    elif num_right < len(evaluation):
        sentences += [_by_class(evaluation, t), _most_frequent_error(evaluation, t)]
    else:
        sentences.append(t("summary.perfect"))
    return sentences


def summary(evaluation: Evaluation, record: RunRecord, history: Sequence[EpochRecord], t: Texts) -> str:
    """A summary of the scores and of the training, as a paragraph."""
    last = record.recipe.keep == "last"
    kept = history[-1] if last else best_epoch(history)
    trained = t(
        "summary.training_last" if last else "summary.training",
        epochs=len(history),
        rows=record.data.train.rows,
        best=kept.epoch,
        accuracy=kept.valid_accuracy,
    )
    return t.joined([*results(evaluation, t), trained])


def _by_class(evaluation: Evaluation, t: Texts) -> str:
    """The classes with the highest and the lowest recall."""
    best, worst = (t.some(t.names(names)) for names in _extremes(evaluation))
    known = evaluation.recall[evaluation.support > 0]
    if len(known) == 1:
        return t("summary.one_class", name=best)
    if known.min() == known.max():
        return t("summary.classes_alike", recall=known[0])
    return t(
        "summary.classes",
        best=best,
        best_recall=known.max(),
        worst=worst,
        worst_recall=known.min(),
        balanced=evaluation.balanced_accuracy,
    )


def _most_frequent_error(evaluation: Evaluation, t: Texts) -> str:
    """The kind of error with the highest count, or that several share it."""
    (top,) = evaluation.top_confusions(1)
    errors = evaluation.confusion - np.diag(evaluation.confusion.diagonal())
    kinds = int((errors == top.count).sum())
    names = {"true": t.named(top.true), "predicted": t.named(top.predicted), "count": top.count}
    if kinds > 1:
        return t("summary.confusion_tied", kinds=kinds, **names)
    return t("summary.confusion", **names, share=top.count / int(errors.sum()))


def notes(judgement: Judgement, record: RunRecord, t: Texts) -> tuple[list[str], list[str]]:
    """Warnings and notes about the validity of the scores."""
    warnings = warnings_of(judgement, t)
    if is_foreign(judgement, record):
        warnings.append(t("notes.foreign"))
    judged, recipe = judgement.record, record.recipe
    brief = t(
        "notes.brief",
        model=judged.model_hash[:12],
        recipe=recipe.name,
        seed=recipe.seed,
        device=record.machine,
        data=judged.data_hash[:12],
        split=split_name(judgement, t),
        version=judged.mien,
    )
    return warnings, [brief, *reading_notes(judgement, t)]


def warnings_of(judgement: Judgement, t: Texts) -> list[str]:
    """Warnings about optimistic scores: rows that were used in training or to choose the epoch."""
    hold_out, chose = judgement.record.is_hold_out, judgement.record.hold_out_chose_epoch
    applies = {
        "optimistic": hold_out and chose,
        "optimistic_last": hold_out and not chose,
        "train": judgement.record.holds_training_rows,
    }
    return [t(f"notes.{key}") for key, holds in applies.items() if holds]


def reading_notes(judgement: Judgement, t: Texts) -> list[str]:
    """Notes about the evaluated rows and their predictions."""
    flip = t("notes.flip" if judgement.record.flip else "notes.no_flip")
    return [
        _copies(judgement, t),
        *data_notes.of(judgement.record.read, t, judgement.record.unlabelled),
        flip,
        t("notes.sampling"),
    ]


def split_name(judgement: Judgement, t: Texts) -> str:
    """The judged split in words."""
    split = judgement.record.split
    return t(f"splits.{split}") if split in t.tables["splits"] else str(split)


def is_foreign(judgement: Judgement, record: RunRecord) -> bool:
    """Whether the model was evaluated on other data than it was trained on."""
    return bool(judgement.record.data_hash != record.data.hash)


def _copies(judgement: Judgement, t: Texts) -> str:
    copies, num = judgement.record.copies_of_train, len(judgement.evaluation)
    if copies is None:
        return t("notes.copies_unknown")
    if not copies.rows:
        return t("notes.copies_none")
    if copies.without is None:
        return t("notes.copies_all", n=num)
    fresh = copies.without
    low, high = fresh.accuracy_interval
    recalls = [(recall, name) for recall, name, n in zip(fresh.recall, fresh.classes, fresh.support, strict=True) if n]
    lowest, worst = min(recalls)
    return t(
        "notes.copies",
        rows=copies.rows,
        learned=copies.learned,
        held_out=copies.held_out,
        n=num,
        without=copies.n_without,
        accuracy=fresh.accuracy,
        low=low,
        high=high,
        macro_f1=fresh.macro_f1,
        balanced=fresh.balanced_accuracy,
        worst=t.named(worst),
        recall=lowest,
    )


def training(record: RunRecord, history: Sequence[EpochRecord], t: Texts) -> str:
    """Duration and end of training, and the best epoch."""
    best = best_epoch(history)
    speeds = sorted(float(row.images_per_second) for row in history)
    seconds = sorted(float(row.seconds) for row in history)
    lead = t(
        "training.lead",
        ended=_ended(record, len(history), t),
        duration=t.lasting(sum(seconds)),
        seconds=seconds[len(seconds) // 2],
        speed=speeds[len(speeds) // 2],
    )
    best_text = t(
        "training.best",
        best=best.epoch,
        accuracy=best.valid_accuracy,
        loss=best.valid_loss,
        train=best.train_accuracy,
    )
    return t.joined([lead, best_text])


def _ended(record: RunRecord, num_epochs: int, t: Texts) -> str:
    recipe, ended = record.recipe, record.ended or "early"
    return t(
        f"training.ended_{ended}",
        epochs=num_epochs,
        most=recipe.epochs,
        threshold=recipe.stop_accuracy,
        patience=recipe.patience,
    )


def confusion(evaluation: Evaluation, t: Texts) -> list[str]:
    """The confusion matrix in paragraphs."""
    names = t.names(evaluation.classes)
    absent = [name for name, support in zip(names, evaluation.support, strict=True) if not support]
    tail = [t("confusion.absent", names=t("page.list").join(absent))] if absent else []
    num_errors = len(evaluation) - int(np.trace(evaluation.confusion))
    if not num_errors:
        return [t("confusion.perfect", n=len(evaluation)), *tail]
    first = [_best_and_worst(evaluation, t)]
    smallest = int(np.where(evaluation.support > 0, evaluation.support, np.iinfo(np.int64).max).argmin())
    if 0 < evaluation.support[smallest] < FEW:
        low, high = metrics.wilson(int(evaluation.confusion[smallest, smallest]), int(evaluation.support[smallest]))
        first.append(
            t("confusion.small", name=names[smallest], support=int(evaluation.support[smallest]), low=low, high=high)
        )
    return [t.joined(first), t.joined(_errors(evaluation, names, num_errors, t)), *tail]


def _best_and_worst(evaluation: Evaluation, t: Texts) -> str:
    """The recall of the best and the worst class."""
    best, worst = (t.some(t.names(names)) for names in _extremes(evaluation))
    known = evaluation.recall[evaluation.support > 0]
    if len(known) == 1:
        return t("confusion.one_class", name=best, recall=known[0])
    if known.min() == known.max():
        return t("confusion.alike", recall=known[0])
    return t("confusion.best_worst", best=best, best_recall=known.max(), worst=worst, worst_recall=known.min())


def _errors(evaluation: Evaluation, names: Sequence[str], num_errors: int, t: Texts) -> list[str]:
    """The most confused classes, the concentration of the errors, and the rank of the label."""
    matrix, support = evaluation.confusion, evaluation.support
    both = np.triu(matrix + matrix.T, 1)
    a, b = (int(index) for index in np.unravel_index(both.argmax(), both.shape))
    wrong = matrix - np.diag(np.diag(matrix))
    magnet = int(wrong.sum(0).argmax())
    kinds = evaluation.top_confusions(3)
    missed = np.flatnonzero(evaluation.predicted != evaluation.labels)
    second = np.argsort(-evaluation.probabilities[missed], 1, kind="stable")[:, 1] == evaluation.labels[missed]
    sentences = [
        t(
            "confusion.pair",
            a=names[a],
            b=names[b],
            ab=matrix[a, b],
            ba=matrix[b, a],
            ab_share=matrix[a, b] / support[a] if support[a] else t("page.skip"),
            ba_share=matrix[b, a] / support[b] if support[b] else t("page.skip"),
        ),
        t("confusion.top", num=len(kinds), errors=num_errors, share=sum(k.count for k in kinds) / num_errors)
        if len(kinds) > 1
        else t("confusion.top_one", errors=num_errors),
        t("confusion.magnet", name=names[magnet], count=wrong.sum(0)[magnet], precision=evaluation.precision[magnet]),
    ]
    if len(names) == 2:
        return sentences[:1]  # the other sentences would repeat it
    return [*sentences, t("confusion.second", share=second.mean())]


def calibration(judgement: Judgement, t: Texts) -> str:
    """The calibration of the model, as a paragraph."""
    evaluation, temperature = judgement.evaluation, judgement.record.temperature
    confidence = evaluation.probabilities.max(1).astype(np.float64)
    gap = float(confidence.mean()) - evaluation.accuracy
    low, high = evaluation.accuracy_interval
    kind = (
        "even" if abs(gap) < 0.01 else "chance" if low <= confidence.mean() <= high else "over" if gap > 0 else "under"
    )
    sentences = [
        t("calibration.ece", ece=evaluation.calibration_error),
        t(
            f"calibration.{kind}",
            confidence=confidence.mean(),
            accuracy=evaluation.accuracy,
            gap=abs(gap),
        ),
    ]
    if abs(temperature - 1) >= 0.005:
        kind = "soft" if temperature > 1 else "sharp"
        sentences.append(t(f"calibration.{kind}", temperature=temperature))
    order = np.argsort(-confidence, kind="stable")
    right, half = (evaluation.predicted == evaluation.labels)[order], len(evaluation) // 2
    if half:
        confident, rest = float(right[:half].mean()), float(right[half:].mean())
        threshold = confidence[order][half - 1]
        sentences.append(t("calibration.half", threshold=threshold, confident=confident, rest=rest))
        sentences += [t("calibration.lever")] if confident > rest else []
    return t.joined(sentences)


def shares(plain: Evaluation, corrected: Evaluation, train_counts: Sequence[int], t: Texts) -> list[str]:
    """The effect of class shares on argmax, as paragraphs."""
    counts = np.asarray(train_counts, np.float64)
    most, least = int(counts.argmax()), int(counts.argmin())
    names = {"most": t.named(plain.classes[most]), "least": t.named(plain.classes[least])}
    key = "range_even" if counts[most] == counts[least] else "range" if counts[least] else "range_empty"
    first = [
        t(
            f"shares.{key}",
            **names,
            most_share=counts[most] / counts.sum(),
            share=1 / len(counts),
            least_share=counts[least] / counts.sum(),
            ratio=counts[most] / max(counts[least], 1),
        ),
    ]
    if plain.support[most] and plain.support[least] and most != least:
        first.append(
            t(
                "shares.here",
                **names,
                predicted=plain.confusion[:, least].sum() / len(plain),
                true=plain.support[least] / len(plain),
                least_recall=plain.recall[least],
                most_recall=plain.recall[most],
            )
        )
    gain = corrected.balanced_accuracy > plain.balanced_accuracy
    verdict = "none" if not gain else "both" if corrected.accuracy >= plain.accuracy else "trade"
    result = [_correction(plain, corrected, t), t(f"shares.verdict_{verdict}"), t("shares.aid")]
    return [t.joined(first), t("shares.rule"), t.joined(result)]


def _correction(plain: Evaluation, corrected: Evaluation, t: Texts) -> str:
    """The effect of the correction for class shares, with paired intervals."""
    changed = int((plain.predicted != corrected.predicted).sum())
    paired = {"plain": [plain.predicted], "corrected": [corrected.predicted]}
    differences = comparison.compare(plain.labels, paired, len(plain.classes))["corrected"].difference
    assert differences is not None  # it is not the first
    ends = {
        f"{prefix}{end}": value
        for prefix, score in (("", "accuracy"), ("balanced_", "balanced_accuracy"))
        for end, value in zip(("difference", "low", "high"), differences[score], strict=True)
    }
    return t(
        "shares.result",
        **ends,
        changed=changed,
        n=len(plain),
        plain=plain.accuracy,
        corrected=corrected.accuracy,
        plain_balanced=plain.balanced_accuracy,
        corrected_balanced=corrected.balanced_accuracy,
    )


def _extremes(evaluation: Evaluation) -> tuple[list[str], list[str]]:
    """The classes with the highest and those with the lowest recall, out of those that occur."""
    recall = evaluation.recall  # NaN where a class doesn't occur, which equals nothing
    best, worst = (
        [name for name, value in zip(evaluation.classes, recall, strict=True) if value == end]
        for end in (np.nanmax(recall), np.nanmin(recall))
    )
    return best, worst
