"""Opening an ONNX graph with onnxruntime: the one place where its settings are chosen."""

from __future__ import annotations

import os
from typing import Annotated, Any

from mien.checks import Between

# Its builds of 1.31 and later send telemetry from Linux too, and leave an identifier and a database in the home folder; this
# must be set before the library loads. Who wants telemetry sets the variable to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

Threads = Annotated[int, Between(0, 1024)]
"""Processor threads of one call; 0 uses all cores."""


def open_session(model: str | bytes, threads: int) -> Any:
    """Open a graph, by its path or its bytes, for the CPU.

    Args:
        model: the path of the file, or its content.
        threads: how many processor threads one run may use; 0 uses all cores.

    Raises:
        Exception: onnxruntime's own, where it can't be opened.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors only; they come back as exceptions too
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads leave the cores to others
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
