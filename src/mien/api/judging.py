"""Judging a model: evaluate, explain, report, decide."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mien.api.data import Data, load, read
from mien.data.reading import DEFAULT, ReadOptions
from mien.errors import MissingExtraError
from mien.progress import SILENT, Progress

if TYPE_CHECKING:
    from mien.evaluation.deciding import Decided
    from mien.evaluation.judge import Judgement
    from mien.evaluation.probing.findings import Findings
    from mien.evaluation.probing.robustness import CorruptedAccuracy
    from mien.inference.classifier import Classifier
    from mien.run import Run
    from mien.training.gradcam import GradCam


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

    opened = run if isinstance(run, Run) else Run.open(run)
    files.check(Path(out))
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
    from mien.evaluation import deciding, decisions
    from mien.evaluation.judge import judge_and_choose

    classifier = load(model)
    judgement, learned, valid = judge_and_choose(classifier, read(data, reading, progress), split, choose_on, flip=flip)
    chosen_on = (valid.labels, classifier.probabilities(valid.images, flip=flip))
    shares = decisions.class_shares(learned.labels, len(learned.classes))
    found = deciding.decide(judgement, chosen_on, shares, costs)
    if out is not None:
        from mien.training import export as exporting

        chosen = decisions.for_model_file(*chosen_on, shares)
        exporting.rewrite(classifier, replace(classifier.spec, decisions=chosen), out)
    return found


def _gradients(run: Run) -> GradCam | None:
    """Grad-CAM of a run's network, or None where its weights are gone or PyTorch isn't installed: a report needs neither."""
    if not run.best.exists():
        return None
    try:
        from mien.training import gradcam
    except (ModuleNotFoundError, MissingExtraError):
        return None
    return gradcam.GradCam.load(run)
