"""Where the threshold between a cut and a movement lies: correlations of pairs of drawn frames, as the cut detector sees them.

    python -m benchmarks.cuts

Prints the 5th percentile, median and 95th percentile of 24 pairs of each kind, at 640x360, with a camera's noise (3 grays).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import scenes
from mien.videos import cuts

Pixels = scenes.Pixels
WIDTH, HEIGHT = 640, 360
PEOPLE = (3, 10, 17, 24, 31, 38, 45, 52)


def noisy(photo: Pixels, light: float = 1.0, *, seed: int = 0) -> Pixels:
    """A photo at another brightness."""
    noise = np.random.default_rng(seed).normal(0, 3, photo.shape)
    return np.asarray((photo * light + noise).clip(0, 255), np.uint8)


def scene(seed: int, person: int, *, left: int = 220, side: int = 200, expression: str = "happy") -> Pixels:
    """Somebody before a background of their own."""
    photo = scenes.background(WIDTH, HEIGHT, seed)
    scenes.paste(photo, scenes.face(expression, side, person), left, (HEIGHT - side) // 2)
    return photo


def pairs(number: int) -> Iterator[tuple[str, Pixels, Pixels]]:
    """What may happen between two frames, each with its frames; the number sets scene and people."""
    one, other = PEOPLE[number % 8], PEOPLE[(number + 3) % 8]
    here, there = scene(number, one), scene(number + 100, other)
    for light in (1.0, 0.3, 0.1, 0.05):
        yield f"cut, light x {light}", noisy(here, light), noisy(there, light, seed=1)
    near = [scene(number, one, left=left, side=340) for left in (99, 159)]
    yield "cut, close-ups", near[0], scene(number + 100, other, left=99, side=340)
    for light in (1.0, 0.1, 0.05):
        yield f"nothing, light x {light}", noisy(here, light), noisy(here, light, seed=1)
    yield "fade, x 0.3 to x 0.1", noisy(here, 0.3), noisy(here, 0.1, seed=1)
    yield "flash, x 1.8", noisy(here), noisy(here, 1.8, seed=1)
    yield "flash, x 4, mostly white", noisy(here), noisy(here, 4.0, seed=1)
    wide = scenes.background(3 * WIDTH, HEIGHT, number)
    for step in (16, 64, 128):
        yield f"pan by {step} px", noisy(wide[:, :WIDTH]), noisy(wide[:, step : step + WIDTH], seed=1)
    for step in (20, 60):
        yield f"walk by {step} px", scene(number, one, left=99), scene(number, one, left=99 + step)
    yield "close-up moves by 60 px", near[0], near[1]


def main() -> None:
    """Print the table."""
    values: dict[str, list[float]] = {}
    for number in range(24):
        for name, before, after in pairs(number):
            values.setdefault(name, []).append(cuts.likeness(cuts.coarse(before), cuts.coarse(after)))
    print(f"threshold: {cuts.MIN_CORRELATION}")
    for name, column in values.items():
        low, middle, high = np.percentile(column, (5, 50, 95))
        print(f"{name:26} {low:6.2f} {middle:6.2f} {high:6.2f}")


if __name__ == "__main__":
    main()
