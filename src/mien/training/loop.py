"""The training loop: one function, read from top to bottom.

All training faces are one ``uint8`` tensor on the device, augmented in batches; there is no loader to starve. Everything
random in an epoch follows from (seed, epoch) alone, so a run that was killed goes on from its last whole epoch as if
nothing had happened.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mien.data.faceset import FaceSet
from mien.errors import TrainingError
from mien.training import checkpoint, devices, networks
from mien.training.augment import augment
from mien.training.recipes import Recipe
from mien.training.run import Run
from mien.training.stopping import EarlyStopping

Say = Callable[[str], None]
Track = Callable[[Iterable[int], str], Iterable[int]]


def train(
    run: Run,
    train_set: FaceSet,
    valid_set: FaceSet,
    *,
    say: Say = lambda _: None,
    track: Track = lambda steps, _: steps,
) -> str:
    """Train a run to its end, from the start or from its last checkpoint.

    Args:
        run: the run folder; its record holds recipe, device, precision, mean and standard deviation.
        train_set: the rows to learn from, at the recipe's size.
        valid_set: the held-out rows, at the same size.
        say: takes each epoch's line.
        track: wraps the steps of an epoch, to show a progress bar.

    Returns:
        Why it ended, in a few words.

    Raises:
        TrainingError: the loss is no longer a number, or there are too few faces.
    """
    recipe = run.recipe
    device = devices.pick(run.record["device"])
    precision: str = run.record["precision"]
    mean, std = run.record["data"]["mean"], run.record["data"]["std"]
    num_classes = len(train_set.classes)
    batch_size = min(recipe.batch_size, len(train_set))
    num_steps = len(train_set) // batch_size  # the remainder sits out; the order changes every epoch
    if batch_size < 2:
        raise TrainingError("There is only one training face: batch normalisation needs at least two.")

    torch.manual_seed(recipe.seed)
    network = networks.build(recipe.network, num_classes, recipe.image_size).to(device)
    memory_format = torch.channels_last if networks.uses_channels_last(network, device) else torch.contiguous_format
    network = network.to(memory_format=memory_format)  # type: ignore[call-overload] # torch's stubs lack this overload
    judged = copy.deepcopy(network).requires_grad_(False) if recipe.ema else network  # what is validated and shipped
    optimizer = build_optimizer(recipe, network)
    stopping = EarlyStopping(recipe.stop_accuracy, recipe.patience)
    history: list[dict[str, Any]] = []
    if run.checkpoint.exists():
        history = _restore(run, network, judged, optimizer, stopping)
        say(f"going on after epoch {len(history)}")

    faces = torch.from_numpy(train_set.images).to(device)  # (N, H, W) uint8
    targets = soft_targets(train_set, recipe).to(device)  # (N, K)
    valid_faces = torch.from_numpy(valid_set.images).to(device)
    valid_labels = torch.from_numpy(valid_set.labels).to(device)
    ended = stopping.reason(len(history)) if history else None

    for epoch in range(len(history) + 1, recipe.epochs + 1):
        if ended:
            break
        started = time.perf_counter()
        torch.manual_seed(recipe.seed * 1_000_003 + epoch)  # dropout and RReLU draw from the global generator
        generator = torch.Generator(device).manual_seed(recipe.seed * 1_000_003 + epoch)
        order = torch.randperm(len(faces), generator=generator, device=device)
        total_loss, num_right = torch.zeros((), device=device), torch.zeros((), device=device)
        network.train()
        for step in track(range(num_steps), f"epoch {epoch}/{recipe.epochs}"):
            rows = order[step * batch_size : (step + 1) * batch_size]
            x = (augment(faces[rows], recipe.augment, generator) - mean) / std  # (B, 1, H, W)
            target = targets[rows]  # (B, K)
            with devices.autocast(device, precision):
                logits = network(x.contiguous(memory_format=memory_format))  # (B, K)
            loss = F.cross_entropy(logits.float(), target)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            if recipe.clip_norm:
                nn.utils.clip_grad_norm_(network.parameters(), recipe.clip_norm)
            num_done = (epoch - 1) * num_steps + step
            rate = recipe.learning_rate * learning_rate(recipe, num_done, recipe.epochs * num_steps)
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
            if recipe.ema:
                # A young average follows closely, or it would remember the random start for long.
                follow(judged, network, min(recipe.ema, (1 + num_done) / (10 + num_done)))
            total_loss += loss.detach()
            num_right += (logits.argmax(1) == target.argmax(1)).sum()
            if step % 25 == 24 or step == num_steps - 1:
                _check_loss(float(total_loss), epoch, rate)

        trained = time.perf_counter() - started
        valid_logits = predict(judged, valid_faces, mean, std, device, precision)  # (M, K)
        valid_loss = float(F.cross_entropy(valid_logits, valid_labels))
        _check_loss(valid_loss, epoch, rate)
        accuracy = float((valid_logits.argmax(1) == valid_labels).float().mean())
        row = {
            "epoch": epoch,
            "learning_rate": rate,
            "train_loss": float(total_loss) / num_steps,
            "train_accuracy": float(num_right) / (num_steps * batch_size),
            "valid_loss": valid_loss,
            "valid_accuracy": accuracy,
            "seconds": time.perf_counter() - started,
            "images_per_second": num_steps * batch_size / trained,
        }
        history.append(row)
        if better := stopping.update(epoch, accuracy):
            checkpoint.save(
                run.best, checkpoint.network_tensors(judged, "network"), {"epoch": epoch, "valid_accuracy": accuracy}
            )
        _store(run, network, judged, optimizer, history)
        run.write_history(history)
        say(epoch_line(row, recipe.epochs, better))
        ended = stopping.reason(epoch)
    return ended or f"all {recipe.epochs} epochs are done"


def build_optimizer(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    """The recipe's optimizer; only weights of convolutions and linear layers decay, not biases and batch-norm parameters."""
    parameters = list(network.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(recipe.momentum, 0.999))
    return torch.optim.SGD(groups, lr=recipe.learning_rate, momentum=recipe.momentum, nesterov=recipe.nesterov)


