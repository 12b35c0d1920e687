"""Put a run's model file into the package under a short name, with a model card whose every figure is measured here.

    python -m tools.ship RUN NAME [--data PATH] [--split public_test] [--about TEXT] [--note TEXT]

The rows of the split must not have chosen anything about the run.
"""

from __future__ import annotations

import argparse
import math
import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.circumstances import circumstances
from tools import cards as texts

from mien import Classifier, files, modelfile, recipes
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement, judge
from mien.evaluation.metrics import Score
from mien.evaluation.overlap import Overlap
from mien.evaluation.probing.findings import judge_corrupted
from mien.evaluation.probing.robustness import CorruptedAccuracy
from mien.inference import datasets, pretrained
from mien.inference.cards import Card, ClassFigures, Details, Figure, TrainingRun
from mien.modelfile import Spec
from mien.run import Run


def card(
    run: Run,
    name: str,
    plain: Judgement,
    flipped: Judgement,
    held: CorruptedAccuracy,
    file: Path,
    about: str = "",
    note: str = "",
) -> Card:
    """The model card: what the model is for (by default the recipe's own words) on top, the note under the command."""
    spec = Classifier.load(file).spec
    _, fresh = _copies(plain)
    split = plain.record.split
    return Card(
        name=name,
        about=about or " ".join((recipes.RECIPES[run.recipe.name].__doc__ or "").split("\n\n")[0].split()),
        details=_details(run, spec, file),
        intended_use=texts.INTENDED_USE,
        out_of_scope=texts.OUT_OF_SCOPE,
        factors=tuple(
            text.format(name=name, pictures=f"`mien explain {name} DATA` measures each.") for text in texts.FACTORS
        ),
        metrics=texts.METRICS,
        figures=tuple(_figures(plain, flipped, held)),
        by_class=tuple(
            ClassFigures(row.name, row.support, *map(_value, (row.precision, row.recall, row.f1, without.recall)))
            for row, without in zip(plain.evaluation.by_class, fresh.by_class, strict=True)
        ),
        commands=(
            f"`mien evaluate {name} fer2013 --split {split}`, with `--flip` for the second column; docs/training.md describes the folder `fer2013`.",
            f"`mien evaluate {name} fer2013 --split {split} --corrupted` for corrupted faces.",
        ),
        evaluation_data=texts.EVALUATION_DATA[:2],
        training_data=texts.TRAINING_DATA,
        training=_training(run, spec, note),
        ethical_considerations=texts.ETHICS,
        caveats=texts.CAVEATS,
    )


def _details(run: Run, spec: Spec, file: Path) -> Details:
    network, measured = run.network, circumstances()
    return Details(
        date="{date}, onnxruntime {onnxruntime}, {processor}".format_map(measured),
        network=run.recipe.network,
        parameters=network.parameters,
        multiply_adds=network.macs,
        bytes=file.stat().st_size,
        sha256=modelfile.sha256(file),
        input=f"`uint8` gray faces {spec.size[0]}x{spec.size[1]}, upright, brows to chin, as in FER2013; other sizes are resized",
        output=f"calibrated probabilities of {', '.join(spec.classes)}",
        licence="MIT, as mien",
    )


def _figures(plain: Judgement, flipped: Judgement, held: CorruptedAccuracy) -> Iterator[Figure]:
    for judgement, flip in ((plain, False), (flipped, True)):
        copies, fresh = _copies(judgement)
        for evaluation, data in ((judgement.evaluation, "public_test"), (fresh, "without_copies")):
            for metric in ("accuracy", "macro_f1", "balanced_accuracy"):
                low, high = getattr(evaluation, f"{metric}_interval")
                yield Figure(metric, data, len(evaluation), getattr(evaluation, metric), low, high, flip)
        for metric in ("log_loss", "calibration_error"):
            yield Figure(
                metric, "public_test", len(judgement.evaluation), getattr(judgement.evaluation, metric), flip=flip
            )
        assert copies.n_without == len(fresh)
    yield Figure("accuracy", "corrupted", held.n, held.value, *held.interval)
    yield Figure("accuracy", "clean", held.n, held.clean)


def _training(run: Run, spec: Spec, note: str) -> TrainingRun:
    record, setup = run.record, run.record.setup
    return TrainingRun(
        command=" ".join(
            ["mien train fer2013 --recipe", run.recipe.name, *(f"--set {one}" for one in record.settings)]
        ),
        note=note,
        recipe=run.recipe.name,
        settings=tuple(record.settings),
        seed=run.recipe.seed,
        epochs=len(run.history),
        epoch=spec.training["epoch"],
        rows=record.data.train.rows,
        held_out=record.data.valid.rows,
        held_out_accuracy=spec.scores[0]["accuracy"],
        data_hash=record.data.hash,
        temperature=spec.temperature,
        minutes=math.fsum(row.seconds for row in run.history) / 60,
        machine=f"{record.machine}, {setup.threads} thread{'s' if setup.threads > 1 else ''}, {setup.precision}",
        versions=f"torch {setup.torch}, mien {record.mien}, commit `{record.git_commit[:12]}`",
        energy=texts.ENERGY,
    )


def _copies(judgement: Judgement) -> tuple[Overlap, Evaluation]:
    """The judged faces that the training has seen, and the scores on the others."""
    copies = judgement.record.copies_of_train
    if copies is None or copies.without is None:
        raise SystemExit("A card needs a model file that tells which faces its training had, and faces that it hadn't.")
    return copies, copies.without


def _value(score: Score | None) -> float | None:
    return None if score is None else score.value


def main() -> None:
    """Judge, then copy the file and write the card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--data", help="default: the run's own")
    parser.add_argument("--split", default="public_test")
    parser.add_argument("--about", default="", help="what the model is for; default: the words of its recipe")
    parser.add_argument(
        "--note", default="", help="what else the command needs to be known, such as where its teacher comes from"
    )
    arguments = parser.parse_args()
    run = Run.open(arguments.run)
    classifier = Classifier.load(run.model_file)
    faceset = datasets.read(arguments.data or run.record.data.path)
    plain, flipped = (judge(classifier, faceset, arguments.split, flip=flip) for flip in (False, True))
    held = judge_corrupted(classifier, plain)
    found = card(run, arguments.name, plain, flipped, held, run.model_file, arguments.about, arguments.note)
    pretrained.FOLDER.mkdir(exist_ok=True)
    with files.atomic_write(pretrained.FOLDER / f"{arguments.name}.onnx") as temporary:
        shutil.copyfile(run.model_file, temporary)
    files.write_text(pretrained.FOLDER / f"{arguments.name}.json", texts.to_json(found))
    files.write_text(pretrained.FOLDER / f"{arguments.name}.md", texts.markdown(found))
    print(texts.markdown(found))


if __name__ == "__main__":
    main()
