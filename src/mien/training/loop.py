"""The training loop: one function, to read from top to bottom.

All training faces are one ``uint8`` tensor on the device, augmented in batches, without a data loader. All random numbers of an
epoch depend only on (seed, epoch), so a run that was killed resumes after its last complete epoch with the same result. With
several processes (``ranks``), each holds a share of the faces.
"""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mien.data.faceset import FaceSet
from mien.errors import TrainingError
from mien.progress import SILENT, Progress
from mien.run import Run
from mien.run_record import Ending, EpochRecord
from mien.training import checkpoint, devices, finetuning, networks, schedules, teachers, validation
from mien.training import optimizers as optimizing
from mien.training.augment import corrupt, view
from mien.training.calibration import CrossFit
from mien.training.graphs import recorded
from mien.training.imbalance import balanced_order, class_weights
from mien.training.ranks import ALONE, Ranks, with_synced_norms
from mien.training.step import Learner, Step
from mien.training.stopping import EarlyStopping
from mien.training.targets import soft_targets, vote_shares
from mien.training.weights import Best, BestEpoch, WeightAverage
from mien.words import counted

FIRST_VIEW = 500_000
"""Offset of the seeds of repeated views, above all seeds of epochs."""


@dataclass(frozen=True)
class State:
    """The JSON state in ``checkpoint.safetensors``: the training curve so far."""

    history: tuple[EpochRecord, ...]


