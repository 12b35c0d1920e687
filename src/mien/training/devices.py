"""Which device trains, and in which precision."""

from __future__ import annotations

import ctypes
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any, TypeVar

import torch
from torch import nn

from mien.checks import OneOf, checked
from mien.errors import TrainingError
from mien.run_record import PRECISIONS, Speed

Precision = Annotated[str, OneOf(PRECISIONS)]

COMPILERS: dict[str, dict[str, str]] = {
    "off": {},
    "eager": {"backend": "eager"},  # traces and compiles nothing: shows whether the network can be compiled
    "inductor": {"backend": "inductor"},
    "cudagraphs": {"backend": "inductor", "mode": "reduce-overhead"},
}
"""What ``torch.compile`` is asked for, by the names in ``run_record.COMPILERS``."""

M = TypeVar("M", bound=nn.Module)


def compiled(module: M, speed: Speed) -> M:
    """The module as training calls it; its weights are those of the module itself."""
    if speed.compiler == "off":
        return module
    return torch.compile(module, dynamic=False, **COMPILERS[speed.compiler])  # type: ignore[call-overload, no-any-return] # the settings are torch's own


_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4  # malloc.h; -1 as a value turns trimming off


def pick(name: str = "auto") -> torch.device:
    """Return the device of that name; ``auto`` is the first of CUDA, MPS and CPU that is there.

    Raises:
        TrainingError: this machine hasn't got it.
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, there in present.items() if there)
    if not present.get(name.split(":")[0], False):
        there = ", ".join(kind for kind, is_there in present.items() if is_there)
        raise TrainingError(f"This machine has no device '{name}' that torch can use: choose {there}.")
    return torch.device(name)


def has_bf16(device: torch.device) -> bool:
    """Whether bf16 matrix products run in hardware; where they are emulated they are far slower than fp32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return False


@checked
def pick_precision(precision: Precision, device: torch.device) -> str:
    """Return ``"fp32"`` or ``"bf16"``; ``auto`` is bf16 where the processor really has it.

    Raises:
        ArgumentError: it is no name out of ``PRECISIONS``.
    """
    if precision == "auto":
        return "bf16" if has_bf16(device) else "fp32"
    return precision


def autocast(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    """The context in which a network computes its forward pass; weights and loss stay in fp32."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()


def memory_format(device: torch.device) -> torch.memory_format:
    """The order of a batch's numbers in which convolutions are fastest: channels last on CPUs and CUDA."""
    return torch.contiguous_format if device.type == "mps" else torch.channels_last


def tune(device: torch.device) -> None:
    """Prepare this process for training: keep freed memory on a CPU, try cuDNN's algorithms for each shape on CUDA."""
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True
    keep_memory()


def keep_memory() -> None:
    """Let the process keep the memory it frees, for the next step to use; only glibc can be told so.

    Otherwise every large tensor is fresh memory, which the system clears page by page at first touch; with the report's
    network that is a large part of a step. It holds for the rest of the process.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        for parameter, value in ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, -1), (_M_TOP_PAD, 2**28)):
            mallopt(parameter, value)
