"""The schedules: learning rate and size of the faces."""

from __future__ import annotations

import pytest

from mien import recipes
from mien.training import schedules


def test_schedules() -> None:
    def at(schedule: str, step: int) -> float:
        return schedules.lr_factor(recipes.get("base", [f"schedule={schedule}", "warmup=0.1"]), step, 100)

    for schedule in ("linear", "cosine", "constant"):
        climb = [at(schedule, step) for step in range(11)]
        assert climb == sorted(climb)
        assert climb[0] < 0.1 < climb[9] < climb[10] == 1.0
    assert at("linear", 55) == pytest.approx(0.5)
    assert at("cosine", 55) == pytest.approx(0.5)
    assert at("linear", 99) == pytest.approx(1 / 90)
    assert at("cosine", 99) < at("linear", 99)
    assert at("constant", 99) == 1.0


def test_faces_grow_to_their_full_size() -> None:
    recipe = recipes.get("demo", ["image_size=48", "resize_from=32", "resize_until=0.5", "epochs=8"])
    assert [schedules.face_size(recipe, epoch) for epoch in range(1, 9)] == [32, 32, 40, 40, 48, 48, 48, 48]
    for settings in (["image_size=48"], ["resize_from=32", "resize_until=0"], ["resize_from=48"]):
        assert schedules.face_size(recipes.get("demo", settings), 1) == 48
