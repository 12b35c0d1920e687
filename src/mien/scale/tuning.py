"""Hyperparameter search: Ray Tune runs the trials, Optuna chooses their settings, ASHA stops bad ones early.

A trial is an ordinary run in its own folder. Its score is the hold-out accuracy of the weights that it would export: of its best
epoch so far, or of its last one if the recipe keeps the last.
"""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
import ray
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from ray import tune
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, TrialScheduler
from ray.tune.search.optuna import OptunaSearch

import mien
from mien import files, locks, recipes, typed_json
from mien.errors import ClusterError, OutputError, RunError, TrainingError
from mien.experiments.results import Common, SweepResult, TrialResult
from mien.inference import datasets
from mien.progress import SILENT, Progress
from mien.recipes import search_space
from mien.recipes.search_space import Axis, Choice
from mien.run import Run
from mien.scale import cluster, nodes, seal
from mien.scale import trial as trials_of
from mien.scale.sweep import Sweep
from mien.training import division, job
from mien.typed_json import JsonObject
from mien.words import counted, percent

SETTINGS = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
}
"""Environment of Ray Tune: no separate working folder, nothing on standard output, and no tracebacks of reported errors."""


@dataclass
class Watch:
    """The state of a search, updated by Tune's callbacks."""

    num_epochs: int
    progress: Progress
    trials: list[Any] = field(default_factory=list)
    going_on: bool = False


_watch: ContextVar[Watch] = ContextVar("watch")


class Relay(tune.Callback):  # type: ignore[misc] # Ray is untyped
    """Pass Tune's callbacks to the current watch; without state, as Tune restores an old callback with an old search."""

    def on_trial_result(self, iteration: int, trials: list[Any], trial: Any, result: JsonObject, **_: Any) -> None:
        """Report an epoch."""
        watch = _watch.get()
        if "failed" in result:
            watch.progress.line(f"trial {_number(trial)} failed: {result['failed']}")
        else:
            watch.progress.line(
                f"trial {_number(trial)}: epoch {result['epoch']}/{watch.num_epochs}, "
                f"hold-out accuracy {result['own']:.2%}{_best_so_far(result)}, {result['seconds']:.0f} s"
            )

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """Report the end of a trial."""
        watch = _watch.get()
        watch.progress.line(
            f"trial {_number(trial)} has ended after {trial.last_result['epoch']} of {counted(watch.num_epochs, 'epoch')}"
        )

    def on_step_end(self, iteration: int, trials: list[Any], **_: Any) -> None:
        """Store whether a trial was running, as Tune marks all of them as finished after an interrupt."""
        _watch.get().going_on = not all(trial.is_finished() for trial in trials)

    def on_experiment_end(self, trials: list[Any], **_: Any) -> None:
        """Store the trials, including those of earlier calls."""
        _watch.get().trials = trials


def run(sweep: Sweep, progress: Progress = SILENT) -> SweepResult:
    """Search, and write ``tune.json`` and ``best.toml``; a stopped search is resumed.

    Args:
        sweep: the settings of the search.
        progress: receives each epoch and each end of a trial.

    Returns:
        The content of ``tune.json``. ``best.toml`` is the best trial's recipe.

    Raises:
        MienError: data, recipe, space or folder are invalid, the folder has another search, or the cluster can't do the work.
        KeyboardInterrupt: Ctrl-C; the same call resumes the search.
    """
    faceset = datasets.read(sweep.data, sweep.reading)
    for note in faceset.source.messages:
        progress.line(f"note: {note}")
    space = search_space.build(sweep.given, sweep.recipe, faceset.votes is not None)
    _, valid_set = division.divide(faceset, sweep.recipe)
    job.teacher_hash(sweep.recipe)  # fail now, not in every trial; the same holds for the rows
    _claim(sweep, space, faceset.hash)
    place = sweep.out / "tune.json"
    if place.is_file():
        return _read_result(place)
    busy = f"Another process is searching in '{sweep.out}': wait until it has ended, or name another folder with --out."
    with locks.locked(sweep.out, busy), cluster.connected():
        trials = _fit(sweep, space, Watch(sweep.recipe.epochs, progress))
    results = tuple(_result(trial, sweep, space) for trial in sorted(trials, key=_number))
    finished = [one for one in results if one.state == "finished"]
    if not finished:
        raise TrainingError(f"No trial was finished; the first: {results[0].reason or results[0].state}.")
    best = max(finished, key=lambda one: one.accuracy)  # the first one on ties
    own = search_space.point(space, sweep.recipe)
    unchanged = () if own is None else tuple(search_space.settings(space, own))
    result = SweepResult(
        common=Common.of(sweep.recipe, faceset, Run.open(sweep.out / best.run)),
        space=tuple(map(str, space)),
        epochs=sweep.recipe.epochs,
        halts=tuple(halts(sweep.recipe.epochs)),
        seed=sweep.seed,
        n=len(valid_set),
        versions={"mien": mien.__version__, "ray": ray.__version__, "optuna": optuna.__version__},
        trials=results,
        best=best.number,
        as_it_is=next((one.number for one in results if own and one.settings == unchanged), None),
    )
    _write_best(sweep, result)
    files.write_json(place, typed_json.to_json(result))
    return result


