"""A signature of a search's folder: Ray Tune stores pickles, which can run programs, so only searches started here are resumed."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path

from platformdirs import user_config_path

from mien import files
from mien.errors import OutputError
from mien.typed_json import JsonObject

BYTES = 32


def key_file() -> Path:
    """The path of the user's key, with which signatures are made."""
    return user_config_path("mien", appauthor=False) / "search.key"


def of(folder: Path, record: JsonObject) -> str:
    """The signature of a search, made with the user's key; a missing key is created.

    Raises:
        OutputError: the key can't be read or created.
    """
    content = json.dumps([os.path.realpath(folder), dict(record)], sort_keys=True)
    return hmac.new(_key(), content.encode(), hashlib.sha256).hexdigest()


def fits(folder: Path, record: JsonObject, seal: object) -> bool:
    """Whether a signature was made with the user's key, for this folder and this search."""
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
        raise OutputError(f"'{place}' can't be read or created: {error.strerror or error}.") from None
    if len(key) != BYTES:
        raise OutputError(f"'{place}' is damaged: remove it; earlier searches can't be resumed then.")
    return key
