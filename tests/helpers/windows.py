"""mien as it meets Windows, as far as that can be had on Linux: ``python windows.py VERB ... [-- VERB ...]``.

No POSIX module, none of POSIX's functions in ``os``, no locks, and a file that is open or mapped can't be replaced, renamed or deleted.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

OTHERS = """asyncio click concurrent.futures ctypes jinja2 latex2mathml.converter markdown_it matplotlib.pyplot multiprocessing
numpy onnx onnxruntime onnxscript PIL.ImageDraw PIL.ImageFont platformdirs pyarrow.csv pyarrow.parquet safetensors.torch
scipy.optimize scipy.stats sklearn.calibration sklearn.linear_model sklearn.metrics sklearn.model_selection subprocess tempfile torch
torch.onnx torch.nn.utils.parametrize zipfile av"""

MODULES = ("fcntl", "grp", "pwd", "resource", "termios")

FUNCTIONS = """chown fchmod fchown fork forkpty geteuid getgid getloadavg getuid killpg lchown lockf mkfifo mknod nice posix_fadvise
posix_fallocate sched_getaffinity sched_setaffinity setsid statvfs sync sysconf uname O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK"""


def is_open(path: Path) -> bool:
    """Whether this process has the file open or mapped."""
    real = str(path.resolve())
    opened = set()
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the listing itself
            opened.add(str(link.readlink()))
    mapped = (
        line.split(maxsplit=5)[-1].strip() for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    )
    return real in opened or real in mapped


def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, for files that are not in use."""

    def call(*paths: Any, **options: Any) -> Any:
        for path in paths:
            if isinstance(path, str | os.PathLike) and Path(path).is_file() and is_open(Path(path)):
                raise PermissionError(
                    13, "The process cannot access the file because it is being used by another process", path
                )
        return function(*paths, **options)

    return call


def become_windows() -> None:
    """Change ``os``, ``shutil`` and ``sys`` for the rest of the process."""
    for name in OTHERS.split():
        importlib.import_module(name)
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment] # makes an import fail
    for name in FUNCTIONS.split():
        if hasattr(os, name):
            delattr(os, name)
    for name in ("replace", "rename", "unlink", "remove"):
        setattr(os, name, guarded(getattr(os, name)))
    shutil._use_fd_functions = False  # type: ignore[attr-defined] # removes by path, as there
    windows = types.SimpleNamespace(**{**vars(sys), "platform": "win32"})
    sys.platform = "win32"
    from mien import files, locks

    sys.platform = "linux"  # for other packages, which have Windows builds of their own
    for module in (files, locks):
        module.sys = windows  # type: ignore[attr-defined]


def main() -> None:
    become_windows()
    from mien import cli

    words = sys.argv[1:]
    while words:
        end = words.index("--") if "--" in words else len(words)
        try:
            cli.main(words[:end])
        except SystemExit as stop:
            if stop.code:
                raise
        words = words[end + 1 :]


if __name__ == "__main__":
    main()
