"""Write the model cards for people, ``weights/NAME.md``, from those for machines, ``weights/NAME.json``: ``python -m tools.cards``.

A test fails when one is out of date.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence

from mien import files, typed_json
from mien.inference import cards, pretrained
from mien.inference.cards import Card, Figure, TrainingRun

WIDTH = 150
"""Length of a line, in characters."""

INTENDED_USE = (
    "It predicts which of seven expressions a face shows, for research, teaching, art, interactive applications and sorting your own pictures.",
    "Faces must be detected and cropped first, approximately upright and frontal (`mien predict` does that).",
)
OUT_OF_SCOPE = (
    "An expression is not a feeling: a smile is a shape of the mouth, not proof of joy. Do not use the model to judge people, such as candidates, "
    "pupils, patients, suspects or drivers.",
    "In the European Union, inferring emotions at work or in education is prohibited, except for medical and safety reasons (AI Act, article 5(1)(f)); "
    "other such systems are high-risk (annex III, 1(c)), and the people concerned must be informed (article 50(3)).",
)
FACTORS = (
    "**Groups of people.** Age, sex and origin of the people in FER2013 are unknown and were not balanced. No figures by group exist: that the model is "
    "equally good for all is neither shown nor likely. Measure it on your own people: `mien evaluate {name} DATA --by COLUMN`.",
    "**Expressions.** Recall is lowest for fear and disgust (see the table by class).",
    "**Pictures.** Noise, blur, low resolution, compression, light, occlusion and bad crops lower the accuracy (figure *corrupted*). {pictures}",
    "**Posed or not.** Most training pictures are posed and from web searches; CK+48 is posed in a laboratory. Profile faces were not measured.",
)
METRICS = (
    "Accuracy, because most publications give it; macro-F1 and balanced accuracy (UAR), because classes are of very different size; log-loss and "
    "calibration error (15 bins), because probabilities are used.",
    "Intervals are 95%: Wilson for accuracy, bootstrap over rows (2,000 draws, seed 0) for the others; for *corrupted*, over faces. Human agreement "
    "with these labels is usually quoted as 65 ± 5%: differences of a few points are within label noise.",
)
EVALUATION_DATA = (
    "**FER2013 PublicTest** (n = 3,589; Goodfellow et al., 2013): used neither for training nor for any choice. 280 of its faces are exact copies of "
    "training rows; lines *without copies* exclude them (n = 3,309).",
    "**Corrupted**: the mean over 20 corruptions at several severities, on 1,000 of these faces (Hendrycks and Dietterich, 2019, in physical units).",
    "**CK+48** (Lucey et al., 2010): 927 posed faces, without contempt; not used for training.",
)
TRAINING_DATA = (
    "The Training rows of FER2013 with the FER+ votes of ten annotators (Barsoum et al., 2016; MIT licence).",
    "FER2013 is a collection of pictures from web searches, published for research. Rights in these photographs are unresolved. "
    "Their pixels are not in this package; the model file has a 32-bit hash of each face, from which no picture can be recovered.",
)
ETHICS = (
    "Nothing shows that the people in the training pictures agreed to this use.",
    "A wrong reading can harm who is read: show probabilities, not verdicts, allow *no answer* (`--abstain`), and let people see and refuse it.",
    "What faces show differs between cultures and persons; the seven classes are a convention (Barrett et al., 2019, review the evidence).",
)
CAVEATS = (
    "Each label is the opinion of one annotator on a small gray picture; the majority of FER+'s ten annotators disagrees with more than a third of them.",
    "Adapt it to your own camera and classes (`mien adapt`), and measure before use: `mien evaluate`, `mien explain`.",
)
ENERGY = "Not measured: one processor thread for the time above."

METRIC_NAMES = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "balanced_accuracy": "balanced accuracy (UAR)",
    "log_loss": "log-loss",
    "calibration_error": "calibration error (ECE)",
}
DATA_NAMES = {
    "public_test": "{metric}",
    "without_copies": "{metric} without exact copies of training faces",
    "corrupted": "mean {metric} under corruption (n = {n:,})",
    "clean": "{metric} on the same faces, not corrupted",
    "ck48": "{metric} on CK+48 (n = {n:,})",
}


def to_json(card: Card) -> str:
    """The card for machines."""
    return json.dumps(typed_json.to_json(card), indent=1, ensure_ascii=False) + "\n"


def markdown(card: Card) -> str:
    """The card for people."""
    details = card.details
    sections = {
        "Model details": _table(
            {
                "input": details.input,
                "output": details.output,
                "network": f"`{details.network}`: {details.parameters:,} parameters, {details.multiply_adds / 1e6:.1f} million multiply-adds per face",
                "file": f"`{card.name}.onnx`, {details.bytes:,} bytes, SHA-256 `{details.sha256}`",
                "licence": details.licence,
                "measured": details.date,
            }
        ),
        "Intended use": _wrapped(" ".join(card.intended_use)),
        "Out of scope": _wrapped(" ".join(card.out_of_scope)),
        "Factors": _items(card.factors),
        "Metrics": _items(card.metrics),
        "Evaluation data": _items(card.evaluation_data),
        "Quantitative analyses": _figures(card),
        "Training data": _items(card.training_data),
        "Training": _training(card.training),
        "Ethical considerations": _items(card.ethical_considerations),
        "Caveats and recommendations": _items(card.caveats),
    }
    parts = [f"# Model card: {card.name}", _wrapped(card.about)]
    for title, text in sections.items():
        parts += [f"## {title}", text]
    machines = f"[`{card.name}.json`]({card.name}.json) has the same for machines; `mien info {card.name}` shows it."
    note = f"The sections are those of Mitchell et al. (2019). {machines}"
    return "\n\n".join((*parts, note)) + "\n"


def _figures(card: Card) -> str:
    lines = ["| FER2013 PublicTest | plain | `--flip` |", "|---|---|---|"]
    for figure in card.figures:
        flipped = card.figure(figure.metric, figure.data, flip=True)
        if not figure.flip:
            metric = METRIC_NAMES[figure.metric]
            name = DATA_NAMES[figure.data].format(metric=metric, n=figure.n)
            lines.append(f"| {name} | {_value(figure)} | {_value(flipped) if flipped else ''} |")
    classes = ["| class | rows | precision | recall | F1 | recall without copies |", "|---|---|---|---|---|---|"]
    for row in card.by_class:
        shares = (row.precision, row.recall, row.f1, row.recall_without_copies)
        cells = " | ".join("–" if share is None else f"{share:.1%}" for share in shares)
        classes.append(f"| {row.name} | {row.rows:,} | {cells} |")
    commands = "Commands:\n\n" + _items(card.commands)
    return "\n\n".join(("\n".join(lines), "By class, plain:", "\n".join(classes), commands))


def _value(figure: Figure) -> str:
    def shown(value: float) -> str:
        return f"{value:.3f}" if figure.metric == "log_loss" else f"{value:.1%}"

    ends = "" if figure.low is None or figure.high is None else f" ({shown(figure.low)} to {shown(figure.high)})"
    return shown(figure.value) + ends


def _training(run: TrainingRun) -> str:
    settings = f" with {', '.join(f'`{setting}`' for setting in run.settings)}" if run.settings else ""
    purpose = (
        "to fit the temperature" if "keep=last" in run.settings else "to choose the epoch and to fit the temperature"
    )
    items = (
        f"{run.rows:,} rows to learn from, {run.held_out:,} held out {purpose} ({run.temperature:.3f}; accuracy there {run.held_out_accuracy:.1%}). "
        f"Data hash `{run.data_hash}`.",
        f"Recipe `{run.recipe}`{settings}, seed {run.seed}; {run.epochs} epochs, exported epoch {run.epoch}.",
        f"{run.minutes:,.0f} minutes on {run.machine}; {run.versions}. Energy: {run.energy[0].lower()}{run.energy[1:]}",
    )
    note = [_wrapped(run.note)] if run.note else []
    return "\n\n".join((f"```\n{run.command}\n```", *note, _items(items)))


def _table(rows: dict[str, str]) -> str:
    return "\n".join(("| | |", "|---|---|", *(f"| {name} | {text} |" for name, text in rows.items())))


def _items(texts: Sequence[str]) -> str:
    return "\n".join(_wrapped(f"- {text}", "  ") for text in texts)


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def main() -> None:
    for name in pretrained.names():
        files.write_text(pretrained.FOLDER / f"{name}.md", markdown(cards.read(pretrained.FOLDER / f"{name}.json")))
        print(pretrained.FOLDER / f"{name}.md")


if __name__ == "__main__":
    main()
