"""Data-parallel training by several processes; the usual case is one process.

Each process (rank) keeps a share of the training faces and computes a share of every batch; ``DistributedDataParallel`` averages
the gradients. Only rank 0 scores epochs, decides when to stop, and writes files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from mien.data.faceset import FaceSet
from mien.errors import MienError, RecipeError, TrainingError
from mien.words import counted

T = TypeVar("T")
M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class Ranks:
    """Rank of this process and number of processes.

    Attributes:
        rank: number of this process, from 0.
        num: number of processes.
    """

    rank: int = 0
    num: int = 1

    @property
    def first(self) -> bool:
        """Whether this is rank 0, which scores, decides and writes."""
        return self.rank == 0

    def part_of(self, batch_size: int) -> int:
        """Number of faces of a batch on this rank.

        Raises:
            RecipeError: the batch can't be split evenly.
        """
        if batch_size % self.num:
            raise RecipeError(f"batch_size={batch_size} can't be split evenly over {counted(self.num, 'worker')}.")
        return batch_size // self.num

    def share(self, faceset: FaceSet, seed: int) -> FaceSet:
        """The rows of this rank: every ``num``-th row of a random order, since data is often sorted; all rows if ``num`` is 1."""
        if self.num == 1:
            return faceset
        return faceset.select(np.sort(np.random.default_rng(seed).permutation(len(faceset))[self.rank :: self.num]))

    def wrap_ddp(self, module: nn.Module) -> nn.Module:
        """The module with gradients averaged over the ranks, and its initial state copied from rank 0."""
        return module if self.num == 1 else DistributedDataParallel(module)

    def all_min(self, value: int) -> int:
        """The minimum of a number over the ranks."""
        values = [value] * self.num
        if self.num > 1:
            dist.all_gather_object(values, value)
        return min(values)

    def sum(self, value: Tensor) -> Tensor:
        """The sum of a tensor over the ranks."""
        if self.num > 1:
            value = value.clone()
            dist.all_reduce(value)
        return value

    def mean(self, value: Tensor) -> Tensor:
        """The mean of a tensor over the ranks."""
        return self.sum(value) / self.num if self.num > 1 else value

    def on_rank0(self, work: Callable[[], T]) -> T:
        """Call a function on rank 0 and broadcast its result, or its ``MienError``, to all ranks."""
        if self.num == 1:
            return work()
        outcome: list[Any] = [None, None]  # result, error
        if self.first:
            try:
                outcome[0] = work()
            except MienError as error:
                outcome[1] = error
        dist.broadcast_object_list(outcome)
        if outcome[1] is not None:
            raise outcome[1]
        result: T = outcome[0]
        return result


ALONE = Ranks()
"""One process."""


@contextmanager
def process_group(device: torch.device) -> Iterator[Ranks]:
    """Join the process group of this training, if torchrun or Ray Train has started several processes.

    Raises:
        TrainingError: another process has ended, or the device doesn't support several processes.
    """
    several = launched()
    ours = several and not dist.is_initialized()
    if several and device.type not in ("cpu", "cuda"):
        raise TrainingError(f"Several workers can't train together on '{device.type}': choose --device cpu or cuda.")
    if several and device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())
    try:
        if ours:
            _meet("nccl" if device.type == "cuda" else "gloo")
        yield Ranks(dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else ALONE
    except RuntimeError as error:
        if several and (isinstance(error, dist.DistError) or "gloo" in str(error)):
            raise TrainingError(
                "Another worker of this training has ended: check its messages, then repeat the command with --resume."
            ) from None
        raise
    finally:
        if ours and dist.is_initialized():
            dist.destroy_process_group()


def _meet(backend: str) -> None:
    """Initialize the process group through torchrun's store; the prefix separates it from addresses of failed attempts."""
    store, rank, num = next(rendezvous("env://"))
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    dist.init_process_group(backend, store=PrefixStore(f"attempt {attempt}", store), rank=rank, world_size=num)


def launched() -> bool:
    """Whether torchrun or Ray Train has started several processes."""
    return int(os.environ.get("WORLD_SIZE", 1)) > 1


def started_again() -> bool:
    """Whether torchrun has restarted the processes after one of them failed."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0)) > 0


class SyncBatchNorm(nn.BatchNorm2d):
    """Batch normalisation over the faces of all ranks, on a CPU; torch's ``SyncBatchNorm`` supports CUDA only.

    All ranks have the same number of faces in a batch, so the mean over all faces is the mean of the ranks' means.
    """

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W)
        """Normalise; in evaluation mode by the running statistics, as ``nn.BatchNorm2d``."""
        if not self.training:
            return super().forward(x)
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        exact = x.float()
        mean = _Mean.apply(exact.mean((0, 2, 3)))  # type: ignore[no-untyped-call] # (C,)
        apart = exact - mean[:, None, None]
        variance = _Mean.apply(apart.square().mean((0, 2, 3)))  # type: ignore[no-untyped-call] # (C,)
        with torch.no_grad():
            num = x.numel() // x.shape[1] * dist.get_world_size()
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * num / (num - 1), self.momentum)
        slope = self.weight * (variance + self.eps).rsqrt()  # (C,)
        normed: Tensor = apart * slope[:, None, None] + self.bias[:, None, None]
        return normed.to(x.dtype)


def with_synced_norms(network: M, device: torch.device) -> M:
    """The network with synchronized batch norms; weights and names are unchanged."""
    if device.type == "cuda":
        converted: M = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        return converted
    for module in network.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SyncBatchNorm  # same parameters and buffers, another forward pass
    return network


class _Mean(torch.autograd.Function):
    """The mean over the ranks; its gradient is the mean of the ranks' gradients."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        return Ranks(num=dist.get_world_size()).mean(value)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return Ranks(num=dist.get_world_size()).mean(gradient)