def _read_result(place: Path) -> SweepResult:
    try:
        return typed_json.parse(place.read_text(encoding="utf-8"), SweepResult)
    except (OSError, ValueError) as error:
        raise RunError(f"'{place}' is damaged ({error}): remove it, or name another folder with --out.") from None


def _claim(sweep: Sweep, space: Sequence[Axis], data_hash: str) -> None:
    """Write the settings of this search to its folder, or check that they are the same.

    Raises:
        RunError: the folder has another search, or one that was not started here.
        OutputError: it can't be created.
    """
    own: dict[str, Any] = {
        "data": data_hash,
        "recipe": sweep.recipe.to_dict(),
        "space": [str(axis) for axis in space],
        "trials": sweep.num_trials,
        "parallel": sweep.parallel,
        "seed": sweep.seed,
        "cpus-per-run": sweep.num_cpus,
        "device": sweep.hardware.device,
        "precision": sweep.hardware.precision,
    }
    own = json.loads(json.dumps(own))  # as it will be read again
    place = sweep.out / "sweep.json"
    if place.is_file():
        there = _read(place)
        if other := [key for key in own if there.get(key) != own[key]]:
            raise RunError(
                f"'{sweep.out}' holds a search with other options ({', '.join(other)}): repeat its command to resume it, "
                "or name another folder with --out."
            )
        if not seal.fits(sweep.out, own, there.get("seal")):
            raise RunError(_foreign(sweep.out))
        return
    if (sweep.out / "tune").exists():
        raise RunError(_foreign(sweep.out))
    try:
        sweep.runs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder '{sweep.runs}' can't be made: {error.strerror}.") from None
    files.write_json(place, own | {"seal": seal.of(sweep.out, own)})


def _foreign(out: Path) -> str:
    return (
        f"'{out}' holds a search of another user, another folder or an older mien; resuming it could run unknown programs: "
        "name another folder with --out."
    )


def _read(place: Path) -> JsonObject:
    """Load a JSON object written by mien.

    Raises:
        RunError: it is not a JSON object.
    """
    try:
        value = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise RunError(f"'{place}' is damaged: remove it, or name another folder with --out.")
    return value


