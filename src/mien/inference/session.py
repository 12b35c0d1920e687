"""Open an ONNX graph with onnxruntime, with the same settings everywhere."""

from __future__ import annotations

import os
from typing import Annotated, Any

from mien.checks import Between, OneOf
from mien.errors import ArgumentError

# Its builds of 1.31 and later send telemetry from Linux too, and leave an identifier and a database in the home folder; this
# must be set before the library loads. Set the variable to 0 to allow telemetry.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

Threads = Annotated[int, Between(0, 1024)]
"""Number of threads per call; 0 uses all cores."""

PROVIDERS = {"cuda": "CUDAExecutionProvider", "coreml": "CoreMLExecutionProvider", "cpu": "CPUExecutionProvider"}
"""onnxruntime's name of each device; ``"auto"`` takes the first that can be used."""

INSTALL = {
    "cuda": "install the package 'onnxruntime-gpu' in place of 'onnxruntime'",
    "coreml": "install the package 'onnxruntime' on macOS",
}
"""How onnxruntime gets a device."""

Device = Annotated[str, OneOf(("cpu", "auto", *list(PROVIDERS)[:-1]))]
"""Device of inference."""


def usable() -> list[str]:
    """The devices that onnxruntime is built for here, fastest first."""
    known = onnxruntime.get_available_providers()
    return [device for device, provider in PROVIDERS.items() if provider in known]


def check(device: str) -> None:
    """Check that a device can be used.

    Raises:
        ArgumentError: onnxruntime isn't built for it.
    """
    if device != "auto" and device not in usable():
        raise ArgumentError(_refusal(device, "is not built for"))


def _refusal(device: str, why: str) -> str:
    others = ", ".join(name for name in usable() if name != device)
    how = INSTALL.get(device, "install the package 'onnxruntime'")
    return f"onnxruntime {why} the device '{device}' here, only for {others}: {how}."


def device_of(session: Any) -> str:
    """The device that a session runs on; operations that this device lacks run on the CPU."""
    first = session.get_providers()[0]
    return next(device for device, provider in PROVIDERS.items() if provider == first)


def open_session(model: str | bytes, threads: int, device: str = "cpu") -> Any:
    """Open a graph.

    Args:
        model: path or content of the file.
        threads: number of threads per run on the CPU; 0 uses all cores.
        device: ``"cpu"``, ``"cuda"``, ``"coreml"``, or ``"auto"`` for the first of CUDA, CoreML and CPU that can be used.

    Raises:
        ArgumentError: the device can't be used.
        Exception: onnxruntime's own errors.
    """
    check(device)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors only, which are raised as exceptions too
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads must not occupy cores
    devices = usable() if device == "auto" else [device]
    providers = list(dict.fromkeys([*(PROVIDERS[name] for name in devices), PROVIDERS["cpu"]]))
    session = onnxruntime.InferenceSession(model, options, providers=providers)
    if device not in ("auto", device_of(session)):
        # For example without the libraries of CUDA: onnxruntime then takes the CPU.
        raise ArgumentError(_refusal(device, "could not load its libraries for"))
    return session
