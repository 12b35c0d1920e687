"""What one GPU gives in about twelve minutes: its rates, the time to two accuracies, three large networks, and students of their mean.

    python -m benchmarks.gpu DATA WORK [--out FOLDER] [--budget 700] [--steps rates,fast,...] [--rehearse]

``WORK`` keeps the run folders: the same command goes on with what isn't done. ``--out`` (by default ``WORK/out``) receives six files of
at most 16 MiB: ``results.json``, the three large models, the teachers' answers on the students' views, and ``runs.zip`` with the small
models, histories and recipes. Steps, in the order of their worth: ``STEPS``. ``--rehearse`` runs every one of them on a CPU, with one
epoch of few small faces and small stand-ins for the networks that are exported.

Nothing is chosen on the split that is judged (PublicTest): recipes and numbers of epochs are fixed here or follow from the budget.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks import gpu_plan
from benchmarks.campaign import Campaign, Step
from benchmarks.gpu_plan import (
    ANSWERED_BY,
    ASSUMED_RATE,
    ASSUMED_STEP,
    EXPECTED,
    FAST,
    LARGER_BATCH,
    MEMBERS,
    MOST_FAST,
    PLAIN,
    SELDOM,
    STEPS,
    TRAININGS,
    Scale,
)
from benchmarks.training_speed import setup
from torch import Tensor

from mien import recipes
from mien.data import identity, store
from mien.data.faceset import FaceSet
from mien.evaluation.judge import default_split, labelled_rows
from mien.inference import datasets
from mien.progress import Lines
from mien.recipes import Recipe
from mien.run import Run
from mien.run_record import DataRecord, EpochRecord, Hardware, HeldOutRows, Setup, Speed, TrainRows
from mien.training import devices, division, job, loop, summary, teachers, validation
from mien.training import networks as net
from mien.training.graph import load_network


class Work:
    """The steps, on one data set.

    Args:
        data: a path that ``datasets.read`` knows.
        campaign: the steps' budget and results.
        scale: how large everything is.
    """

    def __init__(self, data: Path, campaign: Campaign, scale: Scale) -> None:
        self.campaign, self.scale = campaign, scale
        faceset = datasets.read(data)
        self.split = default_split(faceset)
        if self.split == "all":
            raise SystemExit(f"{data} has no rows apart from training to judge on: name data with a test split.")
        self.data = data
        if scale.rows:
            faceset = _few(faceset, ("train", self.split), scale.rows)
            self.data = store.write_parquet(faceset, campaign.folder / "few.parquet", overwrite=True)
        self.faceset = faceset
        self.device = devices.pick()
        self.precision = devices.pick_precision("auto", self.device)
        self.test_set = labelled_rows(faceset, self.split)
        self.test_labels = torch.from_numpy(self.test_set.labels).to(self.device)  # (N,)

    def recipe(self, name: str, settings: Sequence[str]) -> Recipe:
        """A recipe at this scale."""
        return recipes.get(name, [*settings, *self.scale.everywhere])

    def place(self, name: str) -> Path:
        """The run folder of a name."""
        return self.campaign.folder / "runs" / name

    def test_faces(self, size: int) -> Tensor:
        """The faces to judge on, ``(N, H, W)`` ``uint8``, at a size."""
        return torch.from_numpy(self.test_set.resized((size, size)).images).to(self.device)

    # -- (a) and (f): what the card does, and what each recipe makes of it --

    def rates(self) -> dict[str, Any]:
        """Matrix products and copies per second, and each recipe's training beside them."""
        rate, found = self._product_rate(), {}
        for name, training in TRAININGS.items():
            found[name] = self._pace(self.recipe(training.recipe, training.untaught), f"pace-{name}")
        for name in FAST:
            found[name] = self._pace(self._fast_recipe(name), f"pace-{name}")
        for name in ("base", "tiny"):
            found[f"{name}_eager"] = self._pace(
                self.recipe(name, TRAININGS[name].untaught), f"pace-{name}-eager", "off"
            )
        for pace in found.values():
            pace["share_of_matmul"] = (
                3 * 2 * pace["macs"] * pace["faces_per_second"] / rate
            )  # backward is twice forward
        return {"matmul_flops": rate, "copy_bytes_per_second": self._copy_rate(), "recipes": found}

    def compilers(self) -> dict[str, Any]:
        """``base`` and ``large`` with each compiler and without: faces per second, and the seconds that compiling takes."""
        return {
            name: {
                compiler: self._pace(self.recipe(name, LARGER_BATCH), f"pace-{name}-{compiler}", compiler)
                for compiler in ("off", *self.scale.compilers)
            }
            for name in ("base", "large")
        }

    def _product_rate(self) -> float:
        kind = torch.bfloat16 if self.precision == "bf16" else torch.float32
        a, b = (torch.randn(self.scale.product, self.scale.product, device=self.device, dtype=kind) for _ in range(2))
        return 2 * self.scale.product**3 / self._seconds(lambda: a @ b)

    def _copy_rate(self) -> float:
        """Bytes read plus bytes written per second."""
        a = torch.randn(self.scale.copied, device=self.device)
        b = torch.empty_like(a)
        return 2 * a.nbytes / self._seconds(lambda: b.copy_(a))

    def _seconds(self, work: Callable[[], Tensor], num: int = 10) -> float:
        """The median over five rounds of the seconds that one call takes; a number that is read back ends each round."""
        times = []
        for _ in range(6):  # the first is a warm-up
            started = time.perf_counter()
            for _ in range(num):
                last = work()
            float(last.flatten()[0])
            times.append((time.perf_counter() - started) / num)
        return statistics.median(times[1:])

    def _pace(self, recipe: Recipe, label: str, compiler: str = "auto") -> dict[str, Any]:
        """Faces per second of the real loop in its second epoch of a few steps, at the full size of faces."""
        recipe = dataclasses.replace(recipe, epochs=2, resize_from=0, init="")
        train_set, valid_set = division.divide(self.faceset, recipe)
        few = train_set.select(np.arange(min(len(train_set), self.scale.steps * recipe.batch_size)))
        held_out = valid_set.select(np.arange(min(len(valid_set), 256)))
        torch.compiler.reset()
        history = self._looped(recipe, few, held_out, label, compiler).history
        network = net.build(recipe.network, len(few.classes), recipe.image_size)
        return {
            "faces_per_second": history[1].images_per_second,
            "warm_up_seconds": history[0].seconds - history[1].seconds,
            "macs": summary.describe(network, recipe.image_size).macs,
            "batch_size": recipe.batch_size,
        }

    def _looped(
        self, recipe: Recipe, train_set: FaceSet, valid_set: FaceSet, label: str, compiler: str = "auto"
    ) -> Run:
        """A training without a model file, always from its start."""
        shutil.rmtree(self.place(label), ignore_errors=True)
        setup = Setup(
            device=self.device.type,
            device_name=torch.cuda.get_device_name() if self.device.type == "cuda" else "",
            precision=self.precision,
            threads=torch.get_num_threads(),
            torch=torch.__version__,
            speed=Speed(compiler, SELDOM),
        )
        run = Run.create(self.place(label), recipe, data=self._described(train_set, valid_set), setup=setup)
        loop.train(run, train_set, valid_set, progress=Lines(print))
        run.checkpoint.unlink()
        return run

    def _described(self, train_set: FaceSet, valid_set: FaceSet) -> DataRecord:
        return DataRecord(
            path=str(self.data),
            hash=self.faceset.hash,
            classes=train_set.classes,
            train=TrainRows(len(train_set), tuple(train_set.counts().tolist()), train_set.faces_hash),
            valid=HeldOutRows(
                str(valid_set.splits[0]), len(valid_set), tuple(valid_set.counts().tolist()), valid_set.hash
            ),
            mean=float(train_set.images.mean()),
            std=float(train_set.images.std()),
        )

    # -- (b): time to accuracy --

    def fast(self, name: str) -> dict[str, Any]:
        """Seconds of training until a goal, with the test split read after each epoch; median of the repeats.

        Reading data, and what a first run takes to compile and to choose kernels, are stated apart.
        """
        goal = FAST[name].goal
        recipe = self._fast_recipe(name, [f"valid_split={self.split}"])
        warm_up = dataclasses.replace(recipe, epochs=min(3, recipe.epochs))  # one epoch for each size of faces
        train_set, test_set = division.divide(self._without_copies(), recipe)
        started = time.monotonic()
        self._looped(warm_up, train_set, test_set, f"{name}-warm-up")
        warm = time.monotonic() - started
        histories = [
            self._looped(dataclasses.replace(recipe, seed=seed), train_set, test_set, f"{name}-{seed}").history
            for seed in range(self.repeats(name))
        ]
        times = [seconds_to(goal, history) for history in histories]
        return {
            "goal": goal,
            "recipe": recipe.to_dict(),
            "n": len(test_set),
            "to_goal": _median(times),
            "each": [None if math.isinf(value) else value for value in times],
            "training_seconds": statistics.median(sum(row.seconds for row in history) for history in histories),
            "last_accuracy": [history[-1].valid_accuracy for history in histories],
            "warm_up_seconds": warm,
        }

    def _fast_recipe(self, name: str, more: Sequence[str] = ()) -> Recipe:
        return recipes.changed(self.recipe(FAST[name].recipe, [*FAST[name].settings, *more]), self.scale.trained)

    def _without_copies(self) -> FaceSet:
        """The data without the training rows that are copies of a face to judge on."""
        copied = identity.are_in(self.faceset.images, self.test_set.images)
        return self.faceset.select(np.flatnonzero(~copied | (self.faceset.splits != "train")))

    # -- (c) and (d): the ensemble and its students --

    def trained(self, name: str) -> dict[str, Any]:
        """A training whose epochs fill its share of the budget, exported; its scores on the test split."""
        training = TRAININGS[name]
        settings = [*training.settings, f"epochs={self.epochs(name)}"]
        if training.taught:
            answers = self.place(ANSWERED_BY) / "answers.safetensors"
            members = ",".join(str(self.place(member)) for member in MEMBERS if self.done(member))
            settings += [f"teacher={members if name == ANSWERED_BY or not answers.exists() else answers}"]
        recipe = self.recipe(training.recipe, [*settings])
        recipe = recipes.changed(recipe, [*self.scale.trained, *(self.scale.students if training.taught else ())])
        run = job.start_or_resume(
            self.data,
            recipe,
            self.place(name),
            hardware=Hardware(speed=Speed(store_every=SELDOM)),
            progress=Lines(print),
        )
        run.checkpoint.unlink(missing_ok=True)
        return {**self._told(run), **self._judged([name])}

    def ensemble(self) -> dict[str, Any]:
        """Scores of the mean of the large networks that are there."""
        members = [name for name in MEMBERS if self.done(name)]
        return {"members": members, **self._judged(members)}

    def plain(self, name: str) -> dict[str, Any]:
        """The plain network: its scores on the test split; its model file would be too large to bring along."""
        training = TRAININGS[name]
        recipe = self.recipe(training.recipe, [*training.settings, f"epochs={self.epochs(name)}"])
        run = self._looped(recipe, *division.divide(self.faceset, recipe), name)
        network = load_network(run).to(self.device)
        faces, data = self.test_faces(recipe.image_size), run.record.data
        _, accuracy = validation.score(network, faces, self.test_labels, data.mean, data.std, self.precision)
        run.best.unlink()
        return {**self._told(run), "accuracy": accuracy}

    def _told(self, run: Run) -> dict[str, Any]:
        rows = run.history
        return {
            "epochs": len(rows),
            "training_seconds": sum(row.seconds for row in rows),
            "hold_out": max(row.valid_accuracy for row in rows),
            "recipe": run.recipe.to_dict(),
        }

    def _judged(self, names: Sequence[str]) -> dict[str, Any]:
        """Accuracy of the mean of runs on the test split, plain and with the mirror image, computed on the device."""
        folders = ",".join(str(self.place(name)) for name in names)
        teacher = teachers.load(folders, self.faceset.classes, self.device, precision=self.precision)
        size = Run.open(self.place(names[0])).recipe.image_size
        faces = torch.split(self.test_faces(size).float().unsqueeze(1), 512)
        plain = torch.cat([teacher.ask(batch) for batch in faces])  # (N, K)
        mirrored = torch.cat([teacher.ask(batch.flip(3)) for batch in faces])
        right = [float((p.argmax(1) == self.test_labels).float().mean()) for p in (plain, plain + mirrored)]
        return {"n": len(self.test_labels), "accuracy": right[0], "accuracy_flip": right[1]}

    # -- the budget --

    def done(self, name: str) -> bool:
        """Whether a training has its model file, which is written last."""
        return (self.place(name) / "model.onnx").exists()

    def epoch_seconds(self, name: str) -> float:
        """Seconds of an epoch at the full size of faces: from the measured pace, or assumed where there is none."""
        training = TRAININGS[name]
        recipe = self.recipe(training.recipe, training.untaught)
        return self._row_seconds(name, recipe) * self._num_rows() * (1 - recipe.hold_out)

    def fast_seconds(self, name: str) -> float:
        """Seconds of one run to a goal, at the full size of faces."""
        recipe = self._fast_recipe(name)
        return self._row_seconds(name, recipe) * recipe.epochs * self._num_rows()

    def repeats(self, name: str) -> int:
        """How many runs to a goal: one where more would cost the networks' training too much."""
        room = min(MOST_FAST, 0.7 * self.campaign.left)
        return self.scale.repeats if self.fast_seconds(name) * self.scale.repeats <= room else 1

    def _num_rows(self) -> int:
        return int((self.faceset.splits == "train").sum())

    def _row_seconds(self, name: str, recipe: Recipe) -> float:
        rates = self.campaign.result("rates")
        if rates:
            return 1 / float(rates["recipes"][name]["faces_per_second"])
        network = net.build(recipe.network, len(self.faceset.classes), recipe.image_size)
        macs = summary.describe(network, recipe.image_size).macs
        return max(6 * macs / ASSUMED_RATE, ASSUMED_STEP / recipe.batch_size)

    def epochs(self, name: str) -> int:
        """As many epochs as fit the training's share of the budget and what is left of it, within its bounds."""
        if self.scale.rows:
            return 1
        training = TRAININGS[name]
        fewest, most = training.epochs
        room = min(training.seconds, self.campaign.left - training.around) / self.epoch_seconds(name)
        return fewest if room < fewest else most if room > most else int(room)

    def least(self, name: str) -> float:
        """Seconds of the fewest epochs of a training, and what is around them."""
        training = TRAININGS[name]
        fewest = 1 if self.scale.rows else training.epochs[0]
        return training.around + fewest * self.epoch_seconds(name)

    def steps(self) -> list[Step]:
        """All steps, in the order of their worth."""
        first = next(iter(MEMBERS))

        def trained(name: str, *needs: str) -> Step:
            return Step(name, lambda: self.trained(name), lambda: self.least(name), needs)

        def plain(name: str) -> Step:
            return Step(name, lambda: self.plain(name), lambda: self.least(name))

        def fast(name: str) -> Step:
            return Step(name, lambda: self.fast(name), lambda: self.fast_seconds(name) * (self.repeats(name) + 0.2) + 8)

        quick, strong = FAST
        return [
            Step("rates", self.rates, lambda: EXPECTED["rates"]),
            fast(quick),
            *(trained(name) for name in MEMBERS),
            Step("ensemble", self.ensemble, lambda: EXPECTED["ensemble"], (first,)),
            trained("base", first),
            trained("tiny", first),
            fast(strong),
            Step("compile", self.compilers, lambda: EXPECTED["compile"]),
            *(plain(name) for name in PLAIN),
        ]


