"""What a measured figure depends on beside the code: it stands beside the figures, printed and in JSON."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import mien
from mien import modelfile
from mien.run import processor

RESULTS = Path(__file__).parent / "results"


def commit() -> str:
    """The commit whose code is measured, and a + where files were changed since; empty outside a repository."""
    git = ["git", "-C", str(RESULTS), "describe", "--always", "--dirty=+", "--exclude", "*"]
    return subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()


def circumstances(*models: str) -> dict[str, Any]:
    """Date, machine and versions, and the SHA-256 of the model files that were run, by name."""
    hashes = {name: modelfile.sha256(mien.load(name).path) for name in models}
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "mien": mien.__version__,
        "commit": commit(),
        "onnxruntime": metadata.version("onnxruntime"),
    } | ({"models": hashes} if hashes else {})
