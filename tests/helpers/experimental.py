"""Results of experiments, made up: a study of three arms, and a search of five trials."""

from __future__ import annotations

from typing import Literal

import records
from mien.evaluation.comparison import Comparison
from mien.evaluation.metrics import SCORES
from mien.experiments.arms import Arm
from mien.experiments.results import ArmResult, StudyResult, SweepResult, TrialResult

SPACE = ("learning_rate=0.01..0.3:log", "batch_size=32..128", "network=tiny|base")


def study(accuracy: float = 0.55, *, seeds: int = 3, family: tuple[float, float] = (-0.01, 0.05)) -> StudyResult:
    """A study of three arms, each 2 points better than the first, with the interval of all at once that is given."""

    def arm(key: str, is_first: bool = False) -> ArmResult:
        mean = dict.fromkeys(SCORES, accuracy if is_first else accuracy + 0.02)
        compared = Comparison(
            scores=(mean,) * seeds,
            mean=mean,
            sd=dict.fromkeys(SCORES, 0.001) if seeds > 1 else None,
            difference=None if is_first else dict.fromkeys(SCORES, (0.02, 0.005, 0.035)),
            family=None if is_first else dict.fromkeys(SCORES, family),
        )
        epochs, minutes = (3,) * seeds, (1.0,) * seeds
        return ArmResult(Arm(key), True, compared, epochs=epochs, minutes=minutes, curve=(0.4, 0.5, 0.55))

    return StudyResult(
        study="augmentation",
        common=records.common(),
        seeds=tuple(range(seeds)),
        split="test",
        n=1000,
        majority=0.25,
        mien="0",
        arms=(arm("none", is_first=True), arm("flip_alone"), arm("all")),
    )


def trial(
    number: int,
    state: Literal["finished", "stopped", "failed"],
    curve: tuple[float, ...],
    learning_rate: float,
    batch_size: int,
    network: str,
) -> TrialResult:
    values: dict[str, float | str] = {"learning_rate": learning_rate, "batch_size": batch_size, "network": network}
    return TrialResult(
        number=number,
        run=f"runs/{number}",
        values=values,
        settings=tuple(f"{field}={value}" for field, value in values.items()),
        state=state,
        reason="",
        accuracy=max(curve, default=0.0),
        minutes=1.5,
        curve=curve,
    )


def sweep() -> SweepResult:
    """Five trials of three fields: the third is best, the second was stopped, the fourth failed."""
    return SweepResult(
        common=records.common("tiny", settings=("epochs=4",)),
        space=SPACE,
        epochs=4,
        halts=(1, 2),
        seed=7,
        n=100,
        versions={"mien": "0", "ray": "1"},
        trials=(
            trial(1, "finished", (0.2, 0.3, 0.5, 0.6), 0.1, 128, "tiny"),
            trial(2, "stopped", (0.1,), 0.011, 32, "base"),
            trial(3, "finished", (0.3, 0.4, 0.6, 0.65), 0.05, 64, "base"),
            trial(4, "failed", (), 0.29, 64, "base"),
            trial(5, "finished", (0.3, 0.3, 0.4, 0.45), 0.02, 64, "base"),
        ),
        best=3,
        as_it_is=1,
    )
