"""The verb serve: the web page and the HTTP API."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable
from typing import Any

import click

from mien.cli.places import Verb
from mien.errors import SettingsError
from mien.shown import say

CACHE = "MIEN_CACHE"
"""A variable of mien that is not a setting of the server."""


class Names(click.types.StringParamType):
    """One of several names; in a variable, names are separated by blanks or commas."""

    def __init__(self, variable: str) -> None:
        self.variable = variable

    def split_envvar_value(self, rv: str) -> tuple[str, ...]:
        """The names in the variable."""
        from mien.serving.settings import names_from

        return names_from(rv, self.variable)


def setting(flag: str, help_text: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A flag that can also be set by an environment variable, such as MIEN_MAX_BODY."""
    name = flag.partition("/")[0].removeprefix("--").replace("-", "_").upper()
    return click.option(flag, help=help_text, envvar=f"MIEN_{name}", show_envvar=True, show_default=True, **options)


@click.command(cls=Verb)
@setting("--host", "Address to listen on; 0.0.0.0 accepts connections from other machines.", default="127.0.0.1")
@setting("--port", "Port to listen on; 0 chooses a free one.", default=8000)
@click.option(
    "--model",
    "models",
    multiple=True,
    default=("base",),
    show_default=True,
    envvar="MIEN_MODELS",
    show_envvar=True,
    help="A pretrained model or a model file; may be given several times. The first is the default.",
)
@setting("--min-confidence", "Minimum face-detection score.", default=0.6)
@setting("--abstain", "Mark a face as unsure if its highest probability is below this.", default=0.0)
@setting("--flip", "Average each face with its mirror image (twice the time).", is_flag=True)
@setting("--decision", "Decision rule: argmax, or a decision stored in all served models.", default="argmax")
@setting(
    "--prior", "Class shares in use, such as neutral=0.5,happy=0.3; a request may state its own.", metavar="SHARES"
)
@setting("--device", "Device of the models: cpu, cuda, coreml, or auto.", default="cpu")
@setting("--rotate/--no-rotate", "Also try other orientations if no face is clearly upright.", default=True)
@setting("--detail", "Search for small faces: low (fast), normal or high (slow).", default="normal")
@setting("--threads", "Photos processed in parallel; 0 is one per core.", default=0)
@setting("--batch", "Maximum batch size, in faces.", default=64)
@setting("--batch-wait", "Maximum time to wait for faces of other requests, in ms.", default=2.0)
@setting("--max-body", "Maximum size of a request body, in bytes.", default=16 * 2**20)
@setting("--max-pixels", "Maximum size of a picture, in pixels.", default=65_000_000)
@setting("--max-files", "Maximum number of files per request.", default=32)
@setting("--max-faces", "Maximum number of faces per photo.", default=100)
@setting("--max-requests", "Maximum number of requests processed in parallel.", default=64)
@setting("--queue", "Maximum number of waiting requests; further ones get 503.", default=64)
@setting("--max-video", "Maximum size of a clip, in bytes; 0 accepts none.", default=200 * 2**20)
@setting("--max-video-seconds", "Maximum length of a clip, in seconds.", default=300.0)
@setting("--max-videos", "Maximum number of clips on the server.", default=4)
@setting("--video-ttl", "Seconds until a clip nobody asks about is deleted.", default=120.0)
@setting("--timeout", "Maximum time of a request, in seconds.", default=30.0)
@setting("--grace", "Seconds after SIGTERM during which new requests are still answered.", default=2.0)
@setting("--root-path", "Path prefix of the server behind a proxy, such as /mien.", default="")
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    type=Names("MIEN_HOSTS"),
    metavar="NAME",
    envvar="MIEN_HOSTS",
    show_envvar=True,
    help="An allowed host name, such as mien.example.org; may be given several times.",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    type=Names("MIEN_ORIGINS"),
    metavar="ORIGIN",
    envvar="MIEN_ORIGINS",
    show_envvar=True,
    help="A web site whose pages may call the API (CORS); may be given several times.",
)
def serve(origins: tuple[str, ...], hosts: tuple[str, ...], models: tuple[str, ...], **settings: Any) -> None:
    """Serve a web page and an HTTP API.

    The page is at /, the API's documentation at /docs. API keys are set by the variable MIEN_API_KEYS, not by an option, as other
    users of the machine can see options. Lists in variables are separated by blanks or commas, MIEN_MODELS by blanks.

    Example:  mien serve --port 8080 --model base --model tiny
    """
    from mien.serving import server
    from mien.serving.settings import KEYS, Settings, keys_from

    _note_misspelt({str(option.envvar) for option in serve.params} | {KEYS, CACHE})
    keys = keys_from(os.environ.get(KEYS))
    checked = Settings(**settings, models=models, origins=origins, hosts=hosts, keys=keys)
    if not (checked.is_local or checked.keys):
        say(
            f"warning: anyone who can connect to {checked.host} can use the API without a key: set MIEN_API_KEYS, or listen on 127.0.0.1 only"
        )
    server.run(checked, lambda url: say(f"mien serves {url} (API: {url}/docs); stop it with Ctrl-C"))


def _note_misspelt(known: Iterable[str]) -> None:
    """Report variables that look like misspelt settings and have no effect; a misspelt MIEN_API_KEYS is an error, as without
    keys the server is open to everybody.

    Other variables are ignored: Kubernetes, for example, sets MIEN_SERVICE_HOST for a service called mien.
    """
    for name in sorted(set(os.environ) - set(known)):
        if name.startswith("MIEN_SERVICE_"):
            continue
        if name.startswith("MIEN_") and "KEY" in name:
            raise SettingsError(f"{name} is not a setting of mien, so the server would need no key: set MIEN_API_KEYS.")
        if name.startswith("MIEN_") and (close := difflib.get_close_matches(name, known, 2, 0.7)):
            say(f"note: {name} is not a setting and has no effect; did you mean {' or '.join(sorted(close))}?")
