"""The techniques of a training: those that were used, with settings and reasons."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mien.evaluation.judge import JudgementRecord
from mien.recipes import Augment, Recipe
from mien.reporting.texts import Texts, exact_percent
from mien.run_record import RunRecord


def describe(
    record: RunRecord, dropouts: Sequence[float], judged: JudgementRecord, t: Texts
) -> tuple[list[dict[str, str]], list[str]]:
    """The techniques of a run with name, setting and reason, and the names of unused ones."""
    recipe = record.recipe
    settings = {**_augment_settings(recipe.augment, t), **_recipe_settings(recipe, votes_weight(record), t)}
    on = [share for share in dropouts if share != 0]
    settings["dropout"] = _dropout_setting(on, t) if on else None
    settings["flip_test"] = t("techniques.setting.flip_test") if judged.flip else None
    settings["temperature"] = t("techniques.setting.temperature", temperature=f"{judged.temperature:.3f}")
    used = [
        {"name": t(f"techniques.name.{key}"), "setting": setting, "why": t(f"techniques.why.{key}")}
        for key, setting in settings.items()
        if setting
    ]
    return used, [t(f"techniques.name.{key}") for key, setting in settings.items() if not setting]


def _dropout_setting(dropouts: Sequence[float], t: Texts) -> str:
    """How many layers drop, and which share of their inputs, in the order of the layers; runs of earlier versions don't say."""
    known = [exact_percent(share) for share in dropouts if share is not None]
    shares = t("page.list").join(known) if known else t("page.skip")
    return t("techniques.setting.dropout", num=len(dropouts), shares=shares)


CORRUPTION_PARTS = (
    "crop",
    "turn",
    "gamma",
    "side_light",
    "cover",
    "motion",
    "defocus",
    "resolution",
    "faded",
    "shot",
    "speckle",
    "jpeg",
)
"""The corruptions of the augmentation, each with the probability ``corruption``."""


def _augment_settings(augment: Augment, t: Texts) -> dict[str, str | None]:
    """Each part of the augmentation as text; None if it is off, also by ``geometry=0``."""
    warped = augment.geometry > 0
    unchanged = (1.0, 1.0)
    values: dict[str, tuple[Any, dict[str, str]]] = {
        "flip": (augment.flip, {"share": exact_percent(augment.flip)}),
        "rotation": (warped and augment.rotation, {"degrees": f"{augment.rotation:g}"}),
        "scale": (warped and augment.scale != unchanged, _range(augment.scale)),
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
        "contrast": (augment.contrast != unchanged, _range(augment.contrast)),
        "brightness": (augment.brightness, {"share": exact_percent(augment.brightness)}),
        "erase": (
            augment.erase,
            {"share": exact_percent(augment.erase), **_range(augment.erase_side, exact_percent)},
        ),
        **_corruption_values(augment),
    }
    return {key: t(f"techniques.setting.{key}", **words) if on else None for key, (on, words) in values.items()}


def _corruption_values(augment: Augment) -> dict[str, tuple[Any, dict[str, str]]]:
    """Whether each corruption is on, and its figures."""
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
    """The weight of the auxiliary head; 0 if the data has no votes."""
    return record.recipe.auxiliary_head if record.data.votes else 0.0


def _stopping(recipe: Recipe, t: Texts) -> tuple[bool, dict[str, str]]:
    """The rules of early stopping and of the choice of the epoch."""
    rules = []
    if recipe.stop_accuracy:
        rules.append(t("techniques.setting.rule_accuracy", threshold=exact_percent(recipe.stop_accuracy)))
    if recipe.patience:
        rules.append(t("techniques.setting.rule_patience", patience=recipe.patience))
    stopping = t("page.list").join(rules) or t("techniques.setting.rule_none")
    kept = t(f"techniques.setting.keep_{recipe.keep}")
    return recipe.keep == "best" or bool(rules), {"kept": kept, "rules": stopping}


def _recipe_settings(recipe: Recipe, auxiliary_head: float, t: Texts) -> dict[str, str | None]:
    """Each technique of the recipe as text; None if it is off."""
    sizes = {
        "small": f"{recipe.resize_from}",
        "full": f"{recipe.image_size}",
        "share": exact_percent(recipe.resize_until),
    }
    moving = recipe.schedule != "constant" or recipe.warmup
    taught = {"share": exact_percent(recipe.distillation_weight), "teacher": Path(recipe.teacher).name}
    values: dict[str, tuple[Any, dict[str, str]]] = {
        "early_stopping": _stopping(recipe, t),
        "label_smoothing": (recipe.label_smoothing, {"share": exact_percent(recipe.label_smoothing)}),
        "votes": (recipe.votes, {"share": exact_percent(recipe.votes)}),
        "auxiliary_head": (auxiliary_head, {"weight": f"{auxiliary_head:g}"}),
        "init": (recipe.init, {"model": Path(recipe.init).name}),
        "teacher": (recipe.distillation_weight, taught),
        "resize_from": (recipe.resize_from, sizes),
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
    return {key: t(f"techniques.setting.{key}", **words) if on else None for key, (on, words) in values.items()}


def schedule(recipe: Recipe, t: Texts) -> str:
    """The learning-rate schedule as text."""
    kind = recipe.schedule + ("_warmup" if recipe.schedule == "constant" and recipe.warmup else "")
    return t(f"training.{kind}", warmup=exact_percent(recipe.warmup))
