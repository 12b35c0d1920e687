"""One training with several workers of a Ray cluster: each runs ``training.job``; Ray Train starts and replaces them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from ray import train as ray_train
from ray.train import torch as ray_torch

from mien.data.reading import DEFAULT, ReadOptions
from mien.errors import ClusterError, MienError
from mien.progress import SILENT, Progress
from mien.recipes import Recipe
from mien.run import Run, check_new
from mien.run_record import AUTO, Hardware
from mien.scale import cluster, nodes
from mien.training import job
from mien.training.ranks import Ranks
from mien.training.resuming import UNCHANGED, Changes


def start(
    data: str | os.PathLike[str],
    recipe: Recipe,
    out: str | os.PathLike[str],
    *,
    workers: int,
    reading: ReadOptions = DEFAULT,
    hardware: Hardware = AUTO,
    command: Sequence[str] = (),
    progress: Progress = SILENT,
) -> Run:
    """``job.start`` with several workers. If one is lost, all continue from the last complete epoch.

    Args:
        data: a path that ``layouts.read`` can read, and that every node shares.
        recipe: all settings; its batches are divided evenly.
        out: the run folder to create, which every node shares.
        workers: number of workers; each takes a CPU core, and a GPU if the cluster has some and ``device`` isn't ``cpu``.
        reading, hardware, command, progress: as for ``job.start``.

    Raises:
        MienError: data, recipe or folder are invalid, or the cluster can't do the work.
    """
    place = Path(out).resolve()
    check_new(place)
    Ranks(num=workers).part_of(recipe.batch_size)  # fail now, not in every worker

    def work(heard: Progress) -> None:
        job.start_or_resume(path, recipe, place, reading=reading, hardware=hardware, command=command, progress=heard)

    path = Path(data).resolve()
    return _run(work, place, workers, hardware.device, progress)


def resume(
    folder: str | os.PathLike[str], *, workers: int, changes: Changes = UNCHANGED, progress: Progress = SILENT
) -> Run:
    """``job.resume`` with several workers.

    Raises:
        MienError: as for ``job.resume``, or the cluster can't do the work.
    """
    place = Path(folder).resolve()
    device = changes.device or Run.open(place).record.setup.device
    return _run(lambda heard: job.resume(place, changes=changes, progress=heard), place, workers, device, progress)


def _run(work: Callable[[Progress], object], place: Path, workers: int, device: str, progress: Progress) -> Run:
    """Run the work on all workers; an error that the user can fix is raised without another try."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with cluster.connected(), cluster.received(progress.line) as tell:
        use_gpu = nodes.has_gpu(device)
        nodes.require("GPU" if use_gpu else "CPU", workers, progress.line)

        home, heard = Path.cwd(), progress.on_worker(tell)

        def in_worker() -> MienError | None:
            cluster.change_folder(home)  # a recipe may name its teacher from here; Ray Train changes the folder
            try:
                work(heard)
            except MienError as error:
                return error
            return None

        notes = place.parent / f".{place.name}.ray"
        trainer = ray_torch.TorchTrainer(
            in_worker,
            scaling_config=ray_train.ScalingConfig(num_workers=workers, use_gpu=use_gpu),
            run_config=ray_train.RunConfig(
                name=notes.name,
                storage_path=str(place.parent),
                failure_config=ray_train.FailureConfig(max_failures=nodes.RETRIES),
            ),
        )
        try:
            with cluster.interrupt_kept():
                error = trainer.fit().return_value
        except SystemExit:  # Ray Train ends so after Ctrl-C
            raise KeyboardInterrupt from None
        except ray_train.TrainingFailedError as failure:
            raise ClusterError(
                f"The workers could not train ({str(failure).strip().splitlines()[-1]}): "
                f"resume with  mien train --resume {place} --workers {workers}"
            ) from None
        finally:
            shutil.rmtree(notes, ignore_errors=True)
    if error is not None:
        raise error
    return Run.open(place)
