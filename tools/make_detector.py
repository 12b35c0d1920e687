"""Make the vendored face detector out of YuNet as published: the same weights, any input size.

    python -m tools.make_detector face_detection_yunet_2023mar.onnx

The published graph is fixed at 640x640; its two sides and the lengths of its outputs become symbols here.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import onnx

from mien.inference import detector

PUBLISHED = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"


def main() -> None:
    source = Path(sys.argv[1])
    if hashlib.sha256(source.read_bytes()).hexdigest() != PUBLISHED:
        sys.exit(f"'{source}' is not the published YuNet (sha256 {PUBLISHED}).")
    model = onnx.load(source)
    sides = model.graph.input[0].type.tensor_type.shape.dim
    sides[2].dim_param, sides[3].dim_param = "height", "width"
    for output in model.graph.output:
        output.type.tensor_type.shape.dim[1].dim_param = f"anchors_{output.name.split('_')[1]}"
    detector.PATH.write_bytes(model.SerializeToString(deterministic=True))
    print(detector.PATH, hashlib.sha256(detector.PATH.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