def _fit(sweep: Sweep, space: Sequence[Axis], watch: Watch) -> list[Any]:
    """Run the remaining trials with Tune; returns all trials in the order of their start."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    taken = nodes.resources(sweep.num_cpus, sweep.hardware.device)
    trainable = tune.with_resources(
        tune.with_parameters(trials_of.run, sweep=sweep, space=tuple(space)),
        {"cpu": taken["num_cpus"], "gpu": taken["num_gpus"]},
    )
    place = sweep.out / "tune"
    _watch.set(watch)
    with _quiet():
        if any(place.glob("experiment_state-*.json")):
            watch.progress.line("search resumed")
            tuner = tune.Tuner.restore(str(place), trainable, resume_errored=True)
        else:
            tuner = _tuner(sweep, space, trainable, place)
        tuner.fit()
    if watch.going_on or len(watch.trials) < sweep.num_trials:
        raise KeyboardInterrupt  # Tune has caught it to store its state
    lost = [trial for trial in watch.trials if trial.status == "ERROR"]
    if lost:
        watch.progress.line(
            f"{len(lost)} of {counted(sweep.num_trials, 'trial')} could not be run; repeat the command to try them again"
        )
        error = lost[0].get_pickled_error()
        if isinstance(error, ray.exceptions.RayError):
            with cluster.translated_errors():
                raise error
        raise ClusterError(f"The cluster could not do the work: {str(error).strip().splitlines()[-1]}.")
    return watch.trials


def _tuner(sweep: Sweep, space: Sequence[Axis], trainable: Callable[..., Any], place: Path) -> tune.Tuner:
    own = search_space.point(space, sweep.recipe)
    few = max(2, min(10, sweep.num_trials // 3))  # random trials before the sampler is used
    search = OptunaSearch(
        {axis.field: _distribution(axis) for axis in space},
        metric="accuracy",
        mode="max",
        sampler=optuna.samplers.TPESampler(seed=sweep.seed, n_startup_trials=few),
        points_to_evaluate=[own] if own else None,
    )
    return tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            metric="accuracy",
            mode="max",
            search_alg=search,
            scheduler=_scheduler(sweep.recipe.epochs),
            num_samples=sweep.num_trials,
            max_concurrent_trials=sweep.parallel or None,
            trial_dirname_creator=_name,
        ),
        run_config=tune.RunConfig(
            name=place.name,
            storage_path=str(place.parent),
            verbose=0,
            callbacks=[Relay()],
            failure_config=tune.FailureConfig(max_failures=nodes.RETRIES),
        ),
    )


def _name(trial: Any) -> str:
    return str(trial.trial_id)


def halts(num_epochs: int) -> list[int]:
    """The epochs after which the worse half of the trials stops: a quarter of all, and twice as many if that is at most half."""
    if num_epochs < 2:
        return []
    first = max(1, num_epochs // 4)
    return [first, 2 * first] if 2 * first <= num_epochs // 2 else [first]


def _scheduler(num_epochs: int) -> TrialScheduler:
    """Stop the worse half of the trials after the first of ``halts``, and the worse half of the rest after the second."""
    when = halts(num_epochs)
    if not when:
        return FIFOScheduler()
    return ASHAScheduler(
        time_attr="epoch", grace_period=when[0], max_t=when[-1], reduction_factor=2, stop_last_trials=False
    )


def _distribution(axis: Axis) -> BaseDistribution:
    if isinstance(axis, Choice):
        return CategoricalDistribution(axis.options)
    if axis.is_integer:
        return IntDistribution(int(axis.low), int(axis.high), log=axis.log)
    return FloatDistribution(axis.low, axis.high, log=axis.log)


def _best_so_far(result: JsonObject) -> str:
    """The score of a trial, if it differs from the epoch's own accuracy."""
    return f" (best so far {result['accuracy']:.2%})" if result["accuracy"] != result["own"] else ""


def _number(trial: Any) -> int:
    """The number of a trial, counted from 1 in order of creation; Tune restores them in another order."""
    return int(trial.experiment_tag.partition("_")[0])


def _result(trial: Any, sweep: Sweep, space: Sequence[Axis]) -> TrialResult:
    folder = sweep.runs / trial.trial_id
    history = Run.open(folder).history if (folder / "history.jsonl").is_file() else []
    failed = trial.last_result.get("failed", "")
    finished = (folder / "model.onnx").is_file()
    return TrialResult(
        number=_number(trial),
        run=str(folder.relative_to(sweep.out)),
        values={axis.field: trial.config[axis.field] for axis in space},
        settings=tuple(search_space.settings(space, trial.config)),
        state="failed" if failed else "finished" if finished else "stopped",
        reason=failed,
        accuracy=trials_of.score(history, sweep.recipe.keep) if history else 0.0,
        minutes=sum(row.seconds for row in history) / 60,
        curve=tuple(row.valid_accuracy for row in history),
    )


def _write_best(sweep: Sweep, result: SweepResult) -> None:
    best = result.best_trial
    recipes.write(
        sweep.out / "best.toml",
        recipes.changed(sweep.recipe, best.settings),
        [
            f"Found by mien {mien.__version__} tune on {sweep.data.name}: trial {best.number} of {len(result.trials)}, "
            f"with {percent(best.accuracy, 2)} of {counted(result.n, 'held-out row')}.",
            "The best trial was chosen on these rows, so this accuracy is optimistic: evaluate it on a split that no trial has used.",
            "Train with:  mien train DATA --recipe best.toml",
        ],
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress Tune's own messages in the block."""
    logger = logging.getLogger("ray.tune")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), cluster.interrupt_kept():
            # A resumed trial counts its reports from the start, and Optuna already has the first ones.
            warnings.filterwarnings("ignore", "The reported value is ignored", UserWarning)
            yield
    finally:
        logger.setLevel(level)
