"""Device and precision of training."""

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
    "eager": {"backend": "eager"},  # only traces the network: a test of whether it can be compiled
    "inductor": {"backend": "inductor"},
}
"""Mode, as in ``run_record.COMPILERS``, to the arguments of ``torch.compile``."""

M = TypeVar("M", bound=nn.Module)


def compiled(module: M, speed: Speed) -> M:
    """The compiled module, which shares its weights with the module; the module itself in modes without ``torch.compile``."""
    if speed.compiler not in COMPILERS:
        return module
    return torch.compile(module, dynamic=False, **COMPILERS[speed.compiler])  # type: ignore[call-overload, no-any-return] # the settings are torch's own


_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4  # malloc.h; -1 as a value turns trimming off


def pick(name: str = "auto") -> torch.device:
    """Return the device of that name; ``auto`` is the first available of CUDA, MPS and CPU.

    Raises:
        TrainingError: this machine doesn't have the device.
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, there in present.items() if there)
    if not present.get(name.split(":")[0], False):
        there = ", ".join(kind for kind, is_there in present.items() if is_there)
        raise TrainingError(f"This machine has no device '{name}' that torch can use: choose {there}.")
    return torch.device(name)


def has_bf16(device: torch.device) -> bool:
    """Whether the hardware supports bf16 matrix products; emulated ones are far slower than fp32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return False


@checked
def pick_precision(precision: Precision, device: torch.device) -> str:
    """Return ``"fp32"`` or ``"bf16"``; ``auto`` is bf16 if ``has_bf16``.

    Raises:
        ArgumentError: the name isn't in ``PRECISIONS``.
    """
    if precision == "auto":
        return "bf16" if has_bf16(device) else "fp32"
    return precision


def autocast(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    """The autocast context of the forward pass; weights and loss stay in fp32."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()


def memory_format(device: torch.device) -> torch.memory_format:
    """The memory format in which convolutions are fastest: channels last on CPUs and CUDA."""
    return torch.contiguous_format if device.type == "mps" else torch.channels_last


def tune(device: torch.device) -> None:
    """Configure this process for training: keep freed memory on a CPU, benchmark cuDNN's algorithms on CUDA."""
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True
    else:
        keep_memory()


def keep_memory() -> None:
    """Configure glibc's malloc to keep freed memory for the next step; no effect with other C libraries.

    By default, each large tensor gets new memory, which the system clears page by page at first access; with the ``vgg``
    network this takes a large part of a step. The setting holds for the rest of the process.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl doesn't have it
    if mallopt is not None:
        for parameter, value in ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, -1), (_M_TOP_PAD, 2**28)):
            mallopt(parameter, value)
