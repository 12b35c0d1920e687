"""The techniques of a training in words: those used, with their settings and reasons, and those left out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mien.evaluation.judge import JudgementRecord
from mien.recipes import Augment, Recipe
from mien.reporting.texts import Texts, cells
from mien.run_record import RunRecord

Values = dict[str, float | str]
"""What the text of a setting takes."""


@dataclass(frozen=True)
class Technique:
    """A technique of a run: its name, its setting, and why it is used."""

    name: str
    setting: str
    why: str


def describe(
    record: RunRecord, dropouts: Sequence[float], judged: JudgementRecord, t: Texts
) -> tuple[list[Technique], list[str]]:
    """The techniques that a run used, and the names of those that it left out.

    Args:
        record: of the run.
        dropouts: the share that each dropout layer drops, in the order of the layers.
        judged: the record of the judgement, which has the techniques of predicting.
        t: the texts.
    """
    on = [share for share in dropouts if share != 0]
    values = {
        **_augment_values(record.recipe.augment),
        **_recipe_values(record.recipe, votes_weight(record), t),
        "dropout": _if(on, num=len(on), shares=_shares(on, t)),
        "flip_test": _if(judged.flip),
        "temperature": _if(True, temperature=judged.temperature),
    }
    used = [
        Technique(t(f"techniques.name.{key}"), t(f"techniques.setting.{key}", **taken), t(f"techniques.why.{key}"))
        for key, taken in values.items()
        if taken is not None
    ]
    return used, [t(f"techniques.name.{key}") for key, taken in values.items() if taken is None]


def _if(is_on: object, **values: float | str) -> Values | None:
    """The values of a setting; None where the technique is off."""
    return values if is_on else None


def _shares(dropouts: Sequence[float], t: Texts) -> str:
    """The shares that layers drop, in the order of the layers; runs of earlier versions don't record them."""
    known = [cells.exact_percent(share) for share in dropouts if share is not None]
    return t("page.list").join(known) if known else t("page.skip")


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


def _augment_values(augment: Augment) -> dict[str, Values | None]:
    """The settings of each part of the augmentation. A warp of probability 0 is off."""
    warped, unchanged = augment.geometry > 0, (1.0, 1.0)
    return {
        "flip": _if(augment.flip, share=augment.flip),
        "rotation": _if(warped and augment.rotation, degrees=augment.rotation),
        "scale": _if(warped and augment.scale != unchanged, **_range(augment.scale)),
        "translation": _if(warped and augment.translation, share=augment.translation),
        "shear": _if(warped and augment.shear, degrees=math.degrees(math.atan(augment.shear))),
        "perspective": _if(warped and augment.perspective, share=augment.perspective),
        "blur": _if(augment.blur * augment.blur_probability, pixels=augment.blur, share=augment.blur_probability),
        "noise": _if(augment.noise * augment.noise_probability, levels=augment.noise, share=augment.noise_probability),
        "contrast": _if(augment.contrast != unchanged, **_range(augment.contrast)),
        "brightness": _if(augment.brightness, share=augment.brightness),
        "erase": _if(augment.erase, share=augment.erase, **_range(augment.erase_side)),
        **_corruption_values(augment),
    }


def _corruption_values(augment: Augment) -> dict[str, Values | None]:
    """The settings of each part that imitates bad pictures."""
    share = augment.corruption
    if not share:
        return dict.fromkeys(CORRUPTION_PARTS)
    return {
        "crop": _if(augment.crop, percent=augment.crop, share=share),
        "turn": _if(augment.turn, value=augment.turn, share=share),
        "gamma": _if(augment.gamma != (1.0, 1.0), share=share, **_range(augment.gamma)),
        "side_light": _if(augment.side_light, percent=augment.side_light, share=share),
        "cover": _if(augment.cover, percent=augment.cover, share=share),
        "motion": _if(augment.motion, value=augment.motion, share=share),
        "defocus": _if(augment.defocus, value=augment.defocus, share=share),
        "resolution": _if(augment.resolution != 1, percent=augment.resolution, share=share),
        "faded": _if(augment.faded != 1, percent=augment.faded, share=share),
        "shot": _if(augment.shot, value=augment.shot, share=share),
        "speckle": _if(augment.speckle, percent=augment.speckle, share=share),
        "jpeg": _if(augment.jpeg != 100, value=augment.jpeg, share=share),
    }


def _range(bounds: Sequence[float]) -> Values:
    return {"low": bounds[0], "high": bounds[1]}


def votes_weight(record: RunRecord) -> float:
    """The weight of the auxiliary head for votes; 0 where the data has none."""
    return record.recipe.auxiliary_head if record.data.votes else 0.0


def _stopping(recipe: Recipe, t: Texts) -> Values | None:
    """Which rules on hold-out accuracy end the training or choose the epoch; None where there is none."""
    rules = []
    if recipe.stop_accuracy:
        rules.append(t("techniques.setting.rule_accuracy", threshold=recipe.stop_accuracy))
    if recipe.patience:
        rules.append(t("techniques.setting.rule_patience", patience=recipe.patience))
    shown = t("page.list").join(rules) or t("techniques.setting.rule_none")
    return _if(recipe.keep == "best" or rules, kept=t(f"techniques.setting.keep_{recipe.keep}"), rules=shown)


def _recipe_values(recipe: Recipe, auxiliary_head: float, t: Texts) -> dict[str, Values | None]:
    """The settings of each of the recipe's techniques."""
    resized = {"small": recipe.resize_from, "full": recipe.image_size, "share": recipe.resize_until}
    taught = recipe.distillation_weight
    return {
        "early_stopping": _stopping(recipe, t),
        "label_smoothing": _if(recipe.label_smoothing, share=recipe.label_smoothing),
        "votes": _if(recipe.votes, share=recipe.votes),
        "auxiliary_head": _if(auxiliary_head, weight=auxiliary_head),
        "init": _if(recipe.init, model=Path(recipe.init).name),
        "teacher": _if(taught, share=taught, teacher=Path(recipe.teacher).name),
        "resize_from": _if(recipe.resize_from, **resized),
        "muon": _if(recipe.muon, rate=recipe.muon),
        "class_weights": _if(recipe.class_weights, power=recipe.class_weights),
        "balanced_sampling": _if(recipe.balanced_sampling, power=recipe.balanced_sampling),
        "focal": _if(recipe.focal, power=recipe.focal),
        "ema": _if(recipe.ema, decay=recipe.ema),
        "schedule": _if(recipe.schedule != "constant" or recipe.warmup, schedule=schedule(recipe, t)),
        "weight_decay": _if(recipe.weight_decay, decay=recipe.weight_decay),
        "clip_norm": _if(recipe.clip_norm, norm=recipe.clip_norm),
    }


def schedule(recipe: Recipe, t: Texts) -> str:
    """The learning-rate schedule in words."""
    kind = recipe.schedule + ("_warmup" if recipe.schedule == "constant" and recipe.warmup else "")
    return t(f"training.{kind}", warmup=recipe.warmup)
