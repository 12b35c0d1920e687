"""What int8 would give: the pretrained models quantised by onnxruntime, their accuracy on held-out rows and their speed.

    python -m benchmarks.int8 DATA

Static quantisation per channel, activations uint8, calibrated on 512 Training rows; accuracy on the Training rows that the models
held out. ``7 bits`` keeps one bit of the weights free, which processors without VNNI need lest sums overflow.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from benchmarks.circumstances import circumstances
from numpy.typing import NDArray

import mien
from mien import modelfile, tables
from mien.data import splits
from mien.inference import pretrained
from mien.inference.session import open_session  # turns telemetry off, which must come before onnxruntime

import onnxruntime  # isort: skip
from onnxruntime import quantization  # isort: skip

LAYERS = ["Conv", "Gemm", "MatMul", "Add"]


class Calibration(quantization.CalibrationDataReader):  # type: ignore[misc] # onnxruntime has no types
    """Hands out faces in batches."""

    def __init__(self, faces: NDArray[np.uint8]) -> None:
        self.batches = iter(np.split(faces, 16))

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        batch = next(self.batches, None)
        return None if batch is None else {modelfile.INPUT: batch}


def quantise(model: Path, target: Path, faces: NDArray[np.uint8], method: str, reduce: bool) -> None:
    """Write an int8 version; half-precision weights are unpacked first."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    options.optimized_model_filepath = str(target.with_suffix(".unpacked.onnx"))
    onnxruntime.InferenceSession(str(model), options)
    quantization.quantize_static(
        options.optimized_model_filepath,
        str(target),
        Calibration(faces),
        per_channel=True,
        reduce_range=reduce,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
        calibrate_method=quantization.CalibrationMethod[method],
        op_types_to_quantize=LAYERS,
    )


def measure(path: Path, faces: NDArray[np.uint8], labels: NDArray[np.int64]) -> list[str]:
    """Accuracy, milliseconds a face alone and in batches of 64 on one thread, and the file's size."""
    session = open_session(str(path), threads=1)

    def read(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(session.run(None, {modelfile.INPUT: batch})[0])

    def milliseconds(size: int, calls: int) -> float:
        times = []
        for _ in range(calls):
            started = time.perf_counter()
            read(faces[:size])
            times.append(time.perf_counter() - started)
        return float(np.median(times)) * 1000 / size

    rows = np.concatenate([read(batch) for batch in np.array_split(faces, 16)])
    accuracy = f"{(rows.argmax(1) == labels).mean():.2%}"
    return [accuracy, f"{milliseconds(1, 300):.3f}", f"{milliseconds(64, 15):.3f}", f"{path.stat().st_size:,}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    learnt, held_out = splits.hold_out(mien.read(arguments.data).split("train"), 0.06)
    faces = learnt.images[np.random.default_rng(0).permutation(len(learnt))[:512]]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in ("tiny", "base"):
            model = pretrained.resolve(name)
            rows.append([name, "as shipped", *measure(model, held_out.images, held_out.labels)])
            for method, reduce in itertools.product(("MinMax", "Percentile"), (False, True)):
                target = Path(folder, f"{name}-{method}-{reduce}.onnx")
                quantise(model, target, faces, method, reduce)
                kind = f"int8, {method}{', 7 bits' if reduce else ''}"
                rows.append([name, kind, *measure(target, held_out.images, held_out.labels)])
    print(", ".join(f"{key} {value}" for key, value in circumstances().items()))
    print(f"n = {len(held_out):,} held-out rows; one thread, median of 300 calls of one face and 15 of 64")
    print(tables.render(["model", "weights", "accuracy", "ms, batch 1", "ms, batch 64", "bytes"], rows))


if __name__ == "__main__":
    main()
