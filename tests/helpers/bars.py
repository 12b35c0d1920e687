"""The bars of a drawn axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle


def of(ax: Axes) -> list[Rectangle]:
    """All bars, in the order in which they were drawn."""
    return [bar for container in ax.containers for bar in container.patches]  # type: ignore[attr-defined]
