"""Results that show themselves: as text, as HTML in a notebook, as a table of pandas, and as plots.

Results lie low and know no words and no drawing; ``mien.reporting.display`` has a module of these for each kind of result.
Python imports it by name when a result is first shown, so that no floor imports a higher one.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from mien.errors import MienError

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Axes
    from pandas import DataFrame as DataFrame

PACKAGE = "mien.reporting.display"
"""The package with a module for each kind of result.

A module has ``text(result)``, ``html(result)``, ``rows(result)`` and, for each method ``plot_NAME``, a function of that name; those of
results with a page have ``write_page(result, path, lang, faces)``."""


class Displayed:
    """Base class of results that show themselves; ``class Evaluation(Displayed, kind="evaluation")`` names the module."""

    kind: ClassVar[str]

    def __init_subclass__(cls, *, kind: str = "", **others: Any) -> None:
        super().__init_subclass__(**others)
        if kind:
            cls.kind = kind

    def __str__(self) -> str:
        return str(self._display.text(self))

    def _repr_html_(self) -> str:
        return str(self._display.html(self))

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        # Otherwise, notebooks also store the dataclass's repr.
        return {"text/plain": str(self), "text/html": self._repr_html_()}

    def to_frame(self) -> DataFrame:
        """The result as a table of pandas, one row per item; the class says what an item is.

        Raises:
            MienError: pandas isn't installed.
        """
        try:
            import pandas
        except ImportError:
            raise MienError("A data frame needs the package 'pandas': run  pip install pandas") from None
        return pandas.DataFrame(self._display.rows(self))

    def _plot(self, name: str, ax: Axes | None, **options: Any) -> Axes:
        axes: Axes = getattr(self._display, f"plot_{name}")(self, ax, **options)
        return axes

    @property
    def _display(self) -> Any:
        return import_module(f"{PACKAGE}.{self.kind}")


class Paged(Displayed):
    """Base class of results that can also be written as a page."""

    def write_page(self, path: str | os.PathLike[str], *, lang: str = "en", faces: bool = True) -> None:
        """Write the result as one HTML file that opens offline, as the command line does.

        Args:
            path: the file to write.
            lang: ``"en"`` or ``"zh-TW"``.
            faces: whether the page has pictures of faces, if it is about faces.

        Raises:
            OutputError: there is no such language, or the file can't be written.
            MissingExtraError: jinja2 or matplotlib isn't installed.
        """
        self._display.write_page(self, path, lang, faces)