def learning_rate(recipe: Recipe, step: int, num_steps: int) -> float:
    """The share of the peak learning rate at a step, counted from 0: a linear climb, then what the schedule says."""
    climb = recipe.warmup * num_steps
    if step < climb:
        return (step + 1) / (climb + 1)
    progress = (step - climb) / max(1.0, num_steps - climb)  # from 0 to just below 1
    if recipe.schedule == "one_cycle":
        return 1.0 - progress
    if recipe.schedule == "cosine":
        return 0.5 * (1.0 + math.cos(math.pi * progress))
    return 1.0


def soft_targets(faceset: FaceSet, recipe: Recipe) -> Tensor:
    """The target distribution of each row, ``(N, K)``: label, mixed with votes, then smoothed (Szegedy et al., 2016, section 7)."""
    num_classes = len(faceset.classes)
    targets = F.one_hot(torch.from_numpy(faceset.labels), num_classes).float()
    if recipe.votes and faceset.votes is not None:
        votes = torch.from_numpy(faceset.votes)
        asked = votes.sum(1) > 0  # rows that nobody voted on keep their label
        targets[asked] = (1 - recipe.votes) * targets[asked] + recipe.votes * votes[asked] / votes[asked].sum(
            1, keepdim=True
        )
    return (1 - recipe.label_smoothing) * targets + recipe.label_smoothing / num_classes


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move an average of the weights a step towards the network; batch-norm statistics move along."""
    pairs = list(zip(average.state_dict().values(), network.state_dict().values(), strict=True))
    floats = [(a, b) for a, b in pairs if a.is_floating_point()]
    torch._foreach_lerp_([a for a, _ in floats], [b for _, b in floats], 1 - decay)
    for a, b in pairs:
        if not a.is_floating_point():
            a.copy_(b)


@torch.no_grad()
def predict(network: nn.Module, faces: Tensor, mean: float, std: float, device: torch.device, precision: str) -> Tensor:
    """Logits ``(N, K)`` in fp32 of faces ``(N, H, W)`` as they are, without augmentation."""
    network.eval()
    memory_format = torch.channels_last if networks.uses_channels_last(network, device) else torch.contiguous_format
    logits = []
    for batch in torch.split(faces, 256):
        x = (batch.float().unsqueeze(1) - mean) / std
        with devices.autocast(device, precision):
            logits.append(network(x.contiguous(memory_format=memory_format)).float())
    return torch.cat(logits)


def epoch_line(row: dict[str, Any], num_epochs: int, better: bool) -> str:
    """An epoch's record as one line for people."""
    return (
        f"epoch {row['epoch']:>4}/{num_epochs}  loss {row['train_loss']:.4f}  accuracy {row['train_accuracy']:.2%}  "
        f"hold-out loss {row['valid_loss']:.4f}  hold-out accuracy {row['valid_accuracy']:.2%}{' *' if better else '  '}  "
        f"{row['images_per_second']:,.0f} faces/s  {row['seconds']:.0f} s"
    )


def _check_loss(total_loss: float, epoch: int, rate: float) -> None:
    if not math.isfinite(total_loss):
        raise TrainingError(
            f"The loss is no longer a number in epoch {epoch} (learning rate {rate:.3g}): "
            "train again with a lower learning_rate, or with --set clip_norm=1."
        )


def _store(
    run: Run, network: nn.Module, judged: nn.Module, optimizer: torch.optim.Optimizer, history: list[dict[str, Any]]
) -> None:
    tensors = checkpoint.network_tensors(network, "network") | checkpoint.optimizer_tensors(optimizer)
    if judged is not network:
        tensors |= checkpoint.network_tensors(judged, "ema")
    checkpoint.save(run.checkpoint, tensors, {"history": history})


def _restore(
    run: Run, network: nn.Module, judged: nn.Module, optimizer: torch.optim.Optimizer, stopping: EarlyStopping
) -> list[dict[str, Any]]:
    tensors, state = checkpoint.load(run.checkpoint)
    checkpoint.load_network(network, tensors, "network")
    checkpoint.load_optimizer(optimizer, tensors)
    if judged is not network:
        checkpoint.load_network(judged, tensors, "ema")
    history: list[dict[str, Any]] = state["history"]
    for row in history:
        stopping.update(row["epoch"], row["valid_accuracy"])
    run.write_history(history)
    return history
