"""How one face of a photo shows itself. Needs no optional package except for plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mien.inference.photo import Face
from mien.reporting.display import markup
from mien.reporting.texts import Texts, cells

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def text(face: Face) -> str:
    """Expression, probability and box in one line."""
    t = Texts("en")
    return t("display.face", label=label(face, t), share=face.confidence, box=box(face), score=face.detection_score)


def html(face: Face) -> str:
    """The same, with a bar for each expression."""
    return markup.block(markup.title(text(face)), bars(face))


def rows(face: Face) -> list[dict[str, object]]:
    """One row."""
    left, top, right, bottom = face.box
    return [
        {
            "label": face.label,
            "confidence": face.confidence,
            "abstained": face.abstained,
            "left": left,
            "top": top,
            "right": right,
            "bottom": bottom,
            "detection_score": face.detection_score,
            **{f"p_{name}": share for name, share in face.probabilities.items()},
        }
    ]


def plot_probabilities(face: Face, ax: Axes | None) -> Any:
    """A bar for each expression."""
    from mien.reporting.plots.faces import ProbabilityPlot

    return ProbabilityPlot(face.probabilities).plot(ax).ax_


def label(face: Face, t: Texts) -> str:
    """The expression, or that the model is unsure."""
    return t("display.unsure") if face.abstained else face.label


def box(face: Face) -> str:
    """Left, top, right and bottom in whole pixels."""
    return " ".join(str(round(side)) for side in face.box)


def bars(face: Face) -> str:
    """A bar for each expression, the most probable first."""
    ordered = sorted(face.probabilities.items(), key=lambda pair: -pair[1])
    return markup.bars(
        [name for name, _ in ordered], [share for _, share in ordered], [cells.percent(share) for _, share in ordered]
    )
