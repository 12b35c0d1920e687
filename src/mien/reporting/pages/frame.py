"""The frame of every page: its template and style, and the commands at its foot."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING

from mien import palette
from mien.errors import MissingExtraError

if TYPE_CHECKING:
    from jinja2 import Template


def commands(*lines: Sequence[str]) -> list[str]:
    """Command lines as one types them, without those that are not known."""
    return [shlex.join(words) for words in lines if words]


def page_template(name: str, *styles: str) -> Template:
    """The template ``<name>.html.j2``, with the report's style and further ones built in.

    Raises:
        MissingExtraError: jinja2 isn't installed.
    """
    try:
        import jinja2
    except ImportError:
        raise MissingExtraError("jinja2", "report") from None
    place = resources.files("mien.reporting") / "templates"
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FunctionLoader(lambda part: (place / part).read_text(encoding="utf-8")),
    )
    css = "\n".join(
        (palette.as_css(), *((place / f"{style}.css").read_text(encoding="utf-8") for style in ("report", *styles)))
    )
    return environment.get_template(f"{name}.html.j2", globals={"css": css})
