"""The report's words: the sentences that a run's own figures make."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.data.source import ReadingRecord
from mien.evaluation import comparison, metrics
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement, JudgementRecord
from mien.inference import priors
from mien.recipes import Augment, Recipe
from mien.reporting.texts import Texts, exact_percent, percent, points
from mien.run_record import EpochRecord, NetworkRecord, RunRecord, best_epoch

FEW = 200
"""Below so many judged faces of a class its recall is given with an interval."""


def prior_corrected(
    probabilities: NDArray[np.float32], train_counts: Sequence[int] | NDArray[np.int64]
) -> NDArray[np.float32]:
    """Divide each probability by its class's share in training and renormalise; a class without training rows gets 0."""
    counts = np.asarray(train_counts, np.float64)
    with np.errstate(divide="ignore"):
        return priors.shift(probabilities, np.where(counts > 0, -np.log(counts / counts.sum()), -np.inf))


def summary(evaluation: Evaluation, record: RunRecord, history: Sequence[EpochRecord], t: Texts) -> str:
    """What the figures say, in a paragraph."""
    low, high = map(percent, evaluation.accuracy_interval)
    num_right = int(np.trace(evaluation.confusion))
    majority = evaluation.support.max() / len(evaluation)
    sentences = [
        t("summary.right", right=num_right, n=len(evaluation), accuracy=evaluation.accuracy,
          low=low, high=high, majority=majority),
    ]  # fmt: skip
    if evaluation.only_answer:
        sentences.append(t("summary.only", name=t.named(evaluation.only_answer)))
    elif num_right < len(evaluation):
        sentences += [_by_class(evaluation, t), _most_frequent_error(evaluation, t)]
    else:
        sentences.append(t("summary.perfect"))
    last = record.recipe.keep == "last"
    kept = history[-1] if last else best_epoch(history)
    sentences.append(
        t("summary.training_last" if last else "summary.training", epochs=len(history), rows=f"{record.data.train.rows:,}",
          best=kept.epoch, accuracy=percent(kept.valid_accuracy))
    )  # fmt: skip
    return t.joined(sentences)


def _by_class(evaluation: Evaluation, t: Texts) -> str:
    """Which classes are read best and worst, where recall differs."""
    best, worst = (t.some(t.names(names)) for names in _extremes(evaluation))
    known = evaluation.recall[evaluation.support > 0]
    if len(known) == 1:
        return t("summary.one_class", name=best)
    if known.min() == known.max():
        return t("summary.classes_alike", recall=known[0])
    return t(
        "summary.classes", best=best, best_recall=known.max(), worst=worst, worst_recall=known.min(),
        balanced=evaluation.balanced_accuracy,
    )  # fmt: skip


def _most_frequent_error(evaluation: Evaluation, t: Texts) -> str:
    """The kind of error with the highest count, or that several share it."""
    (top,) = evaluation.top_confusions(1)
    errors = evaluation.confusion - np.diag(evaluation.confusion.diagonal())
    kinds = int((errors == top.count).sum())
    told = {"true": t.named(top.true), "predicted": t.named(top.predicted), "count": f"{top.count:,}"}
    if kinds > 1:
        return t("summary.confusion_tied", kinds=kinds, **told)
    return t("summary.confusion", **told, share=top.count / int(errors.sum()))


def notes(judgement: Judgement, record: RunRecord, t: Texts) -> tuple[list[str], list[str]]:
    """What a reader must know to trust the figures: the warnings, and the rest."""
    warnings = warnings_of(judgement, t)
    if is_foreign(judgement, record):
        warnings.append(t("notes.foreign"))
    told, recipe = judgement.record, record.recipe
    brief = t(
        "notes.brief", model=told.model_hash[:12], recipe=recipe.name, seed=recipe.seed, device=record.machine,
        data=told.data_hash[:12], split=split_name(judgement, t), version=told.mien,
    )  # fmt: skip
    return warnings, [brief, *reading_notes(judgement, t)]


def warnings_of(judgement: Judgement, t: Texts) -> list[str]:
    """Why the figures flatter the model, whatever is known of its run: it was chosen by these rows, or learned from them."""
    hold_out, chose = judgement.record.is_hold_out, judgement.record.hold_out_chose_epoch
    applies = {
        "optimistic": hold_out and chose,
        "optimistic_last": hold_out and not chose,
        "train": judgement.record.holds_training_rows,
    }
    return [t(f"notes.{key}") for key, holds in applies.items() if holds]


