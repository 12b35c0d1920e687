"""The command ``mien``, also as ``python -m mien``: what a Ctrl-C meets at any moment, from the first import on."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

STOPPED = 130
"""Exit code of what was stopped from the keyboard, as shells have it: 128 and the number of the signal."""

AGAIN = 0.05
"""Seconds after which a Ctrl-C comes again that Python had to drop."""

_again: list[threading.Timer] = []


def main() -> None:
    """Run the command line. A Ctrl-C ends it in order; a second one ends it at once, whatever it is doing."""
    signal.signal(signal.SIGINT, _interrupt)
    sys.unraisablehook = _dropped
    threading.excepthook = _in_thread
    try:
        from mien.cli import main as run

        run()
    except KeyboardInterrupt:  # while it was being loaded, or while it was ending
        os.write(2, b"mien: stopped.\n")
        sys.exit(STOPPED)
    finally:
        for timer in _again:  # a Ctrl-C that has been heard meanwhile
            timer.cancel()
        # Where a Ctrl-C came in exec(), as dataclasses use it, CPython ends by the signal, whatever the exit code, until the next exec().
        exec("")


def _interrupt(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    raise KeyboardInterrupt


def _dropped(problem: Any) -> None:
    """A Ctrl-C that came where Python can't raise anything, such as in a destructor, comes again a moment later."""
    if not issubclass(problem.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(problem)
        return
    if any(timer.is_alive() for timer in _again):  # one Ctrl-C may be dropped at several places
        return
    signal.signal(signal.SIGINT, _interrupt)
    timer = threading.Timer(AGAIN, _send)
    timer.daemon = True
    _again.append(timer)
    timer.start()


def _send() -> None:
    """Send a Ctrl-C to this process, which ends what the main thread is waiting for."""
    if sys.platform == "win32":
        signal.raise_signal(signal.SIGINT)  # os.kill would end the process there
    else:
        os.kill(os.getpid(), signal.SIGINT)


def _in_thread(problem: Any) -> None:
    """A thread that fails because the work was stopped has nothing to tell."""
    if signal.getsignal(signal.SIGINT) is _interrupt:
        threading.__excepthook__(problem)


if __name__ == "__main__":
    main()
