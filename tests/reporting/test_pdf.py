"""Printing a page: the browser is asked once, and what goes wrong is one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from mien.errors import OutputError
from mien.reporting import pdf


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "a page.html"
    path.write_text("<p>a page</p>")
    return path


def browser(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a browser that is a shell script, and no other."""
    folder.mkdir()
    path = folder / "chromium"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin/none:/bin")
    monkeypatch.setattr(pdf, "BROWSERS", ("chromium",))


PRINTS = (
    'for word in "$@"; do case "$word" in --print-to-pdf=*) echo "%PDF $*" > "${word#--print-to-pdf=}";; esac; done'
)


def test_the_browser_prints_the_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser(tmp_path / "bin", PRINTS, monkeypatch)
    assert pdf.browser() == str(tmp_path / "bin" / "chromium")
    pdf.write(tmp_path / "page.pdf", page)
    told = (tmp_path / "page.pdf").read_text()
    assert told.startswith("%PDF --headless")
    assert page.as_uri() in told
    assert "a%20page.html" in told


def test_without_a_browser_one_sentence_says_what_to_do(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "BROWSERS", ("no-such-browser",))
    assert pdf.browser() is None
    with pytest.raises(OutputError, match="needs Chromium or Chrome, and none is installed"):
        pdf.write(page.with_suffix(".pdf"), page)


@pytest.mark.parametrize(("script", "words"), [("echo broken >&2; exit 3", "broken"), ("exit 0", "it says nothing")])
def test_a_browser_that_fails_leaves_nothing(
    script: str, words: str, page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser(tmp_path / "bin", script, monkeypatch)
    with pytest.raises(OutputError, match=f"could not print .*: {words}"):
        pdf.write(tmp_path / "page.pdf", page)
    assert not (tmp_path / "page.pdf").exists()