def reading_notes(judgement: Judgement, t: Texts) -> list[str]:
    """What a reader must know of the judged rows and of how they were read, whatever is known of the training."""
    flip = t("notes.flip" if judgement.record.flip else "notes.no_flip")
    return [_copies(judgement, t), *_data_notes(judgement.record.read, t), flip, t("notes.sampling")]


def _data_notes(read: ReadingRecord, t: Texts) -> list[str]:
    """Copies among the data's own splits, and what was done to its classes."""
    leaks = [
        t("notes.repeat" if leak.split == leak.other else "notes.leak", rows=f"{leak.rows:,}", total=f"{leak.total:,}",
          split=t(f"splits.{leak.split}"), other=t(f"splits.{leak.other}"))
        for leak in read.leaks
    ]  # fmt: skip
    changes = [
        t("notes.renamed" if change.target else "notes.left_out", rows=f"{change.rows:,}", name=change.name, target=change.target)
        for change in read.changes
    ]  # fmt: skip
    return leaks + changes


def split_name(judgement: Judgement, t: Texts) -> str:
    """The judged split in words."""
    split = judgement.record.split
    return t(f"splits.{split}") if split in t.tables["splits"] else str(split)


def is_foreign(judgement: Judgement, record: RunRecord) -> bool:
    """Whether the model was judged on other data than its run learned from."""
    return bool(judgement.record.data_hash != record.data.hash)


def _copies(judgement: Judgement, t: Texts) -> str:
    copies, num = judgement.record.copies_of_train, len(judgement.evaluation)
    if copies is None:
        return t("notes.copies_unknown")
    if not copies.rows:
        return t("notes.copies_none")
    if copies.without is None:
        return t("notes.copies_all", n=f"{num:,}")
    fresh = copies.without
    low, high = fresh.accuracy_interval
    recalls = [(recall, name) for recall, name, n in zip(fresh.recall, fresh.classes, fresh.support, strict=True) if n]
    lowest, worst = min(recalls)
    return t(
        "notes.copies", rows=f"{copies.rows:,}", learned=f"{copies.learned:,}", held_out=f"{copies.held_out:,}",
        n=f"{num:,}", without=f"{copies.n_without:,}", accuracy=percent(fresh.accuracy), low=percent(low), high=percent(high),
        macro_f1=percent(fresh.macro_f1), balanced=percent(fresh.balanced_accuracy), worst=t.named(worst),
        recall=percent(lowest),
    )  # fmt: skip


