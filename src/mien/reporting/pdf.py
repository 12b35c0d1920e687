"""A page as PDF, printed by Chromium or a browser made of it, where one is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from mien import files
from mien.errors import OutputError

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
)
"""Names of the command, the first that is installed is used."""

LONGEST = 300
"""Seconds after which the browser is given up."""


def browser() -> str | None:
    """The path of a browser that prints; None if none is installed."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def write(path: str | os.PathLike[str], page: str | os.PathLike[str]) -> None:
    """Print an HTML file as PDF; the write is atomic.

    Args:
        path: the PDF file.
        page: the HTML file.

    Raises:
        OutputError: no browser is installed, or it fails.
    """
    command = browser()
    if command is None:
        raise OutputError("A PDF needs Chromium or Chrome, and none is installed: open the page and print it as PDF.")
    with files.atomic_write(path, suffixes=(".pdf",)) as temporary, tempfile.TemporaryDirectory() as profile:
        words = [command, "--headless", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={profile}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            words.append("--no-sandbox")  # Chromium refuses to run as root with it
        words += [f"--print-to-pdf={temporary.absolute()}", Path(page).absolute().as_uri()]
        try:
            done = subprocess.run(
                words, capture_output=True, encoding="utf-8", errors="replace", timeout=LONGEST, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OutputError(f"'{command}' could not print '{page}': {error}.") from None
        if done.returncode or not temporary.is_file() or not temporary.stat().st_size:
            lines = done.stderr.strip().splitlines()
            raise OutputError(f"'{command}' could not print '{page}': {lines[-1] if lines else 'it says nothing'}.")
