"""The files in deploy/ can't be built in a test; that what they set exists can be seen here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mien import cli
from mien.serving.settings import Settings

ROOT = Path(__file__).parents[1]
FILES = ("deploy/Containerfile", "deploy/compose.yaml", "deploy/mien.service", "docs/serving.md")
OPTIONS = cli.verbs()["serve"].params


@pytest.mark.parametrize("name", FILES)
def test_every_variable_and_flag_exists(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    variables = {str(option.envvar) for option in OPTIONS} | {"MIEN_API_KEYS"}
    assert set(re.findall(r"\bMIEN_[A-Z_]+\b", text)) <= variables
    flags = {flag for option in OPTIONS for flag in option.opts}
    for line in re.findall(r"mien serve ([^\n`]*)", text):
        assert set(re.findall(r"--[a-z-]+", line)) <= flags | {"--help"}, line


def test_stopping_waits_longer_than_a_request_may_take() -> None:
    unit = (ROOT / "deploy/mien.service").read_text(encoding="utf-8")
    compose = (ROOT / "deploy/compose.yaml").read_text(encoding="utf-8")
    waits = [*re.findall(r"TimeoutStopSec=(\d+)", unit), *re.findall(r"stop_grace_period: (\d+)s", compose)]
    assert len(waits) == 2
    assert min(map(int, waits)) > Settings().timeout


def test_the_document_names_every_setting() -> None:
    text = (ROOT / "docs/serving.md").read_text(encoding="utf-8")
    assert [flag for option in OPTIONS for flag in option.opts if flag.startswith("--") and flag not in text] == []
