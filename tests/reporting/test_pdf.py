"""A page as PDF, printed by a browser that stands in for Chromium."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mien.errors import OutputError
from mien.reporting import pdf

PRINTS = """#!/bin/sh
for word in "$@"; do
  case "$word" in --print-to-pdf=*) target="${word#--print-to-pdf=}";; esac
  last="$word"
done
printf '%s' "%PDF of $last" > "$target"
"""
FAILS = "#!/bin/sh\necho noise >&2\necho no display >&2\nexit 3\n"
PRINTS_NOTHING = "#!/bin/sh\nexit 0\n"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "page.html").write_text("<p>a page</p>")
    return tmp_path / "page.html"


def install(script: str, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str = "chromium") -> None:
    """Let this script be the only browser."""
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin" / name).write_text(script)
    (folder / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}/bin{os.pathsep}/usr/bin")
    monkeypatch.setattr(pdf, "BROWSERS", (name,))


def test_the_first_browser_that_is_installed_prints(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(PRINTS, tmp_path, monkeypatch, "a-browser")
    monkeypatch.setattr(pdf, "BROWSERS", ("no-browser-of-this-name", "a-browser"))
    assert pdf.browser() == str(tmp_path / "bin" / "a-browser")
    pdf.write(tmp_path / "page.pdf", page)
    assert (tmp_path / "page.pdf").read_text() == f"%PDF of {page.as_uri()}"


@pytest.mark.parametrize(("script", "words"), [(FAILS, "no display"), (PRINTS_NOTHING, "it says nothing")])
def test_a_browser_that_fails_leaves_what_was_there(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    install(script, tmp_path, monkeypatch)
    (tmp_path / "page.pdf").write_text("before")
    with pytest.raises(OutputError, match=rf"could not print '.*page\.html': {words}"):
        pdf.write(tmp_path / "page.pdf", page)
    assert (tmp_path / "page.pdf").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "page.html", "page.pdf"]


def test_without_a_browser_it_says_what_to_do(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "BROWSERS", ("no-browser-of-this-name",))
    assert pdf.browser() is None
    with pytest.raises(OutputError, match="needs Chromium or Chrome, and none is installed"):
        pdf.write(tmp_path / "page.pdf", page)
    assert not (tmp_path / "page.pdf").exists()
