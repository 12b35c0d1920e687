"""What may be set, checked before the server starts."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
from dataclasses import dataclass
from pathlib import Path

from mien import checks, images
from mien.errors import SettingsError
from mien.inference.classifier import ARGMAX
from mien.inference.detector import DETAILS, MIN_SCORE
from mien.inference.options import Options

KEYS = "MIEN_API_KEYS"
"""The variable that holds the keys."""

LEAST_KEY = 16
"""Characters of an API key; shorter ones can be guessed."""


@dataclass(frozen=True)
class Settings:
    """All settings of the server; each is a flag of ``mien serve`` and a variable ``MIEN_*``.

    Raises:
        SettingsError: a setting is of another kind or out of range.
    """

    host: str = "127.0.0.1"
    """Address to listen on; the default is reached from this machine only."""
    port: int = 8000
    """Port to listen on; 0 takes a free one."""
    models: tuple[str, ...] = ("base",)
    """Shipped models or model files that are served; the first one answers where a request names none."""
    min_confidence: float = MIN_SCORE
    """Least detection score of a face."""
    abstain: float = 0.0
    """Faces whose most probable expression is less probable than this are marked as abstained."""
    flip: bool = False
    """Whether each face is averaged with its mirror image."""
    decision: str = ARGMAX
    """How all models answer: by the most probable class, or by a decision that each of them holds."""
    prior: str | None = None
    """Class shares in use, such as ``neutral=0.5,happy=0.3``; a request may state its own."""
    rotate: bool = True
    """Whether a photo whose best face isn't clearly upright is turned."""
    detail: str = "normal"
    """How closely photos are looked at: ``low``, ``normal`` or ``high``."""
    threads: int = 0
    """Photos that are worked on side by side, and threads of one run of a model; 0 has one for each core."""
    batch: int = 64
    """Most faces in one run of a model."""
    batch_wait: float = 2.0
    """Longest wait for the faces of other requests, in milliseconds."""
    max_body: int = 16 * 2**20
    """Largest body of a request, in bytes."""
    max_pixels: int = images.MAX_PIXELS
    """Largest picture, in pixels."""
    max_files: int = 32
    """Most files in one request."""
    max_faces: int = 100
    """Most faces that are read in one photo, the most confident first."""
    max_requests: int = 64
    """Requests that are worked on at once."""
    queue: int = 64
    """Requests that may wait beyond those; further ones are answered with 503."""
    timeout: float = 30.0
    """Longest time of a request, its body included, in seconds."""
    grace: float = 2.0
    """After SIGTERM: seconds for which new requests are still answered, while /readyz says 503."""
    root_path: str = ""
    """Where a proxy shows the server, such as ``/mien``, whether it takes that off the addresses or not."""
    hosts: tuple[str, ...] = ()
    """Names by which the server may be called, beyond those of ``guard.Hosts``; ``*.example.org`` is for all below it, ``*`` for any.
    ``--allow-host``, ``MIEN_HOSTS``."""
    keys: tuple[str, ...] = ()
    """API keys; without one in the list, none is asked for. ``MIEN_API_KEYS``, and no flag, as flags can be seen by others."""
    origins: tuple[str, ...] = ()
    """Web sites whose pages may call the API from a browser (CORS), such as ``https://example.org``."""

    def __post_init__(self) -> None:
        if not isinstance(self.keys, tuple) or not all(isinstance(key, str) for key in self.keys):
            raise SettingsError("The API keys must be a tuple of strings.")  # which are never printed
        checks.check_fields(self, SettingsError, "--")
        for name in ("batch", "max_body", "max_pixels", "max_files", "max_faces", "max_requests"):
            _check(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in ("threads", "queue", "batch_wait", "grace"):
            _check(getattr(self, name) >= 0, name, getattr(self, name), "at least 0")
        for name in ("min_confidence", "abstain"):
            _check(0 <= getattr(self, name) <= 1, name, getattr(self, name), "from 0 to 1")
        _check(self.detail in DETAILS, "detail", self.detail, f"one of {', '.join(DETAILS)}")
        _check(self.max_pixels <= images.MOST_PIXELS, "max_pixels", self.max_pixels, f"at most {images.MOST_PIXELS:,}")
        _check(0 <= self.port <= 65_535, "port", self.port, "from 0 to 65535")
        _check(self.host.strip() != "", "host", "''", "an address, such as 127.0.0.1, or 0.0.0.0 for all")
        _check(self.grace <= 3600, "grace", self.grace, "at most 3600 seconds")
        _check(
            re.fullmatch(r"(/[\w.~-]+)*", self.root_path) is not None,
            "root-path",
            self.root_path,
            "a path such as /mien",
        )
        for host in self.hosts:
            right = re.fullmatch(r"\*|(\*\.)?[\w.-]+|[0-9a-fA-F:]+", host) is not None
            _check(right, "hosts", host, "a name or address without scheme and port, such as mien.example.org")
        _check(self.batch_wait <= 1000, "batch_wait", self.batch_wait, "at most 1000 milliseconds")
        _check(0 < self.timeout <= 3600, "timeout", self.timeout, "above 0 and at most 3600 seconds")
        _check(self.max_body <= images.MAX_BYTES, "max_body", self.max_body, f"at most {images.MAX_BYTES:,} bytes")
        _check(len(self.models) > 0, "models", "", "at least one model")
        names = [Path(model).stem for model in self.models]
        _check(len(set(names)) == len(names), "models", " ".join(self.models), "models of different file names")
        for key in self.keys:  # a key is never printed
            if len(key) < LEAST_KEY or not key.isascii() or not key.isprintable() or " " in key:
                raise SettingsError(
                    f"An API key must have at least {LEAST_KEY} ASCII characters and no blanks: make one with  openssl rand -hex 16"
                )
        for origin in self.origins:
            right = origin.startswith(("http://", "https://")) and origin.count("/") == 2
            _check(right, "origins", origin, "scheme and host, such as https://example.org")

    @property
    def is_local(self) -> bool:
        """Whether it is reached from this machine only."""
        return is_loopback(self.host)

    @property
    def reading(self) -> Options:
        """How photos are read."""
        names = [field.name for field in dataclasses.fields(Options)]
        return Options(**{name: getattr(self, name) for name in names})

    @property
    def workers(self) -> int:
        """Threads that decode photos and find faces."""
        return self.threads or os.cpu_count() or 1


def keys_from(text: str | None) -> tuple[str, ...]:
    """API keys with blanks or commas between them, as a variable of the environment holds them; an empty one holds none.

    Raises:
        SettingsError: something is there, but no key: whoever set it wants keys to be asked for.
    """
    return names_from(text, KEYS, "key")


def names_from(text: str | None, variable: str, kind: str = "name") -> tuple[str, ...]:
    """Names with blanks or commas between them, as a variable of the environment holds them; an empty one holds none.

    Raises:
        SettingsError: something is there, but no name.
    """
    names = tuple((text or "").replace(",", " ").split())
    if text and not names:
        raise SettingsError(f"{variable} is set, but has no {kind} in it: put one there, or take the variable away.")
    return names


def is_loopback(host: str) -> bool:
    """Whether a name or address, without its port, is that of this machine for itself."""
    host = host.lower()
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _check(holds: bool, name: str, value: object, needed: str) -> None:
    if not holds:
        flag = {"models": "model", "origins": "origin", "hosts": "allow-host"}.get(name, name.replace("_", "-"))
        raise SettingsError(f"--{flag} {value} doesn't fit: it must be {needed}.")
