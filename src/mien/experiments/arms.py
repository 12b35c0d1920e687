"""The arms of the studies: what each changes in a recipe, and which recipes and data have it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mien import recipes
from mien.recipes import Recipe


@dataclass(frozen=True)
class Arm:
    """One variant of training or of the decision rule in an experiment.

    Attributes:
        key: name of the arm; key and ``value`` identify it.
        settings: settings that differ from the recipe.
        value: parameter of the key, such as epochs of patience or models of an ensemble; None without a parameter.
    """

    key: str
    settings: tuple[str, ...] = ()
    value: float | None = None

    def __str__(self) -> str:
        return self.key if self.value is None else f"{self.key} {self.value:g}"


FAMILIES = {
    "flip": (("augment.flip",), ()),
    "warp": (("augment.rotation", "augment.scale", "augment.translation", "augment.shear"), ("augment.geometry",)),
    "perspective": (("augment.perspective",), ("augment.geometry",)),
    "blur": (("augment.blur",), ("augment.blur_probability",)),
    "noise": (("augment.noise",), ("augment.noise_probability",)),
    "tone": (("augment.contrast", "augment.brightness"), ()),
    "erase": (("augment.erase",), ("augment.erase_side",)),
}
"""Kinds of augmentation, each with the fields that turn it on and the fields of its probability or size."""


def augmentation(recipe: Recipe, has_votes: bool) -> list[Arm]:
    """No augmentation, each kind of the recipe alone, and all together."""
    changes = dict(  # field to text
        setting.split("=") for setting in recipes.augment_changes(recipe.augment, recipes.no_augment())
    )
    alone = [
        Arm(
            f"{name}_alone",
            ("augment=none", *(f"{field}={changes[field]}" for field in (*fields, *aids) if field in changes)),
        )
        for name, (fields, aids) in FAMILIES.items()
        if any(field in changes for field in fields)
    ]
    return [Arm("none", ("augment=none",)), *alone, Arm("all", ())]


def early_stopping(recipe: Recipe, has_votes: bool) -> list[Arm]:
    """The last epoch, the best epoch, and the two rules of early stopping."""
    patience = recipe.patience or max(2, recipe.epochs // 5)
    threshold = recipe.stop_accuracy or 0.66
    never = ("stop_accuracy=0.0", "patience=0")
    return [
        Arm("last_epoch", (*never, "keep=last")),
        Arm("best_epoch", (*never, "keep=best")),
        Arm("patience", ("stop_accuracy=0.0", f"patience={patience}", "keep=best"), patience),
        Arm("threshold", (f"stop_accuracy={threshold!r}", "patience=0", "keep=best"), threshold),
    ]


def labels(recipe: Recipe, has_votes: bool) -> list[Arm]:
    """Hard labels, label smoothing, and, if the data has votes, votes as targets or for an auxiliary head."""
    hard = ("label_smoothing=0.0", "votes=0.0", "auxiliary_head=0.0")
    smoothing = recipe.label_smoothing or 0.1
    arms = [
        Arm("hard_labels", hard),
        Arm("smoothed", (f"label_smoothing={smoothing!r}", *hard[1:]), smoothing),
    ]
    if has_votes:
        head = recipe.auxiliary_head or 0.5
        arms += [
            Arm("votes_only", (hard[0], "votes=1.0", hard[2])),
            Arm("smoothed_votes_head", (f"label_smoothing={smoothing!r}", hard[1], f"auxiliary_head={head!r}")),
        ]
    return arms


def imbalance(recipe: Recipe, has_votes: bool) -> list[Arm]:
    """The plain recipe, and techniques for class imbalance."""
    plain = {"class_weights": 0.0, "focal": 0.0, "balanced_sampling": 0.0}

    def arm(key: str, **changes: float) -> Arm:
        return Arm(key, tuple(f"{field}={value!r}" for field, value in {**plain, **changes}.items()))

    return [
        arm("plain"),
        arm("class_weights", class_weights=1.0),
        arm("focal_loss", focal=2.0),
        arm("balanced_sampling", balanced_sampling=1.0),
    ]


def ensemble(recipe: Recipe, has_votes: bool) -> list[Arm]:
    """One arm; the probabilities of its runs with different seeds are averaged."""
    return [Arm("models", value=1)]


STUDIES: dict[str, Callable[[Recipe, bool], list[Arm]]] = {
    "augmentation": augmentation,
    "early-stopping": early_stopping,
    "ensemble": ensemble,
    "labels": labels,
    "imbalance": imbalance,
}
"""Study name to the function ``(recipe, has_votes) -> arms``."""
