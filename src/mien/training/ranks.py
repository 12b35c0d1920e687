"""One training by several processes: who is who, what each holds, and what they tell each other. One alone is the usual case.

Each process (a rank) keeps a share of the training faces and computes a share of every batch; gradients are averaged by
``DistributedDataParallel``. What is decided once (the epoch's score, when to stop) or written once, rank 0 does.
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
    """This process among those that train one network.

    Attributes:
        rank: its number, from 0.
        num: how many there are.
    """

    rank: int = 0
    num: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the one that judges, decides and writes."""
        return self.rank == 0

    def part_of(self, batch_size: int) -> int:
        """How many faces of a batch are this rank's.

        Raises:
            RecipeError: they can't be split evenly.
        """
        if batch_size % self.num:
            raise RecipeError(f"batch_size={batch_size} can't be split evenly over {counted(self.num, 'worker')}.")
        return batch_size // self.num

    def share(self, faceset: FaceSet, seed: int) -> FaceSet:
        """This rank's rows: every ``num``-th in random order, as data often come sorted; all of them, as they are, for one alone."""
        if self.num == 1:
            return faceset
        return faceset.select(np.sort(np.random.default_rng(seed).permutation(len(faceset))[self.rank :: self.num]))

    def wrap_ddp(self, module: nn.Module) -> nn.Module:
        """The module with its gradients averaged over the ranks, and its first state that of rank 0."""
        return module if self.num == 1 else DistributedDataParallel(module)

    def all_min(self, value: int) -> int:
        """The smallest of the ranks' numbers."""
        values = [value] * self.num
        if self.num > 1:
            dist.all_gather_object(values, value)
        return min(values)

    def sum(self, value: Tensor) -> Tensor:
        """A tensor's sum over the ranks."""
        if self.num > 1:
            value = value.clone()
            dist.all_reduce(value)
        return value

    def mean(self, value: Tensor) -> Tensor:
        """A tensor's mean over the ranks."""
        return self.sum(value) / self.num if self.num > 1 else value

    def on_rank0(self, work: Callable[[], T]) -> T:
        """Let rank 0 do something, and give all of them what came of it: its result, or its error of mien's."""
        if self.num == 1:
            return work()
        told: list[Any] = [None, None]
        if self.first:
            try:
                told[0] = work()
            except MienError as error:
                told[1] = error
        dist.broadcast_object_list(told)
        if told[1] is not None:
            raise told[1]
        result: T = told[0]
        return result


ALONE = Ranks()
"""The usual case."""


@contextmanager
def process_group(device: torch.device) -> Iterator[Ranks]:
    """Join the other processes of this training, where torchrun or Ray Train has started several.

    Raises:
        TrainingError: another of them has ended, or the device is one on which they can't talk.
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
                "Another worker of this training has ended: see what it said, then go on with the same command and --resume."
            ) from None
        raise
    finally:
        if ours and dist.is_initialized():
            dist.destroy_process_group()


def _meet(backend: str) -> None:
    """Find the others through torchrun's store, in which those of an attempt that failed have left their old addresses."""
    store, rank, num = next(rendezvous("env://"))
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    dist.init_process_group(backend, store=PrefixStore(f"attempt {attempt}", store), rank=rank, world_size=num)


def launched() -> bool:
    """Whether torchrun or Ray Train has started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", 1)) > 1


def started_again() -> bool:
    """Whether torchrun has started this process in the place of one that ended."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0)) > 0


class SyncBatchNorm(nn.BatchNorm2d):
    """Batch normalisation over the faces of all ranks, on a processor: torch's own does so on CUDA only.

    All ranks have equally many faces in a batch, so the means of their means are the means of all.
    """

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W)
        """Normalise; in evaluation, by the running statistics as any batch norm."""
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
    """The network with its batch norms made to look at the faces of all ranks; weights and names stay."""
    if device.type == "cuda":
        converted: M = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        return converted
    for module in network.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SyncBatchNorm  # it holds the same, and only computes otherwise
    return network


class _Mean(torch.autograd.Function):
    """The mean over the ranks; as each rank's mean depends on all, so does each gradient, in the same way."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        return Ranks(num=dist.get_world_size()).mean(value)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return Ranks(num=dist.get_world_size()).mean(gradient)
