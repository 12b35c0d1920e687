"""CUDA graphs: the kernels of repeated work are recorded once, then launched together.

A step of a small network launches more than a thousand kernels. Launching them one by one takes several times as long as running
them (docs/training.md, "On a GPU").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

EAGER_CALLS = 3
"""Calls before the recording, for cuDNN's trials of algorithms and for the optimizers' state."""

T = TypeVar("T")


class Recorded(Generic[T]):
    """A function of tensors on a GPU, recorded as a CUDA graph in the fourth call; the first three run as usual.

    Inputs of other shapes start again. Results are the same tensors in every call, so use or copy them before the next.

    Args:
        work: computes tensors from tensors or None; it must not read a number from the GPU. What it changes, such as weights and
            gradients, must be changed in place.
        device: the GPU.
        generator: source of its random numbers on this GPU, besides PyTorch's default one. Seed it again instead of replacing it.
    """

    def __init__(self, work: Callable[..., T], device: torch.device, generator: torch.Generator | None = None) -> None:
        self.work, self.generator = work, generator
        self.stream: Any = torch.cuda.Stream(device)  # type: ignore[no-untyped-call] # torch's class has no types
        self.shapes: Any = None
        self.num_calls = 0
        self.graph: torch.cuda.CUDAGraph | None = None
        self.inputs: list[Tensor | None] = []
        self.result: T | None = None

    def __call__(self, *inputs: Tensor | None) -> T:
        """The result of ``work``."""
        shapes = [None if x is None else (x.shape, x.dtype) for x in inputs]
        if shapes != self.shapes:
            self.shapes, self.num_calls, self.graph, self.result = shapes, 0, None, None
        self.num_calls += 1
        if self.num_calls <= EAGER_CALLS:
            return self._eager(inputs)
        if self.graph is None:
            self._record(inputs)
        for own, given in zip(self.inputs, inputs, strict=True):
            if own is not None and given is not None:
                own.copy_(given, non_blocking=True)
        assert self.graph is not None
        self.graph.replay()
        assert self.result is not None
        return self.result

    def _eager(self, inputs: tuple[Tensor | None, ...]) -> T:
        """On the stream of the recording, because PyTorch ties gradients to the stream on which they were first computed."""
        current = torch.cuda.current_stream()
        self.stream.wait_stream(current)
        with torch.cuda.stream(self.stream):
            result = self.work(*inputs)
        current.wait_stream(self.stream)
        return result

    def _record(self, inputs: tuple[Tensor | None, ...]) -> None:
        self.inputs = [None if x is None else x.clone() for x in inputs]
        self.graph = torch.cuda.CUDAGraph()
        if self.generator is not None:
            self.graph.register_generator_state(self.generator)
        with torch.cuda.graph(self.graph, stream=self.stream):
            self.result = self.work(*self.inputs)


def recorded(
    work: Callable[..., T], device: torch.device, generator: torch.Generator | None = None, *, on: bool = True
) -> Callable[..., T]:
    """``Recorded``; the function itself if ``on`` is false, or if it draws random numbers on another device than a GPU."""
    drawn_elsewhere = generator is not None and generator.device.type != "cuda"
    return Recorded(work, device, generator) if on and device.type == "cuda" and not drawn_elsewhere else work
