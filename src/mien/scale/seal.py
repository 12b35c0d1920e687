"""The seal of a search's folder: Ray Tune keeps a search as pickles, which run like a program, so only one begun here is gone on with."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from mien import files
from mien.errors import OutputError

BYTES = 32


def key_file() -> Path:
    """Where the user's own key lies, with which seals are made."""
    return user_config_path("mien", appauthor=False) / "search.key"


def of(folder: Path, record: Mapping[str, Any]) -> str:
    """The seal of what a folder's search is, made with the user's key; the key is made where there is none.

    Raises:
        OutputError: the key can't be read or made.
    """
    told = json.dumps([os.path.realpath(folder), dict(record)], sort_keys=True)
    return hmac.new(_key(), told.encode(), hashlib.sha256).hexdigest()


def fits(folder: Path, record: Mapping[str, Any], seal: object) -> bool:
    """Whether a seal was made with the user's key, for this folder and this search."""
    return isinstance(seal, str) and hmac.compare_digest(seal.encode("utf-8", "replace"), of(folder, record).encode())


def _key() -> bytes:
    place = key_file()
    try:
        if not place.exists():
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with files.atomic_write(place, mode=0o600) as temporary:
                temporary.write_bytes(secrets.token_bytes(BYTES))
        key = place.read_bytes()
    except OSError as error:
        raise OutputError(f"'{place}' can't be read or made: {error.strerror or error}.") from None
    if len(key) != BYTES:
        raise OutputError(f"'{place}' is damaged: remove it; searches begun before can't be gone on with then.")
    return key
