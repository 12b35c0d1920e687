"""How the result of a video shows itself. Needs no optional package except for plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mien import palette, tables
from mien.reporting.display import markup
from mien.reporting.texts import Texts, cells
from mien.videos.job import VideoResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def text(result: VideoResult) -> str:
    """The table that ``mien video`` prints; on a terminal with colour, expressions have theirs."""
    colours = palette.on_terminal(one.label for one in result.segments)
    painted = [colours[one.label] for one in result.segments]
    return tables.render(Texts("en").heads("display.video_heads"), _cells(result), painted, named=2)


def html(result: VideoResult) -> str:
    """The same as a table."""
    t = Texts("en")
    title = t("display.video", clip=result.clip, frames=result.frames, seconds=result.last - result.start)
    return markup.block(markup.title(title), markup.table(t.heads("display.video_heads"), _cells(result)))


def rows(result: VideoResult) -> list[dict[str, object]]:
    """A row for each segment."""
    return [segment.to_dict() for segment in result.segments]


def plot_timeline(result: VideoResult, ax: Axes | None) -> Any:
    """The expressions of each face over time."""
    from mien.reporting.plots.faces import TimelinePlot

    return TimelinePlot(result.segments).plot(ax).ax_


def _cells(result: VideoResult) -> list[list[str]]:
    return [[str(one.track), one.span, one.label, cells.percent(one.confidence, 0)] for one in result.segments]
