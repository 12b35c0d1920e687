"""Settings are checked before anything starts, and can be given as flags and as variables."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from mien import cli
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


@pytest.mark.parametrize(
    ("host", "keys", "warned"),
    [
        ("127.0.0.1", "", False),
        ("127.8.8.8", "", False),
        ("::1", "", False),
        ("localhost", "", False),
        ("0.0.0.0", "", True),
        ("::", "", True),
        ("192.168.1.5", "", True),
        ("mien.lan", "", True),
        ("0.0.0.0", "0123456789abcdef", False),
    ],
)
def test_listening_for_others_without_keys_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, invoke: Invoke, host: str, keys: str, warned: bool
) -> None:
    monkeypatch.setattr(server, "run", lambda settings, started: started("http://here"))
    monkeypatch.setenv("MIEN_API_KEYS", keys)
    code, _, err = invoke("serve", "--host", host)
    assert code == 0
    assert (
        f"warning: anyone who can connect to {host} can use the API without a key: set MIEN_API_KEYS" in err
    ) == warned


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


@pytest.mark.parametrize("text", ["a.org b.org", "a.org,b.org", " a.org , b.org\n"])
def test_hosts_are_the_same_as_flags_and_as_a_variable(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    by_flags = given(monkeypatch, "--allow-host", "a.org", "--allow-host", "b.org")
    assert given(monkeypatch, MIEN_HOSTS=text) == by_flags == Settings(hosts=("a.org", "b.org"))
    with pytest.raises(SettingsError, match="without scheme and port"):
        Settings(hosts=("a.org:80",))


def test_a_list_of_hosts_without_a_host_is_refused(monkeypatch: pytest.MonkeyPatch, invoke: Invoke) -> None:
    monkeypatch.setenv("MIEN_HOSTS", " , ")
    code, _, err = invoke("serve")
    assert (code, err) == (
        2,
        "mien: MIEN_HOSTS is set, but has no name in it: add one, or unset the variable.\n",
    )


@pytest.mark.parametrize("variable", ["MIEN_KEYS", "MIEN_API_KEY", "MIEN_KEY"])
def test_keys_in_a_misspelt_variable_never_leave_it_open(
    monkeypatch: pytest.MonkeyPatch, invoke: Invoke, variable: str
) -> None:
    monkeypatch.setattr(server, "run", lambda settings, started: started("http://here"))
    monkeypatch.setenv(variable, "0123456789abcdef")
    code, _, err = invoke("serve")
    assert code == 2
    assert err == f"mien: {variable} is not a setting of mien, so the server would need no key: set MIEN_API_KEYS.\n"


def test_a_misspelt_variable_is_told(monkeypatch: pytest.MonkeyPatch, invoke: Invoke) -> None:
    monkeypatch.setattr(server, "run", lambda settings, started: started("http://here"))
    for name in ("MIEN_ALLOW_HOST", "MIEN_SERVICE_HOST", "MIEN_PORT_8000_TCP"):
        monkeypatch.setenv(name, "a.org")
    code, _, err = invoke("serve")
    assert code == 0
    assert (
        err.splitlines()[0]
        == "note: MIEN_ALLOW_HOST is not a setting and has no effect; did you mean MIEN_HOST or MIEN_HOSTS?"
    )
    assert "SERVICE" not in err
    assert "TCP" not in err


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
        MIEN_HOSTS="a.org *.b.org",
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
        hosts=("a.org", "*.b.org"),
        keys=("0123456789abcdef", "fedcba9876543210"),
    )
