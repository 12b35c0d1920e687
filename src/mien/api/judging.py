"""Evaluating models: evaluate, explain, report, compare, decide."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mien.api.data import Data, Language, load, read
from mien.checks import checked
from mien.data.reading import DEFAULT, ReadOptions
from mien.errors import MissingExtraError
from mien.progress import Progress
from mien.shown import SHOWN

if TYPE_CHECKING:
    from mien.evaluation.deciding import Decided
    from mien.evaluation.model_comparison import ModelComparison
    from mien.evaluation.results import Evaluated, Explained
    from mien.experiments.results import StudyResult
    from mien.inference.classifier import Classifier
    from mien.run import Run
    from mien.training.gradcam import GradCam


@checked
def evaluate(
    model: str | os.PathLike[str] | Classifier,
    data: Data,
    *,
    split: str | None = None,
    reading: ReadOptions = DEFAULT,
    without: Data | None = None,
    flip: bool = False,
    decision: str = "argmax",
    prior: str | None = None,
    corrupted: bool = False,
    by: Sequence[str] = (),
    device: str = "cpu",
    progress: Progress = SHOWN,
) -> Evaluated:
    """Evaluate a model on labelled faces.

    Args:
        model: a name, a path or a loaded model.
        data: the labelled faces.
        split: a split, ``"hold_out"`` or ``"all"``; None takes the labelled test rows, else ``valid``, else the held-out rows, else all.
        reading: how the data is read.
        without: exclude faces that are duplicates of training rows of this data.
        flip: average the probabilities of each face and its mirror image.
        decision, prior: as for ``load``; the prior ``"auto"`` is estimated from the evaluated faces.
        corrupted: also measure the mean accuracy under corruption.
        by: columns by which the scores are also given: ``"person"``, ``"split"``, or columns of the data's tables.
        device: device of the model: ``"cpu"``, ``"cuda"``, ``"coreml"`` or ``"auto"``.
        progress: receives notes and progress.
    """
    from mien.evaluation import groups
    from mien.evaluation.judge import judge
    from mien.evaluation.probing.findings import judge_corrupted
    from mien.evaluation.results import Evaluated

    estimated = prior == "auto"
    classifier = load(model, decision=decision, prior=None if estimated else prior, device=device)
    faceset = read(data, replace(reading, columns=tuple(by)), progress)
    groups.check(faceset, by)
    others = None if without is None else faceset if without == data else read(without, reading.for_classes(), progress)
    judgement = judge(classifier, faceset, split, flip=flip, without=others, estimate_prior=estimated)
    return Evaluated(
        judgement,
        judge_corrupted(classifier, judgement, progress=progress) if corrupted else None,
        tuple(groups.by_column(judgement, column) for column in by),
    )


@checked
def explain(
    model: str | os.PathLike[str] | Classifier,
    data: Data,
    *,
    split: str | None = None,
    reading: ReadOptions = DEFAULT,
    flip: bool = False,
    progress: Progress = SHOWN,
) -> Explained:
    """Analyze the errors of a model; ``reporting.pages.explain`` writes the result as a page.

    The arguments are those of ``evaluate``.
    """
    from mien.evaluation.judge import judge
    from mien.evaluation.probing import findings
    from mien.evaluation.results import Explained

    classifier = load(model)
    judgement = judge(classifier, read(data, reading, progress), split, flip=flip)
    return Explained(judgement, findings.find(classifier, judgement, progress=progress))


@checked
def report(
    run: Run | str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    data: str | os.PathLike[str] | None = None,
    split: str | None = None,
    reading: ReadOptions = DEFAULT,
    flip: bool = False,
    by: Sequence[str] = (),
    probes: bool = True,
    most_rows: int | None = None,
    studies: Sequence[str | os.PathLike[str]] = (),
    ensemble: str | os.PathLike[str] | None = None,
    command: Sequence[str] = (),
    lang: Language = "en",
    faces: bool = True,
    progress: Progress = SHOWN,
) -> Explained:
    """Evaluate a run's model, analyze its errors, and write the report.

    Args:
        run: the run or its folder.
        out: the HTML file to write; None writes ``report.html`` in the run folder.
        data: other data to evaluate on; None for the data of the run.
        split, flip, by: as for ``evaluate``.
        reading: how the other data is read.
        probes: whether saliency and robustness are measured, which takes minutes.
        most_rows: maximum number of faces for these measurements; None takes the default.
        studies: JSON files of studies on the data of the run, shown as techniques with and without.
        ensemble: an ensemble's model file, compared with the run's model on the same rows.
        command: arguments of the command line that reproduces the report.
        lang: ``"en"`` or ``"zh-TW"``.
        faces: whether the page has pictures of faces.
        progress: receives notes and progress.
    """
    from mien import files
    from mien.evaluation import groups
    from mien.evaluation.judge import judge
    from mien.evaluation.probing import findings
    from mien.evaluation.results import Explained
    from mien.inference import run_data
    from mien.reporting.pages import report as page
    from mien.run import Run

    opened = run if isinstance(run, Run) else Run.open(run)
    page_file = opened.folder / "report.html" if out is None else Path(out)
    files.check(page_file, suffixes=files.PAGES)
    opened.check()
    compared = _studies(studies, opened)
    classifier, averaged = load(opened.model_file), None if ensemble is None else load(ensemble)
    faceset = run_data.read(opened, None if data is None else Path(data), replace(reading, columns=tuple(by)))
    groups.check(faceset, by)
    for note in faceset.source.messages:
        progress.line(f"note: {note}")
    judgement = judge(classifier, faceset, split, flip=flip)
    together = None if averaged is None else judge(averaged, faceset, judgement.record.split, flip=flip)
    found = findings.find(
        classifier,
        judgement,
        probes=probes,
        most_rows=most_rows,
        gradients=_gradients(opened) if probes else None,
        progress=progress,
    )
    grouped = tuple(groups.by_column(judgement, column) for column in by)
    parts = page.Parts(found, grouped, compared, together)
    page.write(page_file, judgement, opened, parts=parts, command=command, lang=lang, faces=faces)
    return Explained(judgement, found, grouped)


@checked
def decide(
    model: str | os.PathLike[str] | Classifier,
    data: Data,
    *,
    split: str | None = None,
    reading: ReadOptions = DEFAULT,
    choose_on: str | None = None,
    costs: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] | None = None,
    flip: bool = False,
    progress: Progress = SHOWN,
) -> Decided:
    """Compare decision rules: they are fitted on rows that the model wasn't trained on, and evaluated on other rows.

    Args:
        model, data, split, reading, flip, progress: as for ``evaluate``.
        choose_on: the split to fit the rules on; None takes the hold-out of the model's training.
        costs: a CSV file with the cost of each error.
        out: also write a model file that contains the fitted rules.
    """
    from mien import files
    from mien.evaluation import deciding, decisions
    from mien.evaluation.judge import judge_and_choose

    if out is not None:
        files.check(Path(out), suffixes=files.MODELS)
    classifier = load(model)
    judgement, learned, valid = judge_and_choose(classifier, read(data, reading, progress), split, choose_on, flip=flip)
    chosen_on = (valid.labels, classifier.probabilities(valid.images, flip=flip))
    shares = decisions.class_shares(learned.labels, len(learned.classes))
    found = deciding.decide(judgement, chosen_on, shares, costs)
    if out is not None:
        from mien.training import onnxfile

        chosen = decisions.for_model_file(*chosen_on, shares)
        onnxfile.rewrite(classifier, replace(classifier.spec, decisions=chosen), out)
    return found


@checked
def compare(
    models: Sequence[str | os.PathLike[str]],
    data: Data,
    *,
    split: str | None = None,
    reading: ReadOptions = DEFAULT,
    flip: bool = False,
    progress: Progress = SHOWN,
) -> ModelComparison:
    """Compare models on the same faces; ``reporting.pages.compare`` writes it as a page.

    Args:
        models: two or more: names of pretrained models, model files, run folders, or tables of predictions of other packages
            (see ``evaluation.prediction_files``). The others are compared with the first.
        data, split, reading, flip, progress: as for ``evaluate``.
    """
    from mien.evaluation import model_comparison

    names = [os.fspath(model) for model in models]
    return model_comparison.compare(names, read(data, reading, progress), split, flip=flip, progress=progress)


def _studies(paths: Sequence[str | os.PathLike[str]], run: Run) -> tuple[StudyResult, ...]:
    """The results of studies on the data of a run.

    Raises:
        ArgumentError: one of them is named twice.
        DataError: a file is no study, or one on other data.
    """
    from mien.errors import ArgumentError, DataError
    from mien.experiments.results import StudyResult

    studies = tuple(StudyResult.read(path) for path in paths)
    for path, study in zip(paths, studies, strict=True):
        if study.common.data_hash != run.record.data.hash:
            raise DataError(f"'{path}' is a study on other data ('{study.common.data}') than that of the run.")
    if twice := {one.study for one in studies if [other.study for other in studies].count(one.study) > 1}:
        raise ArgumentError(f"The study {min(twice)} is given twice: a report takes one result of each study.")
    return studies


def _gradients(run: Run) -> GradCam | None:
    """Grad-CAM of a run's network; None if its weights are missing or PyTorch isn't installed."""
    if not run.best.exists():
        return None
    try:
        from mien.training import gradcam
    except (ModuleNotFoundError, MissingExtraError):
        return None
    return gradcam.GradCam.load(run)
