"""Translated pages say what the English ones say: the same blocks in order, with the same code, figures and links."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Self

import pytest

DOCS = Path(__file__).parents[1] / "docs"
FOLDER = DOCS / "zh-TW"
PAGES = sorted(path.name for path in FOLDER.glob("*.md") if path.name != "index.md")  # the start page is no translation

FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
COMMENT = re.compile(r"(?:^| +)# .*$", re.MULTILINE)
LINK = re.compile(r"\]\((?P<target>[^)]*)\)")
FIGURE = re.compile(r"(?P<number>\d+(?:,\d{3})*(?:\.\d+)?)(?: ?(?P<unit>million|萬|億))?")
UNITS = {"million": 10**6, "萬": 10**4, "億": 10**8, "": 1}
KINDS = {r"#+ ": "heading", r"- ": "item", r"\d+\. ": "number", r"\|": "row", r"```": "code", r"!\[": "picture"}


@dataclass(frozen=True)
class Block:
    """A heading, a paragraph, an item of a list, a row of a table, or a block of code."""

    text: str
    kind: str

    @classmethod
    def of(cls, text: str) -> Self:
        """A block from its Markdown."""
        return cls(text, next((kind for start, kind in KINDS.items() if re.match(start, text)), "text"))

    @property
    def code(self) -> str:
        """Code without its comments, which are translated."""
        return COMMENT.sub("", self.text) if self.kind == "code" else ""

    @property
    def names(self) -> Counter[str]:
        """Commands, options and names between backquotes in a text."""
        found = [] if self.kind == "code" else re.findall(r"`([^`]+)`", self.text)
        return Counter(" ".join(name.split()) for name in found)

    @property
    def figures(self) -> Counter[Decimal]:
        """Numbers in digits, with 65 million as 6,500 萬."""
        text = "" if self.kind == "code" else LINK.sub("]", self.text)
        return Counter(
            Decimal(found["number"].replace(",", "")) * UNITS[found["unit"] or ""] for found in FIGURE.finditer(text)
        )

    def links(self, folder: Path) -> list[str]:
        """Files that it links to, a translated page under its English name."""
        targets = [found["target"].partition("#")[0] for found in LINK.finditer(self.text)]
        files = [os.path.relpath(folder / target, DOCS) for target in targets if target and "//" not in target]
        return sorted(file.replace(os.sep, "/").removeprefix("zh-TW/") for file in files)


def blocks(text: str) -> list[Block]:
    """The blocks of a page; without the reference to Python, which is made from the code."""
    text = text.partition("\n## Reference\n")[0].partition("\n## 參考\n")[0]
    fences = FENCE.findall(text)
    parts = re.split(r"\n\n+|\n(?=- |\d+\. |\|)", FENCE.sub("```", text).strip())
    return [Block.of(fences.pop(0) if part == "```" else part) for part in parts]


@pytest.mark.parametrize("name", PAGES)
def test_a_translation_has_the_same_code_names_figures_and_links(name: str) -> None:
    english = blocks((DOCS / name).read_text(encoding="utf-8"))
    chinese = blocks((FOLDER / name).read_text(encoding="utf-8"))
    for ours, theirs in zip(english, chinese, strict=False):
        where = f"docs/{name} and docs/zh-TW/{name} differ here:\n{ours.text}\n{theirs.text}\n"
        assert ours.kind == theirs.kind, where
        assert ours.code == theirs.code, where
        assert ours.names == theirs.names, where
        assert ours.figures == theirs.figures, where
        assert ours.links(DOCS) == theirs.links(FOLDER), where
    assert len(english) == len(chinese), f"one of docs/{name} and docs/zh-TW/{name} has more at its end"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_and_its_translation_link_to_each_other(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8").split("\n\n")[1] == f"[正體中文](zh-TW/{name})"
    assert (FOLDER / name).read_text(encoding="utf-8").split("\n\n")[1] == f"[English](../{name})"


@pytest.mark.parametrize("name", PAGES)
def test_a_translation_links_to_translated_pages(name: str) -> None:
    """The line that leads to the English page is not one of these."""
    text = "\n\n".join((FOLDER / name).read_text(encoding="utf-8").split("\n\n")[2:])
    found = {found["target"].partition("#")[0] for found in LINK.finditer(text)}
    assert sorted(found & {f"../{page}" for page in PAGES}) == (["../python.md"] if name == "python.md" else [])


@pytest.mark.parametrize(
    ("english", "chinese", "same"),
    [
        ("65 million, 1,000 names", "1,000 個，6,500 萬", True),
        ("100 million", "1 億", True),
        ("71.0% of 3,589", "3,589 的 71.1%", False),
        ("one", "1", False),
    ],
)
def test_figures_are_compared_by_value(english: str, chinese: str, same: bool) -> None:
    assert (Block.of(english).figures == Block.of(chinese).figures) is same


def test_a_change_in_one_language_is_noticed() -> None:
    page = "# A\n\nText.\n\n```\nmien info base  # words\n```\n\n- one\n- two\n\n| a | 5 |\n"
    assert [block.kind for block in blocks(page)] == ["heading", "text", "code", "item", "item", "row"]
    translated = blocks(page.replace("# words", "# 文字"))
    assert [block.code for block in translated] == [block.code for block in blocks(page)]
    assert blocks(page.replace("info", "report"))[2].code != translated[2].code
    assert blocks(page.replace("one", "`one`"))[3].names != translated[3].names
    assert blocks(page.replace("5", "6"))[-1].figures != translated[-1].figures
