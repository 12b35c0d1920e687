"""What a measured figure depends on beside the code: it stands beside the figures, printed and in JSON."""

from __future__ import annotations

import os
import platform
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import mien
from mien import modelfile
from mien.run import git_commit, processor

RESULTS = Path(__file__).parent / "results"


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
        "commit": git_commit(),
        "onnxruntime": metadata.version("onnxruntime"),
    } | ({"models": hashes} if hashes else {})
