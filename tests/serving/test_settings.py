"""Settings are checked before anything starts, and can be given as flags and as variables."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from mien import cli
from mien.errors import SettingsError
from mien.serving import server
from mien.serving.settings import Settings


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"port": 70_000}, "--port 70000 doesn't fit: it must be from 0 to 65535"),
        ({"max_body": 0}, "--max-body 0 doesn't fit"),
        ({"max_body": 2**40}, "at most 67,108,864 bytes"),
        ({"max_requests": 0}, "--max-requests"),
        ({"queue": -1}, "--queue"),
        ({"timeout": 0.0}, "--timeout"),
        ({"timeout": float("nan")}, "--timeout"),
        ({"min_confidence": 1.5}, "from 0 to 1"),
        ({"batch_wait": 5000.0}, "at most 1000 milliseconds"),
        ({"models": ()}, "at least one model"),
        ({"models": ("base", "other/base.onnx")}, "different file names"),
        ({"origins": ("example.org",)}, "such as https://example.org"),
        ({"origins": ("https://example.org/",)}, "such as https://example.org"),
        ({"keys": ("short",)}, "at least 16"),
        ({"keys": ("zażółć gęślą jaźń",)}, "at least 16"),
    ],
)
def test_what_does_not_fit_is_said(setting: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings(**setting)
    assert words in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_key_is_never_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings(keys=("s3cret",))
    assert "s3cret" not in str(caught.value)


def given(monkeypatch: pytest.MonkeyPatch, *arguments: str, **variables: str) -> Settings:
    """The settings with which ``mien serve`` would start."""
    seen: list[Settings] = []
    monkeypatch.setattr(server, "run", lambda settings, started: seen.append(settings))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    cli.main(["serve", *arguments])
    return seen[0]


def test_without_flags_it_is_as_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    assert given(monkeypatch) == Settings()


def test_each_setting_has_a_flag_and_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {option.name: option for option in cli.cli.commands["serve"].params}
    fields = {field.name for field in dataclasses.fields(Settings)}
    assert fields - {"keys"} == set(options)
    assert all(option.envvar == f"MIEN_{name.upper()}" for name, option in options.items())
    settings = given(
        monkeypatch,
        "--port=0",
        MIEN_MODELS="tiny base",
        MIEN_MAX_BODY="1000",
        MIEN_ORIGINS="https://a.org https://b.org",
        MIEN_API_KEYS="0123456789abcdef, fedcba9876543210",
        MIEN_PORT="99",
        MIEN_FLIP="1",
    )
    assert settings == Settings(
        port=0,
        flip=True,
        models=("tiny", "base"),
        max_body=1000,
        origins=("https://a.org", "https://b.org"),
        keys=("0123456789abcdef", "fedcba9876543210"),
    )
