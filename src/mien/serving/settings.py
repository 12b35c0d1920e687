"""Settings of the server, checked before it starts."""

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
from mien.inference.session import Device

KEYS = "MIEN_API_KEYS"
"""Environment variable with the API keys."""

LEAST_KEY = 16
"""Minimum length of an API key, in characters; shorter ones can be guessed."""


@dataclass(frozen=True)
class Settings:
    """All settings of the server; each is an option of ``mien serve`` and a variable ``MIEN_*``.

    Raises:
        SettingsError: a setting has the wrong type or is out of range.
    """

    host: str = "127.0.0.1"
    """Address to listen on; the default accepts connections from this machine only."""
    port: int = 8000
    """Port to listen on; 0 chooses a free one."""
    models: tuple[str, ...] = ("base",)
    """Pretrained models or model files to serve; the first one is the default."""
    min_confidence: float = MIN_SCORE
    """Minimum face-detection score."""
    abstain: float = 0.0
    """Faces whose most probable expression is less probable than this are marked as abstained."""
    flip: bool = False
    """Whether each face is averaged with its mirror image."""
    decision: str = ARGMAX
    """Decision rule of all models: argmax, or a decision in each model file."""
    prior: str | None = None
    """Class shares in use, such as ``neutral=0.5,happy=0.3``; a request may state its own."""
    device: Device = "cpu"
    """Device of the models: ``cpu``, ``cuda``, ``coreml``, or ``auto`` for the first of CUDA, CoreML and CPU that can be used."""
    rotate: bool = True
    """Whether other orientations are tried if no face is clearly upright."""
    detail: str = "normal"
    """Search for small faces: ``low``, ``normal`` or ``high``."""
    threads: int = 0
    """Photos processed in parallel, and threads per run of a model; 0 is one per core."""
    batch: int = 64
    """Maximum batch size, in faces."""
    batch_wait: float = 2.0
    """Maximum time to wait for faces of other requests, in milliseconds."""
    max_body: int = 16 * 2**20
    """Maximum size of a request body, in bytes."""
    max_pixels: int = images.MAX_PIXELS
    """Maximum size of a picture, in pixels."""
    max_files: int = 32
    """Maximum number of files per request."""
    max_faces: int = 100
    """Maximum number of faces per photo, the most confident first."""
    max_requests: int = 64
    """Maximum number of requests processed in parallel."""
    queue: int = 64
    """Maximum number of waiting requests; further ones get 503."""
    max_video: int = 200 * 2**20
    """Maximum size of a clip, in bytes; 0 accepts none."""
    max_video_seconds: float = 300.0
    """Maximum length of a clip, in seconds."""
    max_videos: int = 4
    """Maximum number of clips on the server: one is analysed, the others wait or keep their results; further ones get 503."""
    video_ttl: float = 120.0
    """Seconds after the last request about a clip until it is deleted with its results; one that is being analysed is cancelled."""
    timeout: float = 30.0
    """Maximum time of a request in seconds, including its body."""
    grace: float = 2.0
    """Seconds after SIGTERM during which new requests are still answered, while /readyz returns 503."""
    root_path: str = ""
    """Path prefix of the server behind a proxy, such as ``/mien``, whether or not the proxy removes it."""
    hosts: tuple[str, ...] = ()
    """Allowed host names, beyond those of ``guard.Hosts``; ``*.example.org`` allows all subdomains, ``*`` any name.
    ``--allow-host``, ``MIEN_HOSTS``."""
    keys: tuple[str, ...] = ()
    """API keys; if there are none, no key is needed. ``MIEN_API_KEYS``, not an option, as other users can see options."""
    origins: tuple[str, ...] = ()
    """Web sites whose pages may call the API from a browser (CORS), such as ``https://example.org``."""

    def __post_init__(self) -> None:
        if not isinstance(self.keys, tuple) or not all(isinstance(key, str) for key in self.keys):
            raise SettingsError("The API keys must be a tuple of strings.")  # the keys are never printed
        checks.check_fields(self, SettingsError, "--")
        for name in ("batch", "max_body", "max_pixels", "max_files", "max_faces", "max_requests", "max_videos"):
            _check(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in ("threads", "queue", "batch_wait", "grace", "max_video"):
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
        for name, least in (("max_video_seconds", 1), ("video_ttl", 5)):
            _check(least <= getattr(self, name) <= 86_400, name, getattr(self, name), f"from {least} to 86400 seconds")
        _check(0 < self.timeout <= 3600, "timeout", self.timeout, "above 0 and at most 3600 seconds")
        _check(self.max_body <= images.MAX_BYTES, "max_body", self.max_body, f"at most {images.MAX_BYTES:,} bytes")
        _check(len(self.models) > 0, "models", "", "at least one model")
        names = [Path(model).stem for model in self.models]
        _check(len(set(names)) == len(names), "models", " ".join(self.models), "models with different file names")
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
        """Whether it accepts connections from this machine only."""
        return is_loopback(self.host)

    @property
    def reading(self) -> Options:
        """Options of prediction."""
        names = [field.name for field in dataclasses.fields(Options)]
        return Options(**{name: getattr(self, name) for name in names})

    @property
    def workers(self) -> int:
        """Number of threads that decode photos and detect faces."""
        return self.threads or os.cpu_count() or 1


def keys_from(text: str | None) -> tuple[str, ...]:
    """API keys from an environment variable, separated by blanks or commas; none if it is empty.

    Raises:
        SettingsError: it is not empty but has no key, so the user wants keys to be required.
    """
    return names_from(text, KEYS, "key")


def names_from(text: str | None, variable: str, kind: str = "name") -> tuple[str, ...]:
    """Names from an environment variable, separated by blanks or commas; none if it is empty.

    Raises:
        SettingsError: it is not empty but has no name.
    """
    names = tuple((text or "").replace(",", " ").split())
    if text and not names:
        raise SettingsError(f"{variable} is set, but has no {kind} in it: add one, or unset the variable.")
    return names


def is_loopback(host: str) -> bool:
    """Whether a name or address, without its port, is loopback."""
    host = host.lower()
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _check(holds: bool, name: str, value: object, needed: str) -> None:
    if not holds:
        flag = {"models": "model", "origins": "origin", "hosts": "allow-host"}.get(name, name.replace("_", "-"))
        raise SettingsError(f"--{flag} {value} doesn't fit: it must be {needed}.")
