"""The log: one JSON object per line, on standard error."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import warnings


class JsonFormatter(logging.Formatter):
    """A record as JSON: time, level, event, and what was given as ``extra={"fields": {...}}``."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record as one line."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{record.msecs:03.0f}Z"
        line = {"time": at, "level": record.levelname.lower(), "event": record.getMessage()}
        return json.dumps(line | getattr(record, "fields", {}), ensure_ascii=False)


def start() -> None:
    """Send the logs of mien and uvicorn to standard error, and discard all other output there.

    Messages of C libraries on damaged pictures, and of parsers on damaged forms, may quote received data.
    """
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    os.close(silence)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    for name, level in (("mien.serving", logging.INFO), ("uvicorn.error", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
    logging.getLogger().addHandler(logging.NullHandler())  # discards the logs of other libraries
    warnings.simplefilter("ignore")
