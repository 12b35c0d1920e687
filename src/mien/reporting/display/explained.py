"""How the result of ``explain`` and ``report`` shows itself."""

from __future__ import annotations

import os

from mien.evaluation.results import Explained
from mien.reporting.display import evaluated, markup
from mien.reporting.pages import explain
from mien.reporting.texts import Texts


def text(result: Explained) -> str:
    """What ``mien explain`` prints."""
    return explain.as_text(result.judgement, result.findings)


def html(result: Explained) -> str:
    """The scores as tables, and the findings as text."""
    return markup.block(*evaluated.judgement_parts(result.judgement, Texts("en")), markup.preformatted(text(result)))


def write_page(result: Explained, path: str | os.PathLike[str], lang: str, faces: bool) -> None:
    """The page; see ``reporting.pages``."""
    explain.write(path, result.judgement, result.findings, lang=lang, faces=faces)


def rows(result: Explained) -> list[dict[str, object]]:
    """A row for each evaluated face, as of ``evaluate``."""
    return evaluated.face_rows(result.judgement)
