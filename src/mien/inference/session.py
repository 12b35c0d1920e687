"""Open an ONNX graph with onnxruntime, with the same settings everywhere."""

from __future__ import annotations

import os
from typing import Annotated, Any

from mien.checks import Between

# Its builds of 1.31 and later send telemetry from Linux too, and leave an identifier and a database in the home folder; this
# must be set before the library loads. Set the variable to 0 to allow telemetry.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

Threads = Annotated[int, Between(0, 1024)]
"""Number of threads per call; 0 uses all cores."""


NOWHERE = os.path.join(os.devnull, "none")  # noqa: PTH118 # a name, not a path of this machine
"""A folder that can't exist, in which a graph from memory looks for weights in other files."""


def open_session(model: str | bytes, threads: int) -> Any:
    """Open a graph for the CPU.

    Args:
        model: path or content of the file. Content must hold all weights: those in other files are refused, because they would be
            read from the working folder, and the hash of a model file doesn't cover them.
        threads: number of threads per run; 0 uses all cores.

    Raises:
        Exception: onnxruntime's own errors.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors only, which are raised as exceptions too
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads must not occupy cores
    if isinstance(model, bytes):
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", NOWHERE)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
