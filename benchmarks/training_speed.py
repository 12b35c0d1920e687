"""How fast each recipe trains here, beside the machine's matrix-product rate, its own input pipeline and a plain loop.

    python -m benchmarks.training_speed [--seconds 20]

What is compared is measured in turns within one run, so that a busy machine slows all alike: the ratios count.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from benchmarks.circumstances import circumstances

from mien import recipes, tables
from mien.training import devices, networks, optimizers, summary
from mien.training.augment import augment

FER2013_ROWS = 25_264
"""Training rows of FER2013 without the 12% that the recipe `report` holds out."""

ROOT = Path(__file__).parents[1]


def setup(*models: str) -> dict[str, Any]:
    """What a figure depends on beside the code, and the model files that were run."""
    device = devices.pick()
    return {
        **circumstances(*models),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "precision": devices.pick_precision("auto", device),
        "torch": torch.__version__,
    }


def matmul_rate(device: torch.device, precision: str, size: int = 2048) -> float:
    """Floating-point operations per second of one large matrix product."""
    a = torch.randn(size, size, device=device, dtype=torch.bfloat16 if precision == "bf16" else torch.float32)
    started = time.perf_counter()
    for _ in range(3):
        float((a @ a)[0, 0])
    return 3 * 2 * size**3 / (time.perf_counter() - started)


def trainer(recipe: recipes.Recipe, device: torch.device, precision: str) -> tuple[Callable[[], None], int]:
    """One step of a recipe on noise, augmentation included, and the multiply-adds of one face going forward."""
    network = networks.build(recipe.network, 7, recipe.image_size)
    macs = summary.describe(network, recipe.image_size).macs
    memory_format = devices.memory_format(device)
    network = network.to(device).train().to(memory_format=memory_format)  # type: ignore[call-overload] # torch's stubs lack this overload
    made = optimizers.build(recipe, network)
    generator = torch.Generator(device).manual_seed(0)
    shape = (recipe.batch_size, recipe.image_size, recipe.image_size)
    faces = torch.randint(0, 256, shape, dtype=torch.uint8, device=device)
    targets = torch.full((recipe.batch_size, 7), 1 / 7, device=device)

    def step() -> None:
        x = (augment(faces, recipe.augment, generator) - 128) / 64
        with devices.autocast(device, precision):
            logits = network(x.contiguous(memory_format=memory_format))
        loss = F.cross_entropy(logits.float(), targets)
        network.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call] # torch's own
        for optimizer in made:
            optimizer.step()
        float(loss.detach())

    return step, macs


def seconds_of(work: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(name: str, seconds: float) -> dict[str, Any]:
    """Train a recipe on noise for some seconds, in turns with matrix products and with augmentation alone."""
    devices.keep_memory()
    device = devices.pick()
    precision = devices.pick_precision("auto", device)
    recipe = recipes.get(name)
    step, macs = trainer(recipe, device, precision)
    shape = (recipe.batch_size, recipe.image_size, recipe.image_size)
    faces = torch.randint(0, 256, shape, dtype=torch.uint8, device=device)
    generator = torch.Generator(device).manual_seed(0)
    for _ in range(3):
        step()
    times: list[float] = []
    rates: list[float] = []
    inputs: list[float] = []
    while math.fsum(times) < seconds or len(times) < 5:
        rates.append(matmul_rate(device, precision))
        times.append(seconds_of(step))
        inputs.append(seconds_of(lambda: float(augment(faces, recipe.augment, generator)[0, 0, 0, 0])))
    images_per_second = recipe.batch_size / statistics.median(times)
    return {
        "recipe": name,
        "images_per_second": images_per_second,
        "matmul_gflops": statistics.median(rates) / 1e9,
        "share_of_matmul": 3 * 2 * macs * images_per_second / statistics.median(rates),  # backward is twice forward
        "input_images_per_second": recipe.batch_size / statistics.median(inputs),
        "seconds_per_epoch": FER2013_ROWS / images_per_second,
        "n": len(times),
    }


def against_plain(seconds: float, rounds: int = 3) -> dict[str, Any]:
    """mien's report network and the plain loop, in turns, each in a process of its own."""
    ours: list[float] = []
    plain: list[float] = []
    for _ in range(rounds):
        plain.append(_rate("benchmarks.plain_loop", "--seconds", str(seconds)))
        ours.append(_rate("benchmarks.training_speed", "--recipes", "vgg", "--seconds", str(seconds)))
    return {
        "plain_images_per_second": statistics.median(plain),
        "mien_images_per_second": statistics.median(ours),
        "ratio": statistics.median(a / b for a, b in zip(ours, plain, strict=True)),
        "n": rounds,
    }


def _rate(module: str, *arguments: str) -> float:
    """The last word of what a benchmark prints with --json, on its first recipe."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments, "--json"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    result = json.loads(done.stdout)
    return float(result[0]["images_per_second"] if isinstance(result, list) else result["images_per_second"])


def table(results: list[dict[str, Any]]) -> str:
    """The recipes side by side."""
    rows = [
        [
            r["recipe"],
            f"{r['images_per_second']:,.0f}",
            f"{r['share_of_matmul']:.0%}",
            f"{r['input_images_per_second'] / r['images_per_second']:,.0f}x",
            f"{r['seconds_per_epoch']:,.0f}",
            str(r["n"]),
        ]
        for r in results
    ]
    head = ["recipe", "images/s", "share of matmul rate", "input pipeline", "s per 25,264 faces", "n"]
    return tables.render(head, rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=20, help="training time per recipe")
    parser.add_argument("--recipes", default="report,base,tiny")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results = [measure(name, arguments.seconds) for name in arguments.recipes.split(",")]
    if arguments.json:
        print(json.dumps(results))
        return
    print(", ".join(f"{key} {value}" for key, value in setup().items()))
    print(table(results))


if __name__ == "__main__":
    main()
