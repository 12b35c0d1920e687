"""The verb serve: flags, variables, and what is said of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from mien import cli
from mien.errors import SettingsError
from mien.serving import server
from mien.serving.settings import Settings

Invoke = Callable[..., tuple[int, str, str]]


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
    options = {option.name: option for option in cli.verbs()["serve"].params}
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
