"""One function for each verb: what the command line does with its options, and the interface in Python.

Every function takes data as a path or as a ``FaceSet`` and a model as a name, a path or a ``Classifier``. What they raise is a
``mien.errors.MienError``. Each imports its work inside, so that ``import mien`` stays light.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mien.data.faceset import FaceSet
from mien.data.reading import DEFAULT, ReadOptions
from mien.errors import MissingExtraError
from mien.progress import SILENT, Progress
from mien.recipes import Recipe
from mien.run_record import AUTO, Hardware

if TYPE_CHECKING:
    from mien.auditing.audit import Audit
    from mien.evaluation.decisions import Decided
    from mien.evaluation.judge import Judgement
    from mien.evaluation.probing.findings import Findings
    from mien.evaluation.probing.robustness import CorruptedAccuracy
    from mien.experiments.results import StudyResult, SweepResult
    from mien.inference.classifier import Classifier
    from mien.inference.submission import Submission
    from mien.modelfile import Spec
    from mien.run import Run
    from mien.training.gradcam import GradCam
    from mien.training.resuming import Changes

Data = str | os.PathLike[str] | FaceSet
Engine = Literal["local", "ray"]


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What ``evaluate`` gives.

    Attributes:
        judgement: the scores, and what was judged on what.
        corrupted: the mean accuracy under corruption; None where it was not asked for.
    """

    judgement: Judgement
    corrupted: CorruptedAccuracy | None = None


@dataclass(frozen=True, eq=False)
class Explained:
    """What ``explain`` and ``report`` give: the scores, and why and when the model errs."""

    judgement: Judgement
    findings: Findings


def read(data: Data, reading: ReadOptions = DEFAULT, progress: Progress = SILENT) -> FaceSet:
    """Read labelled faces; what was assumed, changed or left out is told to ``progress``."""
    if isinstance(data, FaceSet):
        return data
    from mien.inference import datasets

    faceset = datasets.read(data, reading)
    for note in faceset.source.told:
        progress.line(f"note: {note}")
    return faceset


def load(
    model: str | os.PathLike[str] | Classifier, *, decision: str = "argmax", prior: str | None = None
) -> Classifier:
    """Load a model.

    Args:
        model: a shipped model's name, a model file, or a loaded model, which is given back.
        decision: how it answers: by the most probable class, or by a decision that the file holds.
        prior: class shares in use, such as ``"neutral=0.5,happy=0.3"``; None for those of training.
    """
    from mien.inference.classifier import Classifier

    loaded = model if isinstance(model, Classifier) else Classifier.load(model, decision=decision)
    return loaded if prior is None else loaded.with_prior(prior)


def train(
    data: str | os.PathLike[str],
    recipe: Recipe | str = "base",
    out: str | os.PathLike[str] | None = None,
    *,
    reading: ReadOptions = DEFAULT,
    hardware: Hardware = AUTO,
    workers: int | None = None,
    command: Sequence[str] = (),
    progress: Progress = SILENT,
) -> Run:
    """Train a recipe and write a run folder with its model file.

    Args:
        data: a path.
        recipe: a recipe or its name.
        out: the run folder to make; None makes one below ``runs``.
        reading: how the data is read.
        hardware: on what to train.
        workers: processes that train together on Ray; None trains in this one.
        command: the words of the command line that began it, for the record.
        progress: is told of the work.
    """
    from mien import recipes
    from mien.training import job, ranks

    wanted = recipes.get(recipe) if isinstance(recipe, str) else recipe
    folder = Path(out) if out is not None else new_run_folder(wanted)
    if workers is not None:
        from mien.scale import training

        return training.start(
            data,
            wanted,
            folder,
            workers=workers,
            reading=reading,
            hardware=hardware,
            command=command,
            progress=progress,
        )
    begin = job.start_or_resume if ranks.started_again() else job.start
    return begin(data, wanted, folder, reading=reading, hardware=hardware, command=command, progress=progress)


def new_run_folder(recipe: Recipe) -> Path:
    """Where a run goes whose folder is not named."""
    return Path("runs") / f"{recipe.name}-{time.strftime('%Y%m%d-%H%M%S')}"


def resume(
    run: str | os.PathLike[str],
    changes: Changes | None = None,
    *,
    workers: int | None = None,
    progress: Progress = SILENT,
) -> Run:
    """Go on with a run that was stopped.

    Args:
        run: the run folder.
        changes: where its data lies now, another device, more epochs; None for none.
        workers: as for ``train``.
        progress: is told of the work.
    """
    from mien.training import job
    from mien.training.resuming import UNCHANGED

    wanted = UNCHANGED if changes is None else changes
    if workers is not None:
        from mien.scale import training

        return training.resume(run, workers=workers, changes=wanted, progress=progress)
    return job.resume(run, changes=wanted, progress=progress)


