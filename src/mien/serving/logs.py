"""The log: one JSON object a line, on standard error."""

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
        """The record's line."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{record.msecs:03.0f}Z"
        line = {"time": at, "level": record.levelname.lower(), "event": record.getMessage()}
        return json.dumps(line | getattr(record, "fields", {}), ensure_ascii=False)


def start() -> None:
    """Send mien's and uvicorn's words to standard error, and nothing else that is said there.

    What C libraries print on damaged pictures, and parsers on damaged forms, may quote what was received.
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
    logging.getLogger().addHandler(logging.NullHandler())  # what other libraries log
    warnings.simplefilter("ignore")
