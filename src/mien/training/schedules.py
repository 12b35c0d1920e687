"""Schedules over a training: the learning rate, and the size of the faces (progressive resizing)."""

from __future__ import annotations

import math

from mien.recipes import Recipe


def lr_factor(recipe: Recipe, step: int, num_steps: int) -> float:
    """The learning rate of a step, counted from 0, as a share of the peak: linear warmup, then the schedule."""
    warmup = recipe.warmup * num_steps
    if step < warmup:
        return (step + 1) / (warmup + 1)
    progress = (step - warmup) / max(1.0, num_steps - warmup)  # from 0 to just below 1
    if recipe.schedule == "linear":
        return 1.0 - progress
    if recipe.schedule == "cosine":
        return 0.5 * (1.0 + math.cos(math.pi * progress))
    return 1.0


def face_size(recipe: Recipe, epoch: int) -> int:
    """Height and width of the faces in an epoch, counted from 1: increases in steps of 8 pixels to ``image_size``."""
    sizes = range(recipe.resize_from, recipe.image_size, 8) if recipe.resize_from else ()
    full_after = recipe.resize_until * recipe.epochs
    if not sizes or epoch - 1 >= full_after:
        return recipe.image_size
    return sizes[int((epoch - 1) / full_after * len(sizes))]