def evaluate(
    model: str | os.PathLike[str] | Classifier,
    data: Data,
    split: str | None = None,
    *,
    reading: ReadOptions = DEFAULT,
    without: Data | None = None,
    flip: bool = False,
    decision: str = "argmax",
    prior: str | None = None,
    corrupted: bool = False,
    progress: Progress = SILENT,
) -> Evaluated:
    """Judge a model on labelled faces.

    Args:
        model: a name, a path or a loaded model.
        data: the faces.
        split: the split to judge on, ``"hold_out"`` or ``"all"``; None takes labelled test rows, else held-out ones.
        reading: how the data is read.
        without: leave out copies of the training rows of this data.
        flip: average each face with its mirror image.
        decision, prior: as for ``load``; the prior ``"auto"`` is estimated from the judged faces.
        corrupted: also measure the mean accuracy under corruption.
        progress: is told of the work.
    """
    from mien.evaluation.judge import judge
    from mien.evaluation.probing.findings import judge_corrupted

    estimated = prior == "auto"
    classifier = load(model, decision=decision, prior=None if estimated else prior)
    faceset = read(data, reading, progress)
    others = None if without is None else faceset if without == data else read(without, reading.for_classes(), progress)
    judgement = judge(classifier, faceset, split, flip=flip, without=others, estimate_prior=estimated)
    return Evaluated(judgement, judge_corrupted(classifier, judgement, progress=progress) if corrupted else None)


def explain(
    model: str | os.PathLike[str] | Classifier,
    data: Data,
    split: str | None = None,
    *,
    reading: ReadOptions = DEFAULT,
    flip: bool = False,
    progress: Progress = SILENT,
) -> Explained:
    """Find out why and when a model errs; ``reporting.pages.explain`` writes it as a page."""
    from mien.evaluation.judge import judge
    from mien.evaluation.probing import findings

    classifier = load(model)
    judgement = judge(classifier, read(data, reading, progress), split, flip=flip)
    return Explained(judgement, findings.find(classifier, judgement, progress=progress))


def report(
    run: Run | str | os.PathLike[str],
    out: str | os.PathLike[str],
    data: str | os.PathLike[str] | None = None,
    split: str | None = None,
    *,
    reading: ReadOptions = DEFAULT,
    flip: bool = False,
    probes: bool = True,
    most_rows: int | None = None,
    command: Sequence[str] = (),
    lang: str = "en",
    progress: Progress = SILENT,
) -> Explained:
    """Judge a run's model, find out why it errs, and write its report.

    Args:
        run: the run or its folder.
        out: the HTML file.
        data: other data to judge on; None for the run's own.
        split, flip: as for ``evaluate``.
        reading: how other data is read.
        probes: whether the model is probed with changed faces, which takes minutes.
        most_rows: probe at most so many rows; None takes the default.
        command: the words of the command line that makes the report again.
        lang: ``"en"`` or ``"zh-TW"``.
        progress: is told of the work.
    """
    from mien import files
    from mien.evaluation.judge import judge
    from mien.evaluation.probing import findings
    from mien.inference import run_data
    from mien.reporting.pages import report as page
    from mien.run import Run

    files.check(Path(out))
    opened = run if isinstance(run, Run) else Run.open(run)
    classifier = load(opened.model_file)
    faceset = run_data.read(opened, None if data is None else Path(data), reading)
    for note in faceset.source.told:
        progress.line(f"note: {note}")
    judgement = judge(classifier, faceset, split, flip=flip)
    found = findings.find(
        classifier,
        judgement,
        probes=probes,
        most_rows=most_rows,
        gradients=_gradients(opened) if probes else None,
        progress=progress,
    )
    page.write(out, judgement, opened, findings=found, command=command, lang=lang)
    return Explained(judgement, found)


def decide(
    model: str | os.PathLike[str] | Classifier,
    data: Data,
    split: str | None = None,
    *,
    reading: ReadOptions = DEFAULT,
    choose_on: str | None = None,
    costs: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] | None = None,
    flip: bool = False,
    progress: Progress = SILENT,
) -> Decided:
    """Compare ways to answer, chosen on rows that the model didn't learn from and judged on others.

    Args:
        model, data, split, reading, flip, progress: as for ``evaluate``.
        choose_on: the split to choose on; None takes what the model's training held out.
        costs: a CSV of what each error costs.
        out: also write the model file with the chosen decisions in it.
    """
    from mien.evaluation import decisions
    from mien.evaluation.judge import judge_and_choose

    classifier = load(model)
    judgement, learned, valid = judge_and_choose(classifier, read(data, reading, progress), split, choose_on, flip=flip)
    chosen_on = (valid.labels, classifier.probabilities(valid.images, flip=flip))
    shares = decisions.class_shares(learned.labels, len(learned.classes))
    found = decisions.decide(judgement, chosen_on, shares, costs)
    if out is not None:
        from mien.training import export as exporting

        chosen = decisions.for_model_file(*chosen_on, shares)
        exporting.rewrite(classifier, replace(classifier.spec, decisions=chosen), out)
    return found


