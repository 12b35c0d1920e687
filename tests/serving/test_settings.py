"""Settings are checked before anything starts, and can be given as flags and as variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mien.errors import SettingsError
from mien.serving import server
from mien.serving.settings import Settings

Invoke = Callable[..., tuple[int, str, str]]


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
        ({"host": ""}, "--host '' doesn't fit"),
        ({"host": " "}, "0.0.0.0 for all"),
        ({"grace": -1.0}, "--grace"),
        ({"root_path": "mien"}, "a path such as /mien"),
        ({"root_path": "/mien/"}, "a path such as /mien"),
        ({"hosts": ("https://a.org",)}, "without scheme and port"),
        ({"hosts": ("",)}, "--allow-host"),
        ({"keys": ("",)}, "at least 16"),
        ({"origins": ("example.org",)}, "such as https://example.org"),
        ({"origins": ("https://example.org/",)}, "such as https://example.org"),
        ({"keys": ("short",)}, "at least 16"),
        ({"keys": "0123456789abcdef"}, "API keys must be a tuple of strings"),
        ({"keys": (b"0123456789abcdef",)}, "API keys must be a tuple of strings"),
        ({"hosts": "a.org"}, "--hosts=a.org doesn't fit: it must be a tuple of strings"),
        ({"port": "80"}, "--port=80 doesn't fit: it must be a whole number"),
        ({"flip": "no"}, "--flip=no doesn't fit: it must be true or false"),
        ({"max_pixels": None}, "--max_pixels=None doesn't fit"),
        ({"keys": ("zażółć gęślą jaźń",)}, "at least 16"),
    ],
)
def test_what_does_not_fit_is_said(setting: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings(**setting)
    assert words in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("keys", [" , ", ",", " ", "\n", ",,"])
def test_a_list_of_keys_without_a_key_is_refused(monkeypatch: pytest.MonkeyPatch, invoke: Invoke, keys: str) -> None:
    started: list[Settings] = []
    monkeypatch.setattr(server, "run", lambda settings, _: started.append(settings))
    monkeypatch.setenv("MIEN_API_KEYS", keys)
    code, _, err = invoke("serve")
    assert code == 2
    assert "MIEN_API_KEYS is set, but has no key in it" in err
    assert started == []
    monkeypatch.setenv("MIEN_API_KEYS", "")  # as compose sets what isn't set
    assert invoke("serve")[0] == 0
    assert [settings.keys for settings in started] == [()]


@pytest.mark.parametrize("variable", ["MIEN_MODELS", "MIEN_ORIGINS", "MIEN_HOSTS"])
def test_a_list_of_commas_is_refused(monkeypatch: pytest.MonkeyPatch, invoke: Invoke, variable: str) -> None:
    monkeypatch.setenv(variable, " , ")
    code, out, err = invoke("serve", "--port", "0")
    assert code in (1, 2)
    assert err.startswith("mien: ")
    assert out == ""


def test_a_key_is_never_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings(keys=("s3cret",))
    assert "s3cret" not in str(caught.value)
