"""Plots of faces: samples, photos, probabilities; and counts by name. In the style of ``scores``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from mien import palette
from mien.data.faceset import FaceSet
from mien.reporting.pictures import GAP, sheet
from mien.reporting.plots import scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mien.videos.analysis import Segment


class ProbabilityPlot:
    """The probability of each class of one face, the first on top.

    Args:
        probabilities: share by class.
    """

    ax_: Axes

    def __init__(self, probabilities: Mapping[str, float]) -> None:
        self.names, self.shares = list(probabilities), list(probabilities.values())

    def plot(self, ax: Axes | None = None, *, words: Mapping[str, str] = scores.WORDS) -> Self:
        """Draw a bar for each class in its colour."""
        self.ax_ = ax = ax or scores.new_axes()
        places = np.arange(len(self.names))
        ax.barh(places, self.shares, 0.62, color=list(palette.colours(self.names).values()), linewidth=0)
        ax.set_yticks(places, [scores.shorten(name) for name in self.names])
        ax.set(xlabel=words["probability"], xlim=(0, 1), ylim=(len(places) - 0.5, -0.5))
        ax.xaxis.set_major_formatter(scores.as_percent)
        scores.bare(ax, grid="x")
        return self


class CountPlot:
    """Stacked counts by name.

    Args:
        names: N rows, the first on top.
        counts: for each part by its name ``(N,)`` counts.
    """

    ax_: Axes

    def __init__(self, names: Sequence[str], counts: Mapping[str, Sequence[int]]) -> None:
        self.names, self.counts = list(names), {part: np.asarray(row, np.int64) for part, row in counts.items()}

    def plot(self, ax: Axes | None = None, *, words: Mapping[str, str] = scores.WORDS) -> Self:
        """Draw a row of bars for each name."""
        self.ax_ = ax = ax or scores.new_axes()
        places, left = np.arange(len(self.names)), np.zeros(len(self.names), np.int64)
        for number, (part, row) in enumerate(self.counts.items()):
            ax.barh(
                places,
                row,
                0.62,
                left=left,
                color=palette.CURVES[number % len(palette.CURVES)],
                linewidth=0,
                label=part,
            )
            left = left + row
        ax.set_yticks(places, [scores.shorten(name) for name in self.names])
        ax.set(xlabel=words["rows"], ylim=(len(places) - 0.5, -0.5))
        scores.bare(ax, grid="x")
        if len(self.counts) > 1:
            scores.legend(ax)
        return self


class PicturePlot:
    """A picture without axes.

    Args:
        pixels: ``(H, W)`` gray or ``(H, W, 3)`` colour, ``uint8``.
    """

    ax_: Axes

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self.pixels = pixels

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the picture."""
        self.ax_ = ax = ax or scores.new_axes()
        ax.imshow(self.pixels, cmap="gray", vmin=0, vmax=255)
        ax.set_axis_off()
        return self


class FacesPlot:
    """A row of faces for each class.

    Args:
        faces: the data.
        num: faces of each class, the first ones.
    """

    ax_: Axes

    def __init__(self, faces: FaceSet, num: int = 8) -> None:
        self.classes, self.height = faces.classes, faces.size[0] + GAP
        self.pixels = sheet(faces, num)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the faces, with the class of each row."""
        self.ax_ = ax = ax or scores.new_axes()
        ax.imshow(self.pixels, cmap="gray", vmin=0, vmax=255)
        middles = [self.height * (row + 0.5) - GAP for row in range(len(self.classes))]
        ax.set_yticks(middles, [scores.shorten(name) for name in self.classes])
        ax.set_xticks([])
        scores.bare(ax, grid="")
        return self


class TimelinePlot:
    """The expressions of each face of a video over time.

    Args:
        segments: time spans with a face and an expression.
    """

    ax_: Axes

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.segments = list(segments)
        self.faces = sorted({segment.track for segment in segments})

    def plot(self, ax: Axes | None = None, *, words: Mapping[str, str] = scores.WORDS) -> Self:
        """Draw a row for each face, with a bar for each segment in the colour of its expression."""
        self.ax_ = ax = ax or scores.new_axes()
        named: set[str] = set()
        colours = palette.colours(segment.label for segment in self.segments)
        for segment in self.segments:
            colour, label = colours[segment.label], None if segment.label in named else segment.label
            place, length = self.faces.index(segment.track), segment.end - segment.start
            ax.barh(place, length, 0.62, left=segment.start, color=colour, linewidth=0, label=label)
            named.add(segment.label)
        ax.set_yticks(range(len(self.faces)), [f"{words['face']} {track}" for track in self.faces])
        ax.set(xlabel=words["time"], ylim=(max(len(self.faces), 1) - 0.5, -0.5))
        scores.bare(ax, grid="x")
        if named:
            scores.legend(ax)
        return self