def train(
    run: Run,
    train_set: FaceSet,
    valid_set: FaceSet,
    *,
    ranks: Ranks = ALONE,
    progress: Progress = SILENT,
) -> Ending:
    """Train a run to its end, from the start or from its last checkpoint.

    Args:
        run: the run folder; its record has recipe, device, precision, mean and standard deviation.
        train_set: the training rows at the recipe's size; with several processes, the share of this process.
        valid_set: the held-out rows, at the same size.
        ranks: rank of this process and number of processes.
        progress: receives steps and epochs.

    Returns:
        Why training ended.

    Raises:
        TrainingError: training diverged, or there are too few faces.
        RecipeError: a batch can't be split evenly over the processes.
    """
    recipe = run.recipe
    device = devices.pick(run.record.setup.device)
    precision: str = run.record.setup.precision
    speed = run.record.setup.speed
    mean, std = run.record.data.mean, run.record.data.std
    num_classes = len(train_set.classes)
    num_faces = ranks.all_min(len(train_set))
    batch_size = min(ranks.part_of(recipe.batch_size), num_faces)
    num_steps = num_faces // batch_size if batch_size else 0  # the remainder is skipped; the order changes every epoch
    if batch_size < 2:
        where = f"for each of {counted(ranks.num, 'worker')}" if ranks.num > 1 else "training face"
        raise TrainingError(f"There is only one {where}: batch normalisation needs at least two.")

    devices.tune(device)
    torch.manual_seed(recipe.seed)
    network = networks.build(recipe.network, num_classes, recipe.image_size, recipe.dropout).to(device)
    memory_format = devices.memory_format(device)
    network = network.to(memory_format=memory_format)  # type: ignore[call-overload] # torch's stubs lack this overload
    if recipe.init and not run.checkpoint.exists():
        progress.line(finetuning.begin(network, recipe, train_set, run.record.data))
    if recipe.sync_norm and ranks.num > 1:
        network = with_synced_norms(network, device)
    # The weights that are evaluated and exported.
    ema_model = copy.deepcopy(network).requires_grad_(False) if recipe.ema else network
    voted = recipe.auxiliary_head > 0 and train_set.votes is not None
    auxiliary_head = nn.Linear(network.last.in_features, num_classes).to(device) if voted else None
    learner = Learner({"network": network} | ({"votes": auxiliary_head} if auxiliary_head else {}))
    optimizers = optimizing.build(recipe, learner)
    stopping = EarlyStopping(recipe.stop_accuracy, recipe.patience)
    history: list[EpochRecord] = []
    if run.checkpoint.exists():
        history = _restore(run, learner, ema_model, optimizers, stopping)
        if ranks.first:
            run.write_history(history)
        progress.line(f"resumed after epoch {len(history)}")
    ended = stopping.ending(len(history)) if history else None
    if ended or len(history) == recipe.epochs:
        return ended or "epochs"
    compute = ranks.wrap_ddp(devices.compiled(learner, speed))
    records = speed.compiler == "auto" and device.type == "cuda" and ranks.num == 1

    faces = torch.from_numpy(train_set.images).to(device)  # (N, H, W) uint8
    labels = torch.from_numpy(train_set.labels).to(device)  # (N,)
    held_faces = torch.from_numpy(valid_set.images).to(device)  # (V, H, W) uint8
    held_labels = torch.from_numpy(valid_set.labels).to(device)  # (V,)
    teacher = teachers.of_recipe(recipe, train_set, device, precision, run.answers)
    targets = soft_targets(train_set, recipe, teacher).to(device)  # (N, K)
    asks = recipe.teacher_sees != "face"  # whether the teacher predicts the crops of each step
    counts = ranks.sum(torch.from_numpy(train_set.counts()).to(device))  # (K,) of all
    weights = class_weights(counts, recipe.class_weights)[labels] if recipe.class_weights else None  # (N,)
    votes, asked = (tensor.to(device) for tensor in vote_shares(train_set)) if voted else (None, None)  # (N, K), (N,)

    crossfit = CrossFit(valid_set, num_classes, device, recipe.keep)
    if history:
        crossfit.restore(run)
    average = WeightAverage(ema_model, network) if recipe.ema else None
    best = Best(run)
    generator = torch.Generator(device)
    repeats = teacher is not None and recipe.teacher_views > 0  # order and crops depend on the number of the view
    views = torch.Generator(teachers.draws_on(recipe, device)) if repeats else generator
    corruptions = views if recipe.teacher_sees == "corrupted" else generator
    cropped = recorded(lambda rows: view(faces[rows], recipe.augment, views), device, views, on=records)
    corrupted = recorded(lambda x: corrupt(x, recipe.augment, corruptions), device, corruptions, on=records)
    in_step, after_step = optimizing.recordable(optimizers, device, on=records)
    learn = recorded(Step(recipe, learner, compute, in_step, device, precision), device, on=records)
    stored = time.perf_counter()

    for epoch in range(len(history) + 1, recipe.epochs + 1):
        started = time.perf_counter()
        seed = recipe.seed * 1_000_003 + epoch + ranks.rank * 97_003_201
        torch.manual_seed(seed)  # dropout and RReLU draw from the global generator
        generator.manual_seed(seed)
        if teacher and repeats:
            views.manual_seed(seed - epoch + FIRST_VIEW + teacher.view(epoch))
        order = (
            balanced_order(labels, recipe.balanced_sampling, views)
            if recipe.balanced_sampling
            else torch.randperm(len(faces), generator=views, device=views.device)
        ).to(device)
        size = schedules.face_size(recipe, epoch)
        total_loss, num_right = torch.zeros((), device=device), torch.zeros((), device=device)
        network.train()
        for step in progress.bar(range(num_steps), f"epoch {epoch}/{recipe.epochs}"):
            rows = order[step * batch_size : (step + 1) * batch_size]
            crops = cropped(rows)  # (B, 1, H, W)
            seen = corrupted(crops)
            x = (seen - mean) / std
            if size != recipe.image_size:
                x = F.interpolate(x, (size, size), mode="bilinear", antialias=True)
            target = targets[rows]  # (B, K)
            if teacher and asks:
                shown = seen if recipe.teacher_sees == "corrupted" else crops
                soft = teacher.recall(teacher.view(epoch), step, shown)  # (B, K)
                target = target.lerp(soft, recipe.distillation_weight)
            num_done = (epoch - 1) * num_steps + step
            share = schedules.lr_factor(recipe, num_done, recipe.epochs * num_steps)
            rate = recipe.learning_rate * share
            optimizing.set_rates(optimizers, share)
            loss, right = learn(x, target, *(None if part is None else part[rows] for part in (weights, votes, asked)))
            for optimizer in after_step:
                optimizer.step()
            if average and ranks.first:
                # A smaller decay in the first steps, so that the random initial weights are forgotten quickly.
                average.update_ema(min(recipe.ema, (1 + num_done) / (10 + num_done)))
            total_loss += loss
            num_right += right
            if step % 25 == 24 or step == num_steps - 1:
                validation.check_loss(float(ranks.mean(total_loss)) / (step + 1), num_classes, epoch, rate)

        trained = time.perf_counter() - started
        sum_loss, sum_right = ranks.mean(torch.stack((total_loss, num_right))).tolist()
        valid_loss, accuracy = ranks.on_rank0(
            lambda: validation.score(ema_model, held_faces, held_labels, mean, std, precision, crossfit)
        )
        if not math.isfinite(valid_loss):
            validation.check_loss(valid_loss, num_classes, epoch, rate)
        row = EpochRecord(
            epoch=epoch,
            learning_rate=rate,
            train_loss=sum_loss / num_steps,
            train_accuracy=sum_right / (num_steps * batch_size),
            valid_loss=valid_loss,
            valid_accuracy=accuracy,
            seconds=time.perf_counter() - started,
            images_per_second=num_steps * batch_size * ranks.num / trained,
        )
        history.append(row)
        better = stopping.update(epoch, accuracy)
        ended = stopping.ending(epoch)
        if ranks.first:
            if better or recipe.keep == "last":
                best.take(ema_model, BestEpoch(epoch, accuracy))
            if ended or epoch == recipe.epochs or time.perf_counter() - stored >= speed.store_every:
                best.write()
                crossfit.save(run)  # before the checkpoint: repeating an epoch doesn't change the cross-fitted logits
                _store(run, learner, ema_model, optimizers, history)
                run.write_history(history)
                stored = time.perf_counter()
        if teacher and ranks.num == 1:
            teacher.store(run.answers, num_steps)
        progress.epoch(row, recipe.epochs, better)
        if ended:
            break
    return ended or "epochs"


def _store(
    run: Run,
    learner: nn.ModuleDict,
    ema_model: nn.Module,
    optimizers: list[torch.optim.Optimizer],
    history: list[EpochRecord],
) -> None:
    tensors: dict[str, Tensor] = {}
    for part, module in learner.items():
        tensors |= checkpoint.network_tensors(module, part)
    for number, optimizer in enumerate(optimizers):
        tensors |= checkpoint.optimizer_tensors(optimizer, f"optimizer{number}")
    if ema_model is not learner["network"]:
        tensors |= checkpoint.network_tensors(ema_model, "ema")
    checkpoint.save(run.checkpoint, tensors, State(tuple(history)))


def _restore(
    run: Run,
    learner: nn.ModuleDict,
    ema_model: nn.Module,
    optimizers: list[torch.optim.Optimizer],
    stopping: EarlyStopping,
) -> list[EpochRecord]:
    tensors, state = checkpoint.load(run.checkpoint, State)
    for part, module in learner.items():
        checkpoint.load_network(module, tensors, part)
    for number, optimizer in enumerate(optimizers):
        checkpoint.load_optimizer(optimizer, tensors, f"optimizer{number}")
    if ema_model is not learner["network"]:
        checkpoint.load_network(ema_model, tensors, "ema")
    history = list(state.history)
    for row in history:
        stopping.update(row.epoch, row.valid_accuracy)
    return history
