"""The derivations of the mathematics as HTML: Markdown with formulas in TeX becomes paragraphs with formulas in MathML."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any

from mien.errors import MissingExtraError
from mien.reporting.pictures import markup

_LEFT_OUT = re.compile(r"```.*?```|<!-- example -->.*?<!-- end of the example -->", re.DOTALL)
"""Code, and what is about one network: a page says that about its own."""

_FORMULA = re.compile(r"\$\$(?P<block>.+?)\$\$|\$`(?P<quoted>.+?)`\$|\$(?P<inline>[^$]+?)\$", re.DOTALL)

_MARK = "\ue000{}\ue001"
"""Stands for a formula while Markdown is rendered: characters of private use, which no text has."""

_SPELLINGS = ((r"\\arg\s*\\(max|min)", r"\\operatorname{arg\1}"), (r"\\mathbb\s+(\w)", r"\\mathbb{\1}"))
"""TeX that the converter doesn't know, and what it knows instead."""


@dataclass(frozen=True)
class Derivation:
    """A section of the mathematics.

    Attributes:
        title: its heading, without the number.
        html: its text, ready for a page.
    """

    title: str
    html: str


def derivations(lang: str) -> list[Derivation]:
    """The sections of the mathematics, in order.

    Args:
        lang: a key of ``texts.LANGUAGES``.

    Raises:
        MissingExtraError: latex2mathml or markdown-it-py isn't installed.
    """
    text = (resources.files("mien.reporting.texts") / f"mathematics.{lang}.md").read_text(encoding="utf-8")
    _, *sections = re.split(r"^## \d+\. ", _LEFT_OUT.sub("", text), flags=re.MULTILINE)
    heads = [section.partition("\n") for section in sections]
    return [Derivation(title.strip(), to_html(body)) for title, _, body in heads]


def to_html(text: str) -> str:
    """Markdown with formulas as HTML with MathML.

    Args:
        text: Markdown, with ``$...$`` for formulas in a line and ``$$...$$`` for those on a line of their own.

    Raises:
        MissingExtraError: latex2mathml or markdown-it-py isn't installed.
    """
    markdown, converter = _libraries()
    formulas: list[str] = []

    def keep(match: re.Match[str]) -> str:
        is_block = match["block"] is not None
        formulas.append(_mathml(converter, match["block"] or match["quoted"] or match["inline"], is_block))
        return _MARK.format(len(formulas) - 1)

    html = markdown(_FORMULA.sub(keep, text))
    return markup(re.sub(_MARK.format(r"(\d+)"), lambda match: formulas[int(match[1])], html))


def formula(tex: str, *, is_block: bool = False) -> str:
    """One formula in TeX as MathML.

    Args:
        tex: the formula, without dollar signs.
        is_block: whether it stands on a line of its own.

    Raises:
        MissingExtraError: latex2mathml isn't installed.
    """
    return markup(_mathml(_libraries()[1], tex, is_block))


def _mathml(converter: Callable[..., str], tex: str, is_block: bool) -> str:
    for known, ours in _SPELLINGS:
        tex = re.sub(known, ours, tex)
    html: str = converter(" ".join(tex.split()), display="block" if is_block else "inline")
    return html


def _libraries() -> tuple[Callable[[str], str], Callable[..., Any]]:
    """Markdown to HTML, and TeX to MathML."""
    try:
        from latex2mathml.converter import convert
        from markdown_it import MarkdownIt
    except ImportError as error:
        raise MissingExtraError((error.name or "").partition(".")[0], "report") from None
    return MarkdownIt("commonmark", {"html": False}).render, convert