def seconds_to(goal: float, history: Sequence[EpochRecord]) -> float:
    """Seconds of training until the held-out accuracy first reached a goal; infinite where it never did."""
    spent = 0.0
    for row in history:
        spent += row.seconds
        if row.valid_accuracy >= goal:
            return spent
    return math.inf


def _median(times: Sequence[float]) -> float | None:
    middle = statistics.median(times)
    return None if math.isinf(middle) else middle


def _few(faceset: FaceSet, splits: Sequence[str], num: int) -> FaceSet:
    """At most so many random rows of each split."""
    rng = np.random.default_rng(0)
    rows = [np.flatnonzero(faceset.splits == split) for split in splits]
    chosen = np.concatenate([rng.permutation(part)[:num] for part in rows])
    return faceset.select(np.sort(chosen))


def main() -> None:
    """Do the steps that fit, and write what is known after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--out", type=Path, help="default: WORK/out")
    parser.add_argument(
        "--budget", type=float, default=700.0, help="seconds within which steps are begun that would end in them"
    )
    parser.add_argument("--steps", default=",".join(STEPS), help=f"of {', '.join(STEPS)}")
    parser.add_argument("--rehearse", action="store_true", help="every step on a CPU, in minutes")
    arguments = parser.parse_args()
    wanted = arguments.steps.split(",")
    if unknown := set(wanted) - set(STEPS):
        parser.error(f"there is no step {', '.join(sorted(unknown))}: choose from {', '.join(STEPS)}")
    budget = math.inf if arguments.rehearse else arguments.budget
    campaign = Campaign(arguments.work, arguments.out or arguments.work / "out", budget, setup())
    work = Work(arguments.data, campaign, gpu_plan.REHEARSAL if arguments.rehearse else Scale())
    for step in work.steps():
        if step.name in wanted:
            campaign.do(step)


if __name__ == "__main__":
    main()
