"""How fast each recipe trains on this machine, augmentation included, beside the machine's own matrix-product rate.

    python benchmarks/training_speed.py [--seconds 25] [--json]

Both are measured in turns within one run, so that a busy machine slows them alike; the share is the figure to compare.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

import torch
import torch.nn.functional as F

from mien import tables
from mien.training import devices, loop, networks, recipes, summary
from mien.training.augment import augment
from mien.training.run import processor

FER2013_ROWS = 25_264
"""Training rows of FER2013 without the 12% that are held out."""


def matmul_rate(device: torch.device, precision: str, size: int = 2048) -> float:
    """Floating-point operations per second of one large matrix product."""
    a = torch.randn(size, size, device=device, dtype=torch.bfloat16 if precision == "bf16" else torch.float32)
    started = time.perf_counter()
    for _ in range(3):
        float((a @ a)[0, 0])
    return 3 * 2 * size**3 / (time.perf_counter() - started)


def measure(name: str, device: torch.device, precision: str, seconds: float) -> dict[str, Any]:
    """Train on noise for some seconds; the middle step counts."""
    recipe = recipes.get(name)
    network = networks.build(recipe.network, 7, recipe.image_size).to(device).train()
    channels_last = networks.uses_channels_last(network, device)
    memory_format = torch.channels_last if channels_last else torch.contiguous_format
    network = network.to(memory_format=memory_format)  # type: ignore[call-overload] # torch's stubs lack this overload
    optimizer = loop.build_optimizer(recipe, network)
    generator = torch.Generator(device).manual_seed(0)
    faces = torch.randint(
        0, 256, (recipe.batch_size, recipe.image_size, recipe.image_size), dtype=torch.uint8, device=device
    )
    targets = torch.full((recipe.batch_size, 7), 1 / 7, device=device)

    def step() -> float:
        started = time.perf_counter()
        x = (augment(faces, recipe.augment, generator) - 128) / 64
        with devices.autocast(device, precision):
            logits = network(x.contiguous(memory_format=memory_format))
        loss = F.cross_entropy(logits.float(), targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call] # torch's own
        optimizer.step()
        float(loss.detach())
        return time.perf_counter() - started

    step()
    times: list[float] = []
    rates: list[float] = []
    while sum(times) < seconds or len(times) < 3:
        rates.append(matmul_rate(device, precision))
        times.append(step())
    images_per_second = recipe.batch_size / statistics.median(times)
    flops = 3 * 2 * summary.describe(network.cpu(), recipe.image_size)["macs"]  # forward, and twice as much backward
    return {
        "recipe": name,
        "images_per_second": images_per_second,
        "share_of_matmul": flops * images_per_second / statistics.median(rates),
        "seconds_per_epoch": FER2013_ROWS / images_per_second,
        "n": len(times),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=25, help="training time per recipe")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    device = devices.pick()
    precision = devices.pick_precision("auto", device)
    results = [measure(name, device, precision, arguments.seconds) for name in ("report", "base", "tiny")]
    setup = {
        "device": device.type,
        "processor": processor(),
        "threads": torch.get_num_threads(),
        "precision": precision,
        "torch": torch.__version__,
        "date": time.strftime("%Y-%m-%d"),
    }
    if arguments.json:
        print(json.dumps({**setup, "results": results}))
        return
    print(", ".join(f"{key} {value}" for key, value in setup.items()))
    rows = [
        [
            r["recipe"],
            f"{r['images_per_second']:,.0f}",
            f"{r['share_of_matmul']:.0%}",
            f"{r['seconds_per_epoch']:,.0f}",
            str(r["n"]),
        ]
        for r in results
    ]
    print(tables.render(["recipe", "images/s", "share of matmul rate", "s per FER2013 epoch", "n"], rows))


if __name__ == "__main__":
    main()
