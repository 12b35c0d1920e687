"""Put a run's model file into the package under a short name, with a model card whose every figure is measured here.

    python -m tools.ship RUN NAME [--data PATH] [--split public_test] [--about TEXT] [--note TEXT]

The rows of the split must not have chosen anything about the run.
"""

from __future__ import annotations

import argparse
import math
import shutil
from pathlib import Path

from benchmarks.circumstances import circumstances

from mien import Classifier, files, modelfile, recipes
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement, judge
from mien.evaluation.metrics import Score
from mien.evaluation.overlap import Overlap
from mien.evaluation.probing.findings import judge_corrupted
from mien.evaluation.probing.robustness import CorruptedAccuracy
from mien.inference import datasets, pretrained
from mien.run import Run

CARD = """# Model card: {name}

{about}

| | |
|---|---|
| input | `uint8` gray faces {height}x{width}, upright, brows to chin, as in FER2013; other sizes are resized |
| output | calibrated probabilities of {classes} |
| network | `{network}`: {parameters:,} parameters, {macs:.1f} million multiply-adds per face |
| file | `{name}.onnx`, {size:,} bytes, SHA-256 `{sha256}` |
| licence | MIT, as mien |

## Scores

FER2013 {split} (n = {n:,}): used neither for training nor for any choice.

| | plain | `--flip` |
|---|---|---|
{scores}
| accuracy without exact copies of training faces | {without} | {without_flip} |
| macro-F1 without them | {macro_f1_without} | |
| balanced accuracy without them | {balanced_without} | |
| mean accuracy under corruption | {corrupted} | |

{copies:,} of these faces are exact copies of FER2013's training rows; three lines exclude them
(n = {n_without:,}). Intervals are 95%: Wilson for accuracy, bootstrap over rows (2,000 draws, seed 0) for the others. Human agreement with these
labels is usually quoted as 65 ± 5%. Under corruption: the mean over {num_corruptions} corruptions at several severities, on {n_corrupted:,} of
these faces (`mien evaluate {name} fer2013 --split {split} --corrupted`); without corruption {clean}.

Measured {date}, onnxruntime {onnxruntime}, {processor}; docs/training.md describes the folder `fer2013`.

By class, plain:

| class | rows | precision | recall | F1 |
|---|---|---|---|---|
{per_class}

Recall by class without copies: {recall_without}.

Calibration: one temperature, {temperature:.3f}, fitted on the held-out rows. On {split} the expected calibration error
over 15 bins is {calibration:.1%} (plain) and {calibration_flip:.1%} (with flip, which lowers the confidence).

Command: `mien evaluate {name} fer2013 --split {split}`, with `--flip` for the second column.

## Training

{command_text}

- Data: the Training rows of FER2013 with their FER+ votes: {train_rows:,} to learn from, {valid_rows:,} held out to choose
  the epoch and to fit the temperature (accuracy there {hold_out:.1%}). Data hash `{data_hash}`.
- Recipe `{recipe}`{settings}, seed {seed}; {epochs} epochs, exported epoch {epoch}; {minutes:,.0f} minutes on {device}, {threads},
  {precision}, torch {torch}, mien {mien}, commit `{commit}`.
- FER2013 (Goodfellow et al., 2013) is a collection of pictures from web searches, published for research. Rights in these
  photographs are unresolved; their pixels are not in this package. The FER+ votes (Barsoum et al., 2016) are under the MIT licence.

## Intended use and limits

It predicts which of seven expressions a face shows, for research, teaching, art, interactive applications and sorting your own pictures. Faces must be
detected and cropped first, approximately upright and frontal.

An expression is not a feeling: a smile is a shape of the mouth, not proof of joy. Do not use the model to judge people, such as candidates, pupils,
patients, suspects or drivers. In the European Union, inferring emotions at work or in education is prohibited, except for medical and safety reasons
(AI Act, article 5(1)(f)); other such systems are high-risk (annex III, 1(c)), and the people concerned must be informed (article 50(3)).

Known limits: each label is the opinion of one annotator on a small gray picture; the majority of FER+'s ten annotators disagrees with more than a third
of the labels. The table has the recall of each class. Age, sex and origin of the people are unknown and were not balanced. Most pictures are posed and from
web searches; profile faces were not measured. `mien explain {name} DATA` measures the effect of occlusion, low resolution, noise, blur and rotation
(docs/why.md has that for `base`).
"""


