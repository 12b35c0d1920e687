"""How the result of ``evaluate`` shows itself: an evaluation with its model, its data and the requested parts."""

from __future__ import annotations

from mien.evaluation.judge import Judgement
from mien.evaluation.results import Evaluated
from mien.reporting import terminal
from mien.reporting.display import evaluation, markup
from mien.reporting.pages import groups
from mien.reporting.texts import Texts


def text(result: Evaluated) -> str:
    """What ``mien evaluate`` prints."""
    return "\n\n".join([terminal.as_text(result.judgement), *_further(result, Texts("en"))])


def html(result: Evaluated) -> str:
    """The same as tables."""
    t = Texts("en")
    return markup.block(*judgement_parts(result.judgement, t), *map(markup.preformatted, _further(result, t)))


def rows(result: Evaluated) -> list[dict[str, object]]:
    """A row for each evaluated face: name, split, label, prediction and the probability of each class."""
    return face_rows(result.judgement)


def judgement_parts(judgement: Judgement, t: Texts) -> list[str]:
    """The scores as tables, with the model, the data and the warnings."""
    return [
        markup.title(terminal.head(judgement.record, len(judgement.evaluation), t)),
        *evaluation.tables(judgement.evaluation, t),
        *map(markup.line, terminal.warnings(judgement, t)),
    ]


def face_rows(judgement: Judgement) -> list[dict[str, object]]:
    """A row for each evaluated face; see ``rows``."""
    found, faces = judgement.evaluation, judgement.faces
    columns = (faces.names, faces.splits, found.labels, found.predicted, found.probabilities)
    return [
        {
            "name": name,
            "split": split,
            "label": found.classes[label],
            "predicted": found.classes[predicted],
            **{f"p_{known}": share for known, share in zip(found.classes, shares, strict=True)},
        }
        for name, split, label, predicted, shares in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _further(result: Evaluated, t: Texts) -> list[str]:
    """The accuracy under corruption and the scores by group, as far as they were requested."""
    corrupted = [terminal.corrupted_as_text(result.corrupted)] if result.corrupted else []
    return [*corrupted, *([groups.as_text(result.by, t)] if result.by else [])]
