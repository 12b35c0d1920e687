"""Memory at its peak while a picture of 49 megapixels is decoded, in bytes a pixel, for each kind of picture.

    python -m benchmarks.decode_memory

Each kind is decoded in a process of its own, whose peak is set against the one before decoding (Linux).
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 7000

DECODE = """
import re, sys
from pathlib import Path
from mien import images
data = Path(sys.argv[1]).read_bytes()
peak = lambda: 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before = peak()
pixels = images.decode(data)
print((peak() - before) / (pixels.shape[0] * pixels.shape[1]))
"""

KINDS: dict[str, tuple[NDArray[Any], str]] = {
    "JPEG": (np.zeros((SIDE, SIDE, 3), np.uint8), "JPEG"),
    "PNG with alpha": (np.zeros((SIDE, SIDE, 4), np.uint8), "PNG"),
    "PNG, 16 bits": (np.zeros((SIDE, SIDE), np.uint16), "PNG"),
    "TIFF, 32 bits": (np.zeros((SIDE, SIDE), np.float32), "TIFF"),
}


def main() -> None:
    for name, (pixels, kind) in KINDS.items():
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, kind, **({"compression": "tiff_adobe_deflate"} if kind == "TIFF" else {}))
        with tempfile.NamedTemporaryFile() as file:
            Path(file.name).write_bytes(buffer.getvalue())
            done = subprocess.run([sys.executable, "-c", DECODE, file.name], capture_output=True, text=True, check=True)
        print(f"{name}: {float(done.stdout):.0f} bytes a pixel", flush=True)


if __name__ == "__main__":
    main()
