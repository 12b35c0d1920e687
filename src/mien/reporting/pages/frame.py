"""The frame of every page: its template, style and script, what it may load, and the commands at its foot."""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import unescape
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Concatenate, ParamSpec

from mien import files, palette, tables
from mien.checks import checked
from mien.errors import MissingExtraError
from mien.reporting.pages.parts import TableRow

if TYPE_CHECKING:
    from jinja2 import Environment, Template

P = ParamSpec("P")

_STYLED = re.compile(r"""<[A-Za-z][^<>]*?\sstyle="([^"]*)"[^<>]*>""")
"""A tag with a style attribute. Within tags, templates and drawings escape ``<`` and ``>``."""


def commands(*lines: Sequence[str]) -> list[str]:
    """Command lines as one types them, without those that are not known."""
    return [shlex.join(words) for words in lines if words]


@dataclass(frozen=True)
class PageTemplate:
    """A template of a page, and the style and the script that it has inside."""

    template: Template
    css: str
    script: str
    media: ClassVar[str] = "; media-src 'self'"

    def render(self, *, films: bool = False, **values: object) -> str:
        """The page as one file that loads nothing: its policy allows only its own style, its own script, and pictures in it.

        Args:
            films: whether it may also play the films that lie beside it.
            values: of the template.
        """
        body, rules = _without_styles(str(self.template.render(films=films, **values)))
        css = f"\n{self.css}\n{rules}\n"
        policy = (
            f"default-src 'none'; img-src data:; style-src '{_digest(css)}'; script-src '{_digest(self.script)}'; "
            f"base-uri 'none'; form-action 'none'{self.media if films else ''}"
        )
        for name, part in (("policy", policy), ("script", self.script), ("css", css)):
            body = body.replace(f"@@{name}@@", part, 1)  # the first one is the template's: it stands above all names
        return body + "\n"


def writer(render: Callable[P, str]) -> Callable[Concatenate[str | os.PathLike[str], P], None]:
    """Make ``write(path, ...)``, which writes the page that ``render(...)`` gives to an HTML file, atomically.

    Besides what ``render`` raises, it raises OutputError if the file can't be written.
    """

    @checked
    def write(path: str | os.PathLike[str], /, *args: P.args, **kwargs: P.kwargs) -> None:
        files.check(Path(path), suffixes=files.PAGES)  # before the page is drawn
        files.write_text(path, render(*args, **kwargs), suffixes=files.PAGES)

    write.__doc__ = f"Write the page to the HTML file ``path``, atomically; see ``{render.__module__}.render``."
    return write


def page_template(name: str, *styles: str) -> PageTemplate:
    """The template ``<name>.html.j2``, with the report's style and further ones built in.

    Raises:
        MissingExtraError: jinja2 isn't installed.
    """
    try:
        import jinja2
    except ImportError:
        raise MissingExtraError("jinja2", "report") from None
    environment = _environment(jinja2.Environment)
    css = "\n".join((palette.as_css(), *(_read(f"{style}.css") for style in ("report", *styles))))
    return PageTemplate(environment.get_template(f"{name}.html.j2"), css, _read("page.js"))


@functools.cache
def _environment(make: type[Environment]) -> Environment:
    """What all templates share; it is kept, because it keeps the templates that it has compiled."""
    from jinja2 import FunctionLoader, StrictUndefined

    environment = make(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(_read),
    )
    environment.globals |= {"has_numbers": _has_numbers, "explorer": None, "verdict": None, "shows_faces": True}
    return environment


def _read(file: str) -> str:
    """A file of the folder ``templates``."""
    return (resources.files("mien.reporting") / "templates" / file).read_text(encoding="utf-8")


def _has_numbers(rows: Sequence[TableRow], place: int) -> bool:
    """Whether a column of a table has numbers, which stand at its right side."""
    return all(tables.is_number(row.cells[place]) for row in rows)


def _without_styles(page: str) -> tuple[str, str]:
    """The page with a class for each style attribute, which its policy would not allow, and the rules of these classes."""
    names: dict[str, str] = {}

    def classed(found: re.Match[str]) -> str:
        name = names.setdefault(found[1].strip().rstrip(";"), f"s-{len(names)}")
        tag = found[0].replace(f' style="{found[1]}"', "", 1)
        if re.search(r'\sclass="', tag):
            return re.sub(r'(\sclass=")', rf"\g<1>{name} ", tag, count=1)
        return re.sub(r"^<([\w:-]+)", rf'<\g<1> class="{name}"', tag)

    body = _STYLED.sub(classed, page)
    # The class is named twice, so that it prevails over the style sheet as the attribute did.
    return body, "\n".join(f".{name}.{name} {{{unescape(style)}}}" for style, name in names.items())


def _digest(text: str) -> str:
    """What a policy calls an inline style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
