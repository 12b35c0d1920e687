"""The documentation site: all documents are in it, links are moved, and its reference names what the code has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tools import site

from mien import cli

yaml = pytest.importorskip("yaml")


def pages() -> Iterator[str]:
    """All pages of the navigation."""

    def walk(part: Any) -> Iterator[str]:
        if isinstance(part, str):
            yield part
        else:
            for inner in part.values() if isinstance(part, dict) else part:
                yield from walk(inner)

    return walk(yaml.safe_load((site.ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])


def test_every_document_is_in_the_navigation_once() -> None:
    documents = {path.relative_to(site.DOCS).as_posix() for path in site.DOCS.rglob("*.md")}
    assert sorted(pages()) == sorted(documents | set(site.PAGES.values()))


def test_pages_from_outside_of_docs_exist() -> None:
    assert [name for name in site.PAGES if not (site.ROOT / name).is_file()] == []


@pytest.mark.parametrize(
    ("source", "link", "moved"),
    [
        ("docs/photos.md", "[a](layouts.md#arrays)", "[a](layouts.md#arrays)"),
        ("docs/photos.md", "[a](../src/mien/inference/weights/base.md)", "[a](models/base.md)"),
        ("docs/results/fer2013.md", "[a](../studies.md)", "[a](../studies.md)"),
        ("docs/results/fer2013.md", "[all](fer2013/)", "all"),
        ("CONTRIBUTING.md", "[a](docs/model-file.md), [b](LICENSE)", "[a](../model-file.md), [b](../files/LICENSE)"),
        ("docs/photos.md", "[a](https://example.org/) [b](#c)", "[a](https://example.org/) [b](#c)"),
        ("docs/photos.md", "`faces[0](x)`", "`faces[0](x)`"),
    ],
)
def test_links_lead_to_the_same_file_in_the_site(source: str, link: str, moved: str) -> None:
    assert site.with_links(link, site.ROOT / source) == moved


def test_formulas_are_mathml_and_code_stays() -> None:
    text, formulas = site.with_marks("Let $a_b$ be\n\n$$a = 1 .$$\n\n```\n$c$ and $d$\n```\n")
    assert len(formulas) == 2
    assert "$c$ and $d$" in text
    whole = site.without_marks(text, formulas)
    assert re.search(r"Let <math[^>]*>.*<msub>.*</math> be", whole)
    assert '<span class="formula"><math' in whole
    assert 'display="block"' in whole


def test_the_reference_of_the_command_line_has_every_verb_and_option() -> None:
    text = site.command_line()
    for name, command in cli.verbs().items():
        assert f"### mien {name}" in text
        for option in command.params:
            assert not option.opts[0].startswith("--") or option.opts[0] in text, f"{name} {option.opts}"
    assert "Example:" not in text
    assert "\b" not in text


@pytest.mark.parametrize("page", ["python.md", "results.md"])
def test_the_reference_of_python_names_what_there_is(page: str) -> None:
    text = (site.DOCS / "reference" / page).read_text(encoding="utf-8")
    names = re.findall(r"^::: (\S+)$", text, re.MULTILINE)
    assert len(names) > 10
    for name in names:
        module, _, attribute = name.rpartition(".")
        assert name == "mien.errors" or hasattr(import_module(module), attribute), name


def test_the_reference_of_python_has_every_public_name() -> None:
    import mien

    text = "".join(path.read_text(encoding="utf-8") for path in (site.DOCS / "reference").glob("*.md"))
    missing = [name for name in mien.__all__ if name != "__version__" and f".{name}\n" not in text]
    assert missing == []


def test_the_page_on_python_leaves_its_reference_to_the_sites_own() -> None:
    text = (site.DOCS / "python.md").read_text(encoding="utf-8")
    shorter = site.without_reference(text)
    assert "## scikit-learn" in shorter
    assert "### mien.predict" in text
    assert "### mien.predict" not in shorter
    assert "(reference/python.md)" in shorter
    assert site.without_reference("# Other\n") == "# Other\n"


def test_nothing_is_asked_of_other_hosts() -> None:
    config = (site.ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(config)["theme"]["font"] is False
    assert "http" not in config
    assert "url(" not in Path(site.DOCS / "site.css").read_text(encoding="utf-8")


def test_chinese_pages_state_their_language() -> None:
    page = '<html lang="en" class="no-js">'
    for uri, language in (("zh-TW/photos.md", "zh-TW"), ("explanations/mathematics.zh-TW.md", "zh-TW"), ("a.md", "en")):
        shown = site.on_post_page(page, SimpleNamespace(file=SimpleNamespace(src_uri=uri)), None)
        assert shown == f'<html lang="{language}" class="no-js">'