def card(
    run: Run,
    name: str,
    plain: Judgement,
    flipped: Judgement,
    held: CorruptedAccuracy,
    file: Path,
    about: str = "",
    note: str = "",
) -> str:
    """The card's text: what the model is for (by default the recipe's own words) on top, the note under the command."""
    record, setup, network = run.record, run.record.setup, run.network
    spec, measured = Classifier.load(file).spec, circumstances()
    evaluation, with_flip = plain.evaluation, flipped.evaluation
    copies, fresh = _copies(plain)
    _, fresh_flip = _copies(flipped)
    rows = [
        ("accuracy", "accuracy"),
        ("macro-F1", "macro_f1"),
        ("balanced accuracy (UAR)", "balanced_accuracy"),
    ]
    scores = [
        f"| {title} | {_with_interval(evaluation, key)} | {_with_interval(with_flip, key)} |" for title, key in rows
    ]
    scores.append(f"| log-loss | {evaluation.log_loss:.3f} | {with_flip.log_loss:.3f} |")
    changed = record.settings
    command = " ".join(["mien train fer2013 --recipe", run.recipe.name, *(f"--set {setting}" for setting in changed)])
    return CARD.format(
        name=name,
        about=about or " ".join((recipes.RECIPES[run.recipe.name].__doc__ or "").split("\n\n")[0].split()),
        height=spec.size[0],
        width=spec.size[1],
        classes=", ".join(spec.classes),
        network=run.recipe.network,
        parameters=network.parameters,
        macs=network.macs / 1e6,
        size=file.stat().st_size,
        sha256=modelfile.sha256(file),
        split=plain.record.split,
        n=len(evaluation),
        scores="\n".join(scores),
        copies=copies.rows,
        n_without=copies.n_without,
        **{key: measured[key] for key in ("date", "onnxruntime", "processor")},
        without=_with_interval(fresh, "accuracy"),
        macro_f1_without=_with_interval(fresh, "macro_f1"),
        balanced_without=_with_interval(fresh, "balanced_accuracy"),
        recall_without=", ".join(f"{row.name} {_value(row.recall)}" for row in fresh.by_class),
        corrupted="{:.1%} ({:.1%} to {:.1%})".format(held.value, *held.interval),
        clean=f"{held.clean:.1%}",
        n_corrupted=held.n,
        num_corruptions=len(held.kinds),
        without_flip=f"{fresh_flip.accuracy:.1%}",
        per_class="\n".join(
            f"| {row.name} | {row.support:,} | {_value(row.precision)} | {_value(row.recall)} | {_value(row.f1)} |"
            for row in evaluation.by_class
        ),
        temperature=spec.temperature,
        calibration=evaluation.calibration_error,
        calibration_flip=with_flip.calibration_error,
        command_text=f"```\n{command}\n```" + (f"\n\n{note}" if note else ""),
        train_rows=record.data.train.rows,
        valid_rows=record.data.valid.rows,
        hold_out=spec.scores[0]["accuracy"],
        data_hash=record.data.hash,
        recipe=run.recipe.name,
        settings=f" with {', '.join(f'`{setting}`' for setting in changed)}" if changed else "",
        seed=run.recipe.seed,
        epochs=len(run.history),
        epoch=spec.training["epoch"],
        minutes=math.fsum(row.seconds for row in run.history) / 60,
        device=record.machine,
        threads=f"{setup.threads} thread" + ("s" if setup.threads > 1 else ""),
        precision=setup.precision,
        torch=setup.torch,
        mien=record.mien,
        commit=record.git_commit[:12],
    )


def _copies(judgement: Judgement) -> tuple[Overlap, Evaluation]:
    """The judged faces that the training has seen, and the scores on the others."""
    copies = judgement.record.copies_of_train
    if copies is None or copies.without is None:
        raise SystemExit("A card needs a model file that tells which faces its training had, and faces that it hadn't.")
    return copies, copies.without


def _value(score: Score | None) -> str:
    return "–" if score is None else f"{score.value:.1%}"


def _with_interval(evaluation: Evaluation, key: str) -> str:
    low, high = getattr(evaluation, f"{key}_interval")
    return f"{getattr(evaluation, key):.1%} ({low:.1%} to {high:.1%})"


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
    text = card(run, arguments.name, plain, flipped, held, run.model_file, arguments.about, arguments.note)
    pretrained.FOLDER.mkdir(exist_ok=True)
    with files.atomic_write(pretrained.FOLDER / f"{arguments.name}.onnx") as temporary:
        shutil.copyfile(run.model_file, temporary)
    files.write_text(pretrained.FOLDER / f"{arguments.name}.md", text)
    print(text)


if __name__ == "__main__":
    main()
