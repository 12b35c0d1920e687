"""What ``benchmarks.gpu`` trains: recipes, numbers of epochs, and what it expects them to take."""

from __future__ import annotations

import math
from dataclasses import dataclass

ASSUMED_RATE, ASSUMED_STEP = 8e13, 6e-3
"""[E] Operations per second and seconds per step that training is assumed to have until they are measured.

An H100 or H200 multiplies matrices at about 8e14 operations per second in bf16; residual networks without fused kernels reach a
tenth of it, as their norms and activations are bound by memory. A step starts some 800 kernels (augmentation 300, forward and
backward 200, Muon and average 300) at 5 to 8 microseconds each, however few its faces.
"""

SELDOM = 60.0
"""Seconds between checkpoints: to write one takes longer than an epoch of a small network."""


@dataclass(frozen=True)
class Training:
    """A recipe with settings, and its place in the budget.

    Attributes:
        recipe, settings: as for ``recipes.get``.
        seconds: the share of the budget that its epochs may take.
        epochs: the fewest that are worth training, and the most.
        around: [E] seconds beside the epochs: export and the scores of the model file on the CPU, and for ``base`` the answers of
            three large networks to 32 views (5 PFLOP forward at a fifth of the card's rate).
        taught: whether the large networks are its teachers.
    """

    recipe: str
    settings: tuple[str, ...]
    seconds: float
    epochs: tuple[int, int]
    around: float
    taught: bool = False

    @property
    def untaught(self) -> list[str]:
        """The settings without those of teachers."""
        return [text for text in self.settings if not text.startswith(("distillation_weight", "teacher"))]


LARGER_BATCH = ("batch_size=256", "learning_rate=0.14", "muon=0.042", "ema=0.998")
"""Twice the batch of the recipes, as a step of 128 faces doesn't fill the card; rates grow with the root of the batch."""

CORRUPTED = (
    "augment=robust",
    "augment.blur_probability=0.1",
    "augment.noise_probability=0.12",
    "augment.corruption=0.05",
)
"""The corruptions that the pretrained ``robust`` was trained with."""

TEACHERS = ("teacher=base,robust", "distillation_weight=0.5", "teacher_sees=view")
"""The pretrained models teach the large ones, whose mean then teaches the small ones."""

STUDENT = (
    *LARGER_BATCH[:1],
    *CORRUPTED,
    "learning_rate=0.1",
    "muon=0.03",
    "ema=0.996",
    "resize_from=0",
    "distillation_weight=0.7",
    "teacher_sees=view",
    "teacher_views=16",
    "keep=last",
)

MILDER = (
    "augment.blur_probability=0.06",
    "augment.noise_probability=0.08",
    "augment.corruption=0.03",
    "augment.contrast=0.7,1.3",
    "augment.brightness=0.15",
)
"""For ``tiny``: fewer corruptions of the same crops, so that the answers to them serve both students."""

MEMBERS: dict[str, Training] = {
    "large": Training("large", (*LARGER_BATCH, *CORRUPTED, *TEACHERS, "keep=last"), 58, (20, 60), 14),
    "large_wide": Training(
        "large", (*LARGER_BATCH, *CORRUPTED, *TEACHERS, "keep=last", "network=large_wide", "seed=1"), 40, (20, 60), 8
    ),
    "large_deep": Training(
        "large", (*LARGER_BATCH, *TEACHERS, "keep=last", "network=large_deep", "seed=2"), 58, (20, 60), 8
    ),
}
"""The ensemble: networks that differ in width, depth, seed and corruptions, as members that err alike gain nothing."""

STUDENTS: dict[str, Training] = {
    "base": Training("base", (*STUDENT, "init=robust"), 112, (60, 300), 32, taught=True),
    "tiny": Training("tiny", (*STUDENT, *MILDER, "init=tiny"), 78, (60, 300), 8, taught=True),
}

PLAIN: dict[str, Training] = {
    "report": Training("vgg", ("stop_accuracy=0",), math.inf, (300, 300), 5),
    "report_unaugmented": Training("vgg", ("stop_accuracy=0", "augment=none"), math.inf, (300, 300), 5),
}
"""The plain network of 39.6 million parameters, on its own schedule."""

TRAININGS = MEMBERS | STUDENTS | PLAIN

FAST_BATCH = ("batch_size=512", "learning_rate=0.2", "muon=0.06", "ema=0.99", "keep=last")


@dataclass(frozen=True)
class Goal:
    """An accuracy that is waited for, and the recipe with settings that reaches it."""

    goal: float
    recipe: str
    settings: tuple[str, ...]


FAST: dict[str, Goal] = {
    "fast_report": Goal(0.653, "base", (*FAST_BATCH, "epochs=20")),
    "fast_strong": Goal(0.70, "large", (*FAST_BATCH, "network=large_wide", "epochs=24")),
}
"""The accuracy of the report on its competition, and a strong one."""

MOST_FAST = 60.0
"""Most seconds for the repeats of one goal."""

ANSWERED_BY = "base"
"""The student whose run keeps the teachers' answers; the other sees the same views, so it needs no teachers."""


@dataclass(frozen=True)
class Scale:
    """How large everything is."""

    everywhere: tuple[str, ...] = ()
    """Settings of every recipe."""
    trained: tuple[str, ...] = ()
    """Settings of the recipes that are trained for more than their pace, the plain network apart."""
    students: tuple[str, ...] = ()
    """Settings of the recipes that are taught."""
    rows: int = 0
    """Most rows of a split; 0 takes all."""
    product: int = 8192
    """Side of the matrices that are multiplied."""
    copied: int = 2**30
    """Numbers of four bytes that are copied."""
    steps: int = 25
    """Steps that are timed."""
    repeats: int = 3
    """Runs of which the median is taken."""
    compilers: tuple[str, ...] = ("auto", "inductor")
    """What the step ``compile`` compares with none; ``auto`` records CUDA graphs."""


REHEARSAL = Scale(
    everywhere=("image_size=16", "batch_size=32", "resize_from=0", "epochs=1", "hold_out=0.2"),
    trained=("network=tiny",),
    students=("teacher_views=1", "init="),
    rows=512,
    product=256,
    copied=2**20,
    steps=1,
    repeats=1,
    compilers=("eager",),
)

STEPS = ("rates", "fast_report", *MEMBERS, "ensemble", *STUDENTS, "fast_strong", "compile", *PLAIN)
"""The steps' names, in the order of their worth."""

EXPECTED = {"rates": 55.0, "ensemble": 5.0, "compile": 130.0}
"""Seconds of the steps that are no single training, on an H100.

``rates`` took 52 s: eleven recipes of two epochs of 25 steps, cuDNN's trials of kernels, and 30 to 300 MB of weights to write for each.
[E] ``compile``: two networks and two compilers, 20 to 40 s each.
"""
