"""A hook of MkDocs for the documentation site: pages from outside of docs/, links between them, and formulas as MathML.

``mkdocs.yml`` names it; ``make site`` runs it. Documents link to files of the repository, so that they can be read there. In the site, the
Markdown files among these are pages (``PAGES``), and the others are copied to ``files/``.
"""

from __future__ import annotations

import html
import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from mien.cli import GROUPS, verbs
from mien.reporting import mathematics

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "project/changes.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "CODE_OF_CONDUCT.md": "project/conduct.md",
    "LICENCES.md": "project/licences.md",
    "web/README.md": "browsers.md",
    "benchmarks/README.md": "project/benchmarks.md",
    **{f"src/mien/inference/weights/{name}.md": f"models/{name}.md" for name in ("base", "robust", "tiny")},
    "src/mien/reporting/texts/mathematics.en.md": "explanations/mathematics.md",
    "src/mien/reporting/texts/mathematics.zh-TW.md": "explanations/mathematics.zh-TW.md",
}
"""Files of the repository that are pages of the site, and where; the site has a start page of its own instead of the README."""

LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)(?P<path>[^)#\s]+)(?P<anchor>#[^)\s]*)?(?=\))")

FORMULA = re.compile(r"```.*?```|\$\$(?P<block>.+?)\$\$|\$`(?P<quoted>.+?)`\$|\$(?P<inline>[^$]+?)\$", re.DOTALL)

MARK = "\ue000{}\ue001"
"""Stands for a formula while Markdown is rendered: characters of private use, which no text has."""


def place(file: Path) -> str:
    """Where a file of the repository is in the site, relative to its root."""
    inside = file.relative_to(ROOT).as_posix()
    if inside in PAGES:
        return PAGES[inside]
    return file.relative_to(DOCS).as_posix() if file.is_relative_to(DOCS) else f"files/{inside}"


def linked(text: str, source: Path) -> Iterator[Path]:
    """The files of the repository that a document links to."""
    for match in LINK.finditer(text):
        target = Path(os.path.normpath(source.parent / match["path"]))
        if target.is_file():
            yield target


def with_links(text: str, source: Path) -> str:
    """A document with its links as they are in the site; a link to a folder becomes text."""
    here = Path(place(source)).parent

    def moved(match: re.Match[str]) -> str:
        target = Path(os.path.normpath(source.parent / match["path"]))
        if not target.is_file():
            return match[0]
        return Path(os.path.relpath(place(target), here)).as_posix() + (match["anchor"] or "")

    text = re.sub(r"\[([^\]]*)\]\((?![a-z]+:|#)[^)#\s]+/\)", r"\1", text)
    return LINK.sub(moved, text)


def with_marks(text: str) -> tuple[str, list[str]]:
    """A document with marks in place of its formulas, and the formulas as MathML."""
    found: list[str] = []

    def marked(match: re.Match[str]) -> str:
        tex = match["block"] or match["quoted"] or match["inline"]
        if tex is None:  # code
            return match[0]
        is_block = match["block"] is not None
        formula = mathematics.formula(tex, is_block=is_block)
        found.append(f'<span class="formula">{formula}</span>' if is_block else formula)
        return MARK.format(len(found) - 1)

    return FORMULA.sub(marked, text), found


def without_marks(page: str, formulas: list[str]) -> str:
    """A page with its formulas."""
    return re.sub(MARK.format(r"(\d+)"), lambda match: formulas[int(match[1])], page)


def command_line() -> str:
    """All verbs of the command line in the groups of its help, from the code that it runs."""
    commands = verbs()
    return "\n\n".join(
        f"## {title}\n\n" + "\n\n".join(_verb(commands[name], f"mien {name}") for name in names)
        for title, names in GROUPS.items()
    )


def _verb(command: click.Command, name: str) -> str:
    """A verb as Markdown: its help, its usage and a table of its options; a group has its verbs instead."""
    if isinstance(command, click.Group):
        return "\n\n".join(_verb(inner, f"{name} {key}") for key, inner in sorted(command.commands.items()))
    context = click.Context(command, info_name=name, terminal_width=10_000, max_content_width=10_000)
    help_text, _, example = inspect.cleandoc((command.help or "").replace("\b", "")).partition("Example:")
    usage = command.get_usage(context).removeprefix("Usage: ")
    code = "\n".join(
        ("```", usage, *([""] if example else []), *(line.strip() for line in example.strip().splitlines()), "```")
    )
    records = [record for option in command.get_params(context) if (record := option.get_help_record(context))]
    rows = [f"| `{_cell(names)}` | {_cell(_plain(text))} |" for names, text in records if text]
    return "\n\n".join(
        (f"### {name}", _plain(help_text.strip()), code, "\n".join(("| option | |", "|---|---|", *rows)))
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _plain(text: str) -> str:
    """Text in which nothing is Markdown or HTML."""
    return re.sub(r"([*_`\[])", r"\\\1", html.escape(text, quote=False))


def without_reference(text: str) -> str:
    """The page on Python without the reference at its end: the site has that on pages of its own, with links between types."""
    tasks, _, reference = text.partition("\n## Reference\n")
    pages = "[All functions](reference/python.md), and [what they return](reference/results.md)."
    return f"{tasks}\n## Reference\n\n{pages}\n" if reference else text


def on_config(config: Any) -> Any:
    """Name the anchors of headings as GitHub does, so that links to Chinese headings work in both."""
    from pymdownx.slugs import slugify

    config.mdx_configs["toc"]["slugify"] = slugify(case="lower")
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the pages and the files from outside of docs/."""
    from mkdocs.structure.files import File

    pages = {ROOT / name: uri for name, uri in PAGES.items() if name != "README.md"}
    sources = [*pages, *DOCS.rglob("*.md")]
    targets = [target for source in sources for target in linked(source.read_text(encoding="utf-8"), source)]
    others = {target: place(target) for target in targets if not target.is_relative_to(DOCS)}
    for path, uri in {**others, **pages}.items():
        if files.get_file_from_path(uri) is None:
            files.append(File.generated(config, uri, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Move the links of a page, and take out its formulas."""
    source = Path(page.file.abs_src_path)
    text = with_links(markdown, source).replace("<!-- verbs -->", command_line())
    if source == DOCS / "python.md":
        text = without_reference(text)
    if source.name.startswith("mathematics."):
        text, page.meta["formulas"] = with_marks(text)
    return text


def on_page_content(content: str, page: Any, config: Any, files: Any) -> str:
    """Put the formulas in again."""
    return without_marks(content, page.meta.pop("formulas", []))


def on_post_page(output: str, page: Any, config: Any) -> str:
    """State the language of a Chinese page: browsers choose the forms of characters by it."""
    chinese = "zh-TW" in page.file.src_uri
    return output.replace('<html lang="en"', '<html lang="zh-TW"', 1) if chinese else output
