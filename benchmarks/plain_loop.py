"""The report's training as most people would write it: a Dataset of PIL pictures, a DataLoader, PyTorch's layers, fp32.

    python -m benchmarks.plain_loop [--seconds 30] [--workers 0]

It is what mien's own loop is measured against; nothing in mien uses it.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import time
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

BATCH_SIZE = 128


class Pictures(Dataset[tuple[Tensor, int]]):
    """Faces as PIL pictures, augmented one by one when asked for: flip, rotation, perspective, blur, noise."""

    def __init__(self, faces: list[Image.Image], labels: list[int]) -> None:
        self.faces = faces
        self.labels = labels

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, row: int) -> tuple[Tensor, int]:
        face = self.faces[row].resize((64, 64), Image.Resampling.BILINEAR)
        if random.random() < 0.5:
            face = face.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        face = face.rotate(random.uniform(-15, 15), Image.Resampling.BILINEAR)
        tilt = random.uniform(-0.1, 0.1) / 64
        face = face.transform((64, 64), Image.Transform.PERSPECTIVE, (1, 0, 0, 0, 1, 0, tilt, tilt))
        if random.random() < 0.5:
            face = face.filter(ImageFilter.GaussianBlur(random.uniform(0, 1)))
        pixels = torch.from_numpy(np.asarray(face, np.float32)) / 255
        if random.random() < 0.5:
            pixels = pixels + torch.randn(64, 64) * random.uniform(0, 10 / 255)
        return ((pixels - 0.5) / 0.25).unsqueeze(0), self.labels[row]


def network() -> nn.Module:
    """The report's network out of PyTorch's own layers."""
    layers: list[nn.Module] = []
    for number, (width_in, width) in enumerate([(1, 64), (64, 128), (128, 256), (256, 512)]):
        layers += [nn.Conv2d(width_in, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU() if number else nn.RReLU()]
        layers += [nn.MaxPool2d(2), nn.Dropout(0.25)]
    layers += [nn.Flatten(), nn.Dropout(0.5), nn.Linear(512 * 4 * 4, 4096), nn.RReLU(), nn.Dropout(0.5)]
    return nn.Sequential(
        *layers, nn.Linear(4096, 1024), nn.RReLU(), nn.Linear(1024, 256), nn.RReLU(), nn.Linear(256, 7)
    )


def steps(workers: int = 0, num_faces: int = 4096) -> Iterator[float]:
    """Train on noise without end; yields the seconds of each step, loading included."""
    rng = np.random.default_rng(0)
    faces = [Image.fromarray(rng.integers(0, 256, (48, 48), dtype=np.uint8)) for _ in range(num_faces)]
    labels = rng.integers(0, 7, num_faces).tolist()
    loader = DataLoader(Pictures(faces, labels), BATCH_SIZE, shuffle=True, drop_last=True, num_workers=workers)
    model = network().train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    while True:
        started = time.perf_counter()
        for x, target in loader:
            loss = F.cross_entropy(model(x), target)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call] # torch's own
            optimizer.step()
            yield time.perf_counter() - started
            started = time.perf_counter()


def main() -> None:
    """Print the rate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--workers", type=int, default=0, help="loading processes beside the training one")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    running = steps(arguments.workers)
    next(running)  # the first step warms up
    times: list[float] = []
    while math.fsum(times) < arguments.seconds or len(times) < 3:
        times.append(next(running))
    rate = BATCH_SIZE / statistics.median(times)
    if arguments.json:
        print(json.dumps({"images_per_second": rate, "n": len(times)}))
        return
    print(f"{rate:.1f} images/s, n = {len(times)} steps, {torch.get_num_threads()} threads")


if __name__ == "__main__":
    main()
