"""The log of the server: one JSON object per line."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

from mien.serving.logs import JsonFormatter


def record(**extra: object) -> logging.LogRecord:
    made = logging.LogRecord("mien.serving", logging.WARNING, __file__, 1, "answered %s", ("it",), None)
    made.created, made.msecs = 1_700_000_000.25, 250.0
    made.__dict__.update(extra)
    return made


def test_a_record_is_one_line_with_its_fields() -> None:
    line = JsonFormatter().format(record(fields={"status": 200, "path": "/é\n"}))
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2023-11-14T22:13:20.250Z", "level": "warning", "event": "answered it", "status": 200, "path": "/é\n",
    }  # fmt: skip


def test_without_fields_there_are_three() -> None:
    assert list(json.loads(JsonFormatter().format(record()))) == ["time", "level", "event"]


def test_only_the_server_s_own_lines_reach_standard_error() -> None:
    code = """
import logging, os, sys, warnings
from mien.serving import logs
logs.start()
logging.getLogger("mien.serving").info("ours", extra={"fields": {"n": 1}})
logging.getLogger("uvicorn.error").info("too little")
logging.getLogger("others").error("secret of a parser")
warnings.warn("secret of a package")
os.write(2, b"secret of a C library\\n")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    (line,) = done.stderr.splitlines()
    assert {key: value for key, value in json.loads(line).items() if key != "time"} == {
        "level": "info",
        "event": "ours",
        "n": 1,
    }
