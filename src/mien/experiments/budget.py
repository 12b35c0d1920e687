"""How much training fits a number of minutes: recipes are timed on some of the faces, and the best that fits is taken."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien import recipes
from mien.data import store
from mien.data.faceset import FaceSet
from mien.errors import RecipeError
from mien.progress import SILENT, Progress
from mien.recipes import Recipe
from mien.run_record import Hardware
from mien.training import division, job, schedules
from mien.words import counted

TIMED_FACES = 1024
"""Faces of the training that is timed."""

ENOUGH_EPOCHS = 15
"""With fewer epochs, fewer seeds or a smaller network are better."""

FEWEST_EPOCHS = 3
"""With fewer epochs, nothing is learned that could be compared."""

SEEDS = (3, 2)
"""Seeds of each arm, the most first; an ensemble takes two."""

FOR_TRAINING = 0.85
"""Share of the time that the trainings may take; reading, judging and drawing take the rest."""


@dataclass(frozen=True)
class Timing:
    """How long the trainings of a recipe take here.

    Attributes:
        recipe: its name.
        epoch: seconds of an epoch, the mean over the sizes of the faces.
        overhead: seconds of a training beside its epochs.
    """

    recipe: str
    epoch: float
    overhead: float

    def minutes(self, num_trainings: int, num_epochs: int) -> float:
        """Minutes of so many trainings of so many epochs each."""
        return num_trainings * (self.overhead + num_epochs * self.epoch) / 60

    def epochs(self, num_trainings: int, minutes: float) -> int:
        """How many epochs each of so many trainings may have."""
        return int((60 * minutes / num_trainings - self.overhead) / self.epoch)


@dataclass(frozen=True)
class Fit:
    """What fits.

    Attributes:
        recipe: with its number of epochs.
        num_seeds: runs of each arm.
        timing: of the recipe.
    """

    recipe: Recipe
    num_seeds: int
    timing: Timing


def fit(
    candidates: Sequence[Recipe],
    num_arms: Callable[[Recipe], int],
    minutes: float,
    timed: Callable[[Recipe], Timing],
    seeds: Sequence[int] = SEEDS,
) -> Fit:
    """Choose the first recipe that has enough epochs, with as many seeds as fit.

    Args:
        candidates: recipes, the best first.
        num_arms: how many trainings a recipe takes for each seed.
        minutes: of all trainings.
        timed: how long a recipe takes; asked only of recipes that are considered.
        seeds: numbers of seeds, the preferred first.

    Raises:
        RecipeError: not even the last recipe has ``FEWEST_EPOCHS``; the message says how many minutes it takes.
    """
    share = FOR_TRAINING * minutes
    found = None
    for recipe in candidates:
        timing = timed(recipe)
        for num_seeds in seeds:
            epochs = min(recipe.epochs, timing.epochs(num_arms(recipe) * num_seeds, share))
            found = Fit(dataclasses.replace(recipe, epochs=max(1, epochs)), num_seeds, timing)
            if epochs >= min(recipe.epochs, ENOUGH_EPOCHS):
                return found
    assert found is not None
    if found.recipe.epochs < min(candidates[-1].epochs, FEWEST_EPOCHS):
        trainings = num_arms(found.recipe) * found.num_seeds
        needed = timing.minutes(trainings, FEWEST_EPOCHS) / FOR_TRAINING
        raise RecipeError(
            f"An epoch of the recipe '{found.recipe.name}' takes {timing.epoch:.0f} s here, so {counted(trainings, 'training')} of "
            f"{FEWEST_EPOCHS} epochs take {np.ceil(needed):.0f} minutes: give --minutes {np.ceil(needed):.0f} or more, or name a "
            "smaller recipe, such as --recipe tiny."
        )
    return found


def timing(recipe: Recipe, faceset: FaceSet, hardware: Hardware, progress: Progress = SILENT) -> Timing:
    """Train two epochs on some of the faces, and tell how long they take on all.

    Args:
        recipe: the recipe.
        faceset: the data, which the recipe divides.
        hardware: on what to train.
        progress: receives messages.
    """
    train_set, _ = division.divide(faceset, recipe)
    some = train_set.select(np.arange(0, len(train_set), max(1, len(train_set) // TIMED_FACES)))
    progress.line(f"timing the recipe {recipe.name} on {counted(len(some), 'face')}")
    short = dataclasses.replace(
        recipe, epochs=2, resize_from=0, valid_split="", hold_out=0.12, stop_accuracy=0.0, patience=0
    )
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "faces.parquet"
        store.write_parquet(dataclasses.replace(some, splits=np.full(len(some), "train")), data)
        started = time.perf_counter()
        run = job.start(data, short, Path(folder) / "run", hardware=hardware)
        seconds, epochs = time.perf_counter() - started, [row.seconds for row in run.history]
    sizes = [schedules.face_size(recipe, epoch) / recipe.image_size for epoch in range(1, recipe.epochs + 1)]
    scale = len(train_set) / run.record.data.train.rows * float(np.mean(np.square(sizes)))
    return Timing(recipe.name, scale * min(epochs), seconds - sum(epochs))


def candidates(device: str) -> tuple[Recipe, ...]:
    """The recipes that are considered where none is named, the best first."""
    names = ("large", "base", "tiny") if device == "cuda" else ("base", "tiny")
    return tuple(recipes.get(name) for name in names)