def study(
    name: str,
    data: str | os.PathLike[str],
    recipe: Recipe | str = "tiny",
    out: str | os.PathLike[str] = "studies",
    *,
    reading: ReadOptions = DEFAULT,
    num_seeds: int = 3,
    split: str | None = None,
    engine: Engine = "local",
    num_cpus: int = 1,
    hardware: Hardware = AUTO,
    progress: Progress = SILENT,
) -> StudyResult:
    """Train a recipe with and without something, over several seeds, and compare.

    Args:
        name: a key of ``experiments.studies.STUDIES``.
        data: a path.
        recipe: a recipe or its name.
        out: the folder of runs and results.
        reading: how the data is read.
        num_seeds: runs of each arm.
        split: where the arms are judged; None takes the data's test split, or the hold-out where there is none.
        engine: train one after the other here, or side by side on Ray, each on ``num_cpus`` processors.
        hardware: on what to train.
        progress: is told of the work.
    """
    from functools import partial

    from mien import recipes
    from mien.experiments import studies

    train_all = partial(studies.one_by_one, progress=progress)
    if engine == "ray":
        from mien.scale import studying

        train_all = partial(studying.train_all, num_cpus=num_cpus, progress=progress)
    wanted = recipes.get(recipe) if isinstance(recipe, str) else recipe
    return studies.run(
        name,
        data,
        wanted,
        out,
        reading=reading,
        num_seeds=num_seeds,
        split=split,
        hardware=hardware,
        train_all=train_all,
    )


def tune(
    data: str | os.PathLike[str],
    recipe: Recipe | str = "tiny",
    out: str | os.PathLike[str] = "tune",
    *,
    reading: ReadOptions = DEFAULT,
    space: Sequence[str] = (),
    num_trials: int = 20,
    parallel: int = 0,
    seed: int = 0,
    num_cpus: int = 1,
    hardware: Hardware = AUTO,
    progress: Progress = SILENT,
) -> SweepResult:
    """Search for better settings of a recipe, judged by the rows held out of training; see ``scale.tuning.Sweep``."""
    from mien import recipes
    from mien.scale import tuning

    sweep = tuning.Sweep(
        data=Path(data).absolute(),
        recipe=recipes.get(recipe) if isinstance(recipe, str) else recipe,
        out=Path(out).absolute(),
        reading=reading,
        given=tuple(space),
        num_trials=num_trials,
        parallel=parallel,
        seed=seed,
        num_cpus=num_cpus,
        hardware=hardware,
    )
    return tuning.run(sweep, progress)


def audit(
    data: Data,
    model: str | os.PathLike[str] | Classifier | None = None,
    *,
    reading: ReadOptions = DEFAULT,
    correlation: float = 0.98,
    mirrored: bool = False,
    progress: Progress = SILENT,
) -> Audit:
    """Look for copies, conflicts, label issues, blank pictures and drift.

    Args:
        data: the faces.
        model: judges the labels; None fits small ones in folds.
        reading: how the data is read.
        correlation: what near copies exceed.
        mirrored: whether a mirror image is a copy too.
        progress: is told of the work.
    """
    from mien.auditing import audit as auditing

    classifier = None if model is None else load(model)
    faceset = read(data, reading, progress)
    return auditing.audit(faceset, classifier, correlation=correlation, mirrored=mirrored, progress=progress)


def submit(
    model: str | os.PathLike[str] | Classifier,
    test: Data,
    out: str | os.PathLike[str],
    *,
    reading: ReadOptions = DEFAULT,
    sample: Path | None = None,
    num_rows: int | None = None,
    flip: bool = False,
    decision: str = "argmax",
    progress: Progress = SILENT,
) -> Submission:
    """Write predictions for a competition's test set; see ``inference.submission.write``."""
    from mien.inference import submission

    classifier = load(model, decision=decision)
    return submission.write(classifier, read(test, reading, progress), out, sample=sample, num_rows=num_rows, flip=flip)


def export(
    run: Run | str | os.PathLike[str], out: str | os.PathLike[str] | None = None, data: Path | None = None
) -> Spec:
    """Write the model file of a run's best weights, again or elsewhere.

    Args:
        run: the run or its folder.
        out: the file; None writes the run's own.
        data: where the run's data lies now; None for where it lay.
    """
    from mien.run import Run
    from mien.training import export as exporting
    from mien.training import job

    opened = run if isinstance(run, Run) else Run.open(run)
    return exporting.export(opened, job.read_sets(opened, data)[1], out or opened.model_file)


def ensemble(
    runs: Sequence[Run | str | os.PathLike[str]], out: str | os.PathLike[str], data: Path | None = None
) -> Spec:
    """Average several runs in one model file; the arguments are those of ``export``."""
    from mien.run import Run
    from mien.training import ensemble as ensembles

    opened = [run if isinstance(run, Run) else Run.open(run) for run in runs]
    return ensembles.build(opened, out, moved=data)


def _gradients(run: Run) -> GradCam | None:
    """Grad-CAM of a run's network, or None where its weights are gone or PyTorch isn't installed: a report needs neither."""
    if not run.best.exists():
        return None
    try:
        from mien.training import gradcam
    except (ModuleNotFoundError, MissingExtraError):
        return None
    return gradcam.GradCam.load(run)
