"""The verb that serves: the web page and the HTTP API."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable
from typing import Any

import click

from mien.cli.common import say
from mien.cli.places import Verb
from mien.errors import SettingsError

CACHE = "MIEN_CACHE"
"""A variable of mien that is no setting of the server."""


class Names(click.types.StringParamType):
    """One of several names; a variable holds them with blanks or commas between them."""

    def __init__(self, variable: str) -> None:
        self.variable = variable

    def split_envvar_value(self, rv: str) -> tuple[str, ...]:
        """The names in the variable."""
        from mien.serving.settings import names_from

        return names_from(rv, self.variable)


def setting(flag: str, help_text: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A flag that can also be set by a variable of the environment, such as MIEN_MAX_BODY."""
    name = flag.partition("/")[0].removeprefix("--").replace("-", "_").upper()
    return click.option(flag, help=help_text, envvar=f"MIEN_{name}", show_envvar=True, show_default=True, **options)


@click.command(cls=Verb)
@setting("--host", "Address to listen on; 0.0.0.0 is reached from other machines.", default="127.0.0.1")
@setting("--port", "Port to listen on; 0 takes a free one.", default=8000)
@click.option(
    "--model",
    "models",
    multiple=True,
    default=("base",),
    show_default=True,
    envvar="MIEN_MODELS",
    show_envvar=True,
    help="A pretrained model or a model file; give it again for more. The first is the default.",
)
@setting("--min-confidence", "Minimum face-detection score.", default=0.6)
@setting("--abstain", "Mark a face as unsure below this probability.", default=0.0)
@setting("--flip", "Average each face with its mirror image (twice the time).", is_flag=True)
@setting("--decision", "How to answer: argmax, or a decision that all served models hold.", default="argmax")
@setting(
    "--prior", "Class shares in use, such as neutral=0.5,happy=0.3; a request may state its own.", metavar="SHARES"
)
@setting("--rotate/--no-rotate", "Turn a photo whose best face is not clearly upright.", default=True)
@setting("--detail", "How closely to look for small faces: low, normal or high.", default="normal")
@setting("--threads", "Photos worked on side by side; 0 has one for each core.", default=0)
@setting("--batch", "Most faces in one run of a model; 1 reads them one by one.", default=64)
@setting("--batch-wait", "Longest wait for faces of other requests, in ms.", default=2.0)
@setting("--max-body", "Largest body of a request, in bytes.", default=16 * 2**20)
@setting("--max-pixels", "Largest picture, in pixels.", default=65_000_000)
@setting("--max-files", "Most files in one request.", default=32)
@setting("--max-faces", "Most faces that are read in one photo.", default=100)
@setting("--max-requests", "Requests that are worked on at once.", default=64)
@setting("--queue", "Requests that may wait; further ones get 503.", default=64)
@setting("--timeout", "Longest time of a request, in seconds.", default=30.0)
@setting("--grace", "After SIGTERM: seconds for which new requests are still answered.", default=2.0)
@setting("--root-path", "Where a proxy shows the server, such as /mien.", default="")
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    type=Names("MIEN_HOSTS"),
    metavar="NAME",
    envvar="MIEN_HOSTS",
    show_envvar=True,
    help="A name by which the server may be called, such as mien.example.org; give it again for more.",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    type=Names("MIEN_ORIGINS"),
    metavar="ORIGIN",
    envvar="MIEN_ORIGINS",
    show_envvar=True,
    help="A web site whose pages may call the API (CORS); give it again for more.",
)
def serve(origins: tuple[str, ...], hosts: tuple[str, ...], models: tuple[str, ...], **settings: Any) -> None:
    """Serve a web page and an HTTP API.

    The page is at /, the API's documentation at /docs. API keys are set by the variable MIEN_API_KEYS and by no flag, as flags
    can be seen by others on the machine. Lists in variables have blanks or commas between their parts, MIEN_MODELS blanks.

    Example:  mien serve --port 8080 --model base --model tiny
    """
    from mien.serving import server
    from mien.serving.settings import KEYS, Settings, keys_from

    _note_misspelt({str(option.envvar) for option in serve.params} | {KEYS, CACHE})
    keys = keys_from(os.environ.get(KEYS))
    checked = Settings(**settings, models=models, origins=origins, hosts=hosts, keys=keys)
    if not (checked.is_local or checked.keys):
        say(f"warning: who reaches {checked.host} needs no key: set MIEN_API_KEYS, or listen on 127.0.0.1 only")
    server.run(checked, lambda url: say(f"mien serves {url} (API: {url}/docs); stop it with Ctrl-C"))


def _note_misspelt(known: Iterable[str]) -> None:
    """Say which variables are almost those of a setting and so have no effect; one that should hold keys is refused, as without
    keys the server is open to everybody.

    Others are left alone: Kubernetes, for one, sets variables such as MIEN_SERVICE_HOST beside a service called mien.
    """
    for name in sorted(set(os.environ) - set(known)):
        if name.startswith("MIEN_") and "KEY" in name:
            raise SettingsError(f"{name} is no setting of mien, so no key would be asked for: set MIEN_API_KEYS.")
        if name.startswith("MIEN_") and (close := difflib.get_close_matches(name, known, 2, 0.7)):
            say(f"note: {name} is no setting and has no effect; did you mean {' or '.join(sorted(close))}?")
