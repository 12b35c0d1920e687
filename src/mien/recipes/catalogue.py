"""The named recipes and augmentations."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from mien.recipes.recipe import Augment, Recipe


def vgg() -> Recipe:
    """The recipe of the course report: VGG-style CNN, batch 128, SGD, stop when hold-out accuracy exceeds 66%.

    From the report: a random 12% held out, 64x64 pixels, horizontal flip, rotation, Gaussian blur, Gaussian noise and
    perspective, at most 1000 epochs (training stopped after about 300). The report doesn't give the learning rate, the
    momentum or the strength of each augmentation; 0.01, 0.9 and the values below are chosen here.
    """
    return Recipe(
        name="vgg",
        network="vgg",
        image_size=64,
        epochs=1000,
        learning_rate=0.01,
        nesterov=False,
        weight_decay=0.0,
        schedule="constant",
        warmup=0.0,
        stop_accuracy=0.66,
        augment=Augment(rotation=15.0, blur=1.0, noise=10.0, perspective=0.2),
    )


def base() -> Recipe:
    """The default: a compact residual network that trains on a CPU in one to four hours.

    docs/experiments.md reports ablations of some settings, measured with ``tiny``.
    """
    return Recipe(
        name="base",
        network="base",
        image_size=48,
        epochs=80,
        resize_from=32,
        muon=0.03,
        label_smoothing=0.1,
        auxiliary_head=0.5,
        hold_out=0.06,
        ema=0.998,
        augment=Augment(
            geometry=0.9,
            rotation=12.0,
            scale=(0.82, 1.15),
            translation=0.07,
            shear=0.1,
            contrast=(0.7, 1.3),
            brightness=0.15,
            erase=0.5,
        ),
    )


def tiny() -> Recipe:
    """The smallest network: 1/10 of the parameters and 1/14 of the multiply-adds of ``base``, with milder augmentation.

    The pretrained ``tiny`` was also distilled from ``base``: ``--set teacher=base --set distillation_weight=0.5``.
    """
    augment = Augment(
        rotation=10.0, scale=(0.9, 1.1), translation=0.06, contrast=(0.8, 1.2), brightness=0.1, erase=0.25
    )
    return dataclasses.replace(base(), name="tiny", network="tiny", augment=augment)


def large() -> Recipe:
    """For a GPU: 4.5 times the parameters of ``base``, and more epochs. In 37 epochs it was as accurate as ``base`` (docs/experiments.md)."""
    return dataclasses.replace(base(), name="large", network="large", epochs=120, ema=0.999)


def demo() -> Recipe:
    """For a demo on synthetic faces: the tiny network with small batches and mild augmentation."""
    augment = Augment(rotation=8.0, scale=(0.95, 1.05), translation=0.06)
    return dataclasses.replace(
        tiny(),
        name="demo",
        epochs=12,
        resize_from=0,
        batch_size=32,
        learning_rate=0.05,
        auxiliary_head=0.0,
        ema=0.98,
        hold_out=0.12,
        augment=augment,
    )


def finetune() -> Recipe:
    """For fine-tuning: few epochs at a low learning rate from the weights of a model, ``base`` unless ``--init`` names another.

    No label smoothing: the new last layer is confident from the start, and smoothing would undo that.
    """
    return Recipe(
        name="finetune",
        network="base",
        image_size=48,
        epochs=12,
        batch_size=32,
        optimizer="adamw",
        learning_rate=3e-4,
        weight_decay=0.05,
        init="base",
        keep="last",
        augment=tiny().augment,
    )


RECIPES: dict[str, Callable[[], Recipe]] = {
    "vgg": vgg,
    "large": large,
    "base": base,
    "tiny": tiny,
    "demo": demo,
    "finetune": finetune,
}
"""Recipe name to the function that returns it."""


def no_augment() -> Augment:
    """No augmentation."""
    return Augment(flip=0.0)


def robust() -> Augment:
    """The geometry of ``base``, with image corruptions: about two thirds of the faces have at least one."""
    return dataclasses.replace(
        base().augment,
        contrast=(0.6, 1.5),
        brightness=0.25,
        blur=3.0,
        blur_probability=0.12,
        noise=45.0,
        noise_probability=0.15,
        corruption=0.08,
        crop=0.12,
        turn=45.0,
        gamma=(0.4, 2.5),
        side_light=0.8,
        cover=0.45,
        motion=8.0,
        defocus=3.5,
        resolution=0.16,
        faded=0.1,
        shot=40.0,
        speckle=0.4,
        jpeg=5,
    )


def strong() -> Augment:
    """``robust`` with the probability of every corruption doubled."""
    return dataclasses.replace(robust(), blur_probability=0.24, noise_probability=0.3, corruption=0.16)


AUGMENTS: dict[str, Callable[[], Augment]] = {"none": no_augment, "robust": robust, "strong": strong}
"""Augmentation name, as in ``augment=NAME``, to the function that returns it."""