def training(record: RunRecord, history: Sequence[EpochRecord], t: Texts) -> str:
    """How long training went, why it ended, and what the best epoch was."""
    best = best_epoch(history)
    speeds = sorted(float(row.images_per_second) for row in history)
    seconds = sorted(float(row.seconds) for row in history)
    lead = t(
        "training.lead", ended=_ended(record, len(history), t), duration=t.lasting(sum(seconds)),
        seconds=_seconds(seconds[len(seconds) // 2]), speed=f"{speeds[len(speeds) // 2]:,.0f}",
    )  # fmt: skip
    told = t(
        "training.best", best=best.epoch, accuracy=percent(best.valid_accuracy), loss=f"{best.valid_loss:.3f}",
        train=percent(best.train_accuracy),
    )  # fmt: skip
    return t.joined([lead, told])


def _seconds(value: float) -> str:
    return f"{value:,.1f}" if value >= 1 else f"{value:.1g}"


def _ended(record: RunRecord, num_epochs: int, t: Texts) -> str:
    recipe, ended = record.recipe, record.ended or "early"
    return t(
        f"training.ended_{ended}", epochs=num_epochs, most=f"{recipe.epochs:,}",
        threshold=exact_percent(recipe.stop_accuracy), patience=recipe.patience,
    )  # fmt: skip


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
        first.append(t("confusion.small", name=names[smallest], support=int(evaluation.support[smallest]), low=low, high=high))  # fmt: skip
    return [t.joined(first), t.joined(_errors(evaluation, names, num_errors, t)), *tail]


def _best_and_worst(evaluation: Evaluation, t: Texts) -> str:
    """How many faces of the best and the worst class are found, where that differs."""
    best, worst = (t.some(t.names(names)) for names in _extremes(evaluation))
    known = evaluation.recall[evaluation.support > 0]
    if len(known) == 1:
        return t("confusion.one_class", name=best, recall=known[0])
    if known.min() == known.max():
        return t("confusion.alike", recall=known[0])
    return t(
        "confusion.best_worst", best=best, best_recall=known.max(), worst=worst, worst_recall=known.min()
    )  # fmt: skip


def _errors(evaluation: Evaluation, names: Sequence[str], num_errors: int, t: Texts) -> list[str]:
    """Which classes are mixed up, how concentrated the errors are, and how near the label was."""
    matrix, support = evaluation.confusion, evaluation.support
    both = np.triu(matrix + matrix.T, 1)
    a, b = (int(index) for index in np.unravel_index(both.argmax(), both.shape))
    wrong = matrix - np.diag(np.diag(matrix))
    magnet = int(wrong.sum(0).argmax())
    kinds = evaluation.top_confusions(3)
    missed = np.flatnonzero(evaluation.predicted != evaluation.labels)
    second = np.argsort(-evaluation.probabilities[missed], 1, kind="stable")[:, 1] == evaluation.labels[missed]
    sentences = [
        t("confusion.pair", a=names[a], b=names[b], ab=matrix[a, b], ba=matrix[b, a],
          ab_share=percent(matrix[a, b] / support[a]) if support[a] else t("page.skip"),
          ba_share=percent(matrix[b, a] / support[b]) if support[b] else t("page.skip")),
        t("confusion.top", num=len(kinds), errors=num_errors, share=sum(k.count for k in kinds) / num_errors)
        if len(kinds) > 1 else t("confusion.top_one", errors=num_errors),
        t("confusion.magnet", name=names[magnet], count=wrong.sum(0)[magnet], precision=evaluation.precision[magnet]),
    ]  # fmt: skip
    if len(names) == 2:
        return sentences[:1]  # the rest would say the same again
    return [*sentences, t("confusion.second", share=second.mean())]


def calibration(judgement: Judgement, t: Texts) -> str:
    """Whether the confidence can be believed, in a paragraph."""
    evaluation, temperature = judgement.evaluation, judgement.record.temperature
    confidence = evaluation.probabilities.max(1).astype(np.float64)
    gap = float(confidence.mean()) - evaluation.accuracy
    low, high = evaluation.accuracy_interval
    kind = (
        "even" if abs(gap) < 0.01 else "chance" if low <= confidence.mean() <= high else "over" if gap > 0 else "under"
    )
    sentences = [
        t("calibration.ece", ece=f"{100 * evaluation.calibration_error:.1f}"),
        t(f"calibration.{kind}", confidence=percent(confidence.mean()), accuracy=percent(evaluation.accuracy), gap=f"{100 * abs(gap):.1f}"),
    ]  # fmt: skip
    if abs(temperature - 1) >= 0.005:
        kind = "soft" if temperature > 1 else "sharp"
        sentences.append(t(f"calibration.{kind}", temperature=f"{temperature:.2f}"))
    order = np.argsort(-confidence, kind="stable")
    right, half = (evaluation.predicted == evaluation.labels)[order], len(evaluation) // 2
    if half:
        surest, rest = float(right[:half].mean()), float(right[half:].mean())
        threshold = percent(confidence[order][half - 1])
        sentences.append(t("calibration.half", threshold=threshold, surest=percent(surest), rest=percent(rest)))
        sentences += [t("calibration.lever")] if surest > rest else []
    return t.joined(sentences)


def shares(plain: Evaluation, corrected: Evaluation, train_counts: Sequence[int], t: Texts) -> list[str]:
    """What class shares do to argmax, in paragraphs."""
    counts = np.asarray(train_counts, np.float64)
    most, least = int(counts.argmax()), int(counts.argmin())
    names = {"most": t.named(plain.classes[most]), "least": t.named(plain.classes[least])}
    key = "range_even" if counts[most] == counts[least] else "range" if counts[least] else "range_empty"
    first = [
        t(f"shares.{key}", **names, most_share=percent(counts[most] / counts.sum()), share=percent(1 / len(counts)),
          least_share=percent(counts[least] / counts.sum()), ratio=f"{counts[most] / max(counts[least], 1):.1f}"),
    ]  # fmt: skip
    if plain.support[most] and plain.support[least] and most != least:
        first.append(
            t("shares.here", **names, predicted=percent(plain.confusion[:, least].sum() / len(plain)),
              true=percent(plain.support[least] / len(plain)), least_recall=percent(plain.recall[least]),
              most_recall=percent(plain.recall[most]))
        )  # fmt: skip
    changed = int((plain.predicted != corrected.predicted).sum())
    paired = {"plain": [plain.predicted], "corrected": [corrected.predicted]}
    differences = comparison.compare(plain.labels, paired, len(plain.classes))["corrected"].difference
    assert differences is not None  # it is not the first
    ends = {
        f"{prefix}{end}": points(value, signed=True)
        for prefix, score in (("", "accuracy"), ("balanced_", "balanced_accuracy"))
        for end, value in zip(("difference", "low", "high"), differences[score], strict=True)
    }
    result = t(
        "shares.result", **ends, changed=f"{changed:,}", n=f"{len(plain):,}", plain=percent(plain.accuracy),
        corrected=percent(corrected.accuracy), plain_balanced=percent(plain.balanced_accuracy),
        corrected_balanced=percent(corrected.balanced_accuracy),
    )  # fmt: skip
    gain = corrected.balanced_accuracy > plain.balanced_accuracy
    verdict = "none" if not gain else "both" if corrected.accuracy >= plain.accuracy else "trade"
    return [t.joined(first), t("shares.rule"), t.joined([result, t(f"shares.verdict_{verdict}"), t("shares.aid")])]


def layer_reasons(network: NetworkRecord, t: Texts) -> list[str]:
    """Why each layer is there, with the figures of this network."""
    following = [*network.layers[1:], *network.layers[-1:]]
    total = max(1, network.parameters)
    return [
        t(
            f"layers.{layer.reason}",
            share=layer.parameters / total,
            next=after.parameters / total,
            dropout=layer.dropout,
        )
        for layer, after in zip(network.layers, following, strict=True)
    ]


def means(
    record: RunRecord, dropouts: Sequence[float], judged: JudgementRecord, t: Texts
) -> tuple[list[dict[str, str]], list[str]]:
    """The means of a run, each with name, setting and reason, and the names of those it left out."""
    recipe = record.recipe
    settings = {**_augment_settings(recipe.augment, t), **_recipe_settings(recipe, votes_weight(record), t)}
    on = [share for share in dropouts if share != 0]
    settings["dropout"] = _dropout_setting(on, t) if on else None
    settings["flip_test"] = t("tricks.setting.flip_test") if judged.flip else None
    settings["temperature"] = t("tricks.setting.temperature", temperature=f"{judged.temperature:.3f}")
    used = [
        {"name": t(f"tricks.name.{key}"), "setting": setting, "why": t(f"tricks.why.{key}")}
        for key, setting in settings.items()
        if setting
    ]
    return used, [t(f"tricks.name.{key}") for key, setting in settings.items() if not setting]


def _dropout_setting(dropouts: Sequence[float], t: Texts) -> str:
    """How many layers drop, and which share of their inputs, in the order of the layers; runs of earlier versions don't say."""
    known = [exact_percent(share) for share in dropouts if share is not None]
    shares = t("page.list").join(known) if known else t("page.skip")
    return t("tricks.setting.dropout", num=len(dropouts), shares=shares)


CORRUPTION_PARTS = (
    "crop", "turn", "gamma", "side_light", "cover", "motion", "defocus", "resolution", "faded", "shot", "speckle", "jpeg",
)  # fmt: skip
"""The parts of the augmentation that imitate bad pictures, each drawn with the probability ``corruption``."""


def _augment_settings(augment: Augment, t: Texts) -> dict[str, str | None]:
    """Each part of the augmentation as words; None where it is off. A warp of probability 0 never happens."""
    warped = augment.geometry > 0
    whole = (1.0, 1.0)
    values: dict[str, tuple[Any, dict[str, str]]] = {
        "flip": (augment.flip, {"share": exact_percent(augment.flip)}),
        "rotation": (warped and augment.rotation, {"degrees": f"{augment.rotation:g}"}),
        "scale": (warped and augment.scale != whole, _range(augment.scale)),
        "translation": (warped and augment.translation, {"share": exact_percent(augment.translation)}),
        "shear": (warped and augment.shear, {"degrees": f"{math.degrees(math.atan(augment.shear)):.1f}"}),
        "perspective": (warped and augment.perspective, {"share": exact_percent(augment.perspective)}),
        "blur": (
            augment.blur * augment.blur_probability,
            {"pixels": f"{augment.blur:g}", "share": exact_percent(augment.blur_probability)},
        ),
        "noise": (
            augment.noise * augment.noise_probability,
            {"levels": f"{augment.noise:g}", "share": exact_percent(augment.noise_probability)},
        ),
        "contrast": (augment.contrast != whole, _range(augment.contrast)),
        "brightness": (augment.brightness, {"share": exact_percent(augment.brightness)}),
        "erase": (
            augment.erase,
            {"share": exact_percent(augment.erase), **_range(augment.erase_side, exact_percent)},
        ),
        **_corruption_values(augment),
    }
    return {key: t(f"tricks.setting.{key}", **words) if on else None for key, (on, words) in values.items()}


def _corruption_values(augment: Augment) -> dict[str, tuple[Any, dict[str, str]]]:
    """Whether each part that imitates bad pictures is on, and its figures."""
    if not augment.corruption:
        return dict.fromkeys(CORRUPTION_PARTS, (False, {}))
    share = {"share": exact_percent(augment.corruption)}
    off = {"gamma": (1.0, 1.0), "resolution": 1.0, "faded": 1.0, "jpeg": 100}
    values: dict[str, tuple[Any, dict[str, str]]] = {}
    for key in CORRUPTION_PARTS:
        value = getattr(augment, key)
        figures = _range(value) if key == "gamma" else {"value": f"{value:g}", "percent": exact_percent(value)}
        values[key] = (value != off.get(key, 0.0), {**figures, **share})
    return values


def _range(bounds: Sequence[float], shown: Callable[[float], str] = "{:g}".format) -> dict[str, str]:
    return {"low": shown(bounds[0]), "high": shown(bounds[1])}


def votes_weight(record: RunRecord) -> float:
    """The weight of the head for votes; 0 where the data has none."""
    return record.recipe.votes_head if record.data.votes else 0.0


def _recipe_settings(recipe: Recipe, votes_head: float, t: Texts) -> dict[str, str | None]:
    """Each of the recipe's means as words; None where it is off."""
    rules = [
        t("tricks.setting.rule_accuracy", threshold=exact_percent(recipe.stop_accuracy))
        if recipe.stop_accuracy
        else "",
        t("tricks.setting.rule_patience", patience=recipe.patience) if recipe.patience else "",
    ]
    stopping = t("page.list").join(filter(None, rules)) or t("tricks.setting.rule_none")
    kept = recipe.keep
    moving = recipe.schedule != "constant" or recipe.warmup
    values: dict[str, tuple[Any, dict[str, str]]] = {
        "early_stopping": (kept == "best" or any(rules), {"kept": t(f"tricks.setting.keep_{kept}"), "rules": stopping}),
        "label_smoothing": (recipe.label_smoothing, {"share": exact_percent(recipe.label_smoothing)}),
        "votes": (recipe.votes, {"share": exact_percent(recipe.votes)}),
        "votes_head": (votes_head, {"weight": f"{votes_head:g}"}),
        "init": (recipe.init, {"model": Path(recipe.init).name}),
        "teacher": (
            recipe.distil,
            {"share": exact_percent(recipe.distil), "teacher": Path(recipe.teacher).name},
        ),
        "grow_from": (
            recipe.grow_from,
            {
                "small": f"{recipe.grow_from}",
                "full": f"{recipe.image_size}",
                "share": exact_percent(recipe.grown),
            },
        ),
        "muon": (recipe.muon, {"rate": f"{recipe.muon:g}"}),
        **{
            key: (power, {"power": f"{power:g}"})
            for key, power in (
                ("class_weights", recipe.class_weights),
                ("balanced_sampling", recipe.balanced_sampling),
                ("focal", recipe.focal),
            )
        },
        "ema": (recipe.ema, {"decay": f"{recipe.ema:g}"}),
        "schedule": (moving, {"schedule": schedule(recipe, t)}),
        "weight_decay": (recipe.weight_decay, {"decay": f"{recipe.weight_decay:g}"}),
        "clip_norm": (recipe.clip_norm, {"norm": f"{recipe.clip_norm:g}"}),
    }
    return {key: t(f"tricks.setting.{key}", **words) if on else None for key, (on, words) in values.items()}


def schedule(recipe: Recipe, t: Texts) -> str:
    """How the learning rate goes, in words."""
    kind = recipe.schedule + ("_warmup" if recipe.schedule == "constant" and recipe.warmup else "")
    return t(f"training.{kind}", warmup=exact_percent(recipe.warmup))


def _extremes(evaluation: Evaluation) -> tuple[list[str], list[str]]:
    """The classes with the highest and those with the lowest recall, out of those that occur."""
    recall = evaluation.recall  # NaN where a class doesn't occur, which equals nothing
    best, worst = (
        [name for name, value in zip(evaluation.classes, recall, strict=True) if value == end]
        for end in (np.nanmax(recall), np.nanmin(recall))
    )
    return best, worst
