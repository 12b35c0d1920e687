"""The frame of every page."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from mien.errors import ArgumentError
from mien.reporting.pages import frame
from reported import REPORT, TRAIN


def test_commands_are_shown_as_one_types_them() -> None:
    train = "mien train faces.csv --recipe base --set epochs=15 --out first"
    assert frame.commands(TRAIN, REPORT) == [train, "mien report first --data 'else where.csv' --lang en"]
    assert frame.commands((), REPORT[:3]) == ["mien report first"]


def test_a_template_has_the_styles_that_are_asked_for() -> None:
    assert ".downloads" in frame.page_template("homework").css
    plain, audit = (len(frame.page_template("audit", *styles).css) for styles in ((), ("audit",)))
    assert audit > plain


def test_a_page_allows_its_own_style_and_script_and_nothing_else(english: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', english)
    assert policy is not None
    digests = [
        "'sha256-" + base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() + "'"
        for tag in ("style", 'script type="module"')
        for part in re.findall(f"<{tag}>(.*?)</{tag.split()[0]}>", english, re.DOTALL)
    ]
    assert policy[1] == (
        f"default-src 'none'; img-src data:; style-src {digests[0]}; script-src {digests[1]}; base-uri 'none'; form-action 'none'"
    )
    assert len(digests) == 2
    assert " style=" not in english.partition("<body")[2]  # the policy would not allow it
    assert " onclick" not in english


def test_style_attributes_become_classes() -> None:
    page = '<p style="color: red;">a</p><b class="x" style="color: red">b</b><i style="font: &quot;A&quot;">c</i>'
    body, rules = frame._without_styles(page)
    assert body == '<p class="s-0">a</p><b class="s-0 x">b</b><i class="s-1">c</i>'
    assert rules == '.s-0.s-0 {color: red}\n.s-1.s-1 {font: "A"}'


def test_write_replaces_the_file_atomically(tmp_path: Path) -> None:
    def render(what: str, *, lang: str = "en") -> str:
        return f"{what}: {lang}"

    write, path = frame.writer(render), tmp_path / "page.html"
    path.write_text("mine")
    write(path, "a page", lang="zh-TW")
    assert path.read_text(encoding="utf-8") == "a page: zh-TW"
    assert [entry.name for entry in tmp_path.iterdir()] == ["page.html"]
    with pytest.raises(ArgumentError, match="path=3 doesn't fit"):
        write(3, "a page")  # type: ignore[arg-type] # what is wrong here
