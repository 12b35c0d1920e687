"""Connect to a Ray cluster: the one in RAY_ADDRESS, one that runs on this machine, or a temporary one."""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Thread, current_thread, main_thread
from typing import Any

import ray
from ray import exceptions
from ray._private import ray_constants, services
from ray._private.utils import read_ray_address
from ray.util.queue import Queue

import mien
from mien.errors import ClusterError, MienError

LOOPBACK = "127.0.0.1"
"""Address of a local cluster: its ports accept work, that is programs, from anyone who can connect."""

PATIENCE = 10.0
"""Timeout in seconds for a connection to a cluster; Ray itself would try for minutes."""


@contextmanager
def connected(num_cpus: int | None = None) -> Iterator[None]:
    """Connect to a Ray cluster inside the block; Ray's errors become mien's.

    An existing connection of this process is used. Otherwise Ray's rules apply: ``RAY_ADDRESS``, else a cluster that ``ray start``
    started on this machine, else a new one on this machine, which ends with the block.

    Args:
        num_cpus: CPU cores of a new cluster; None for all of this machine.

    Raises:
        ClusterError: no cluster answers, or one of its nodes can't do the work.
    """
    ours = not ray.is_initialized()
    if ours:
        _begin(num_cpus)
    try:
        with translated_errors():
            yield
    finally:
        if ours:
            ray.shutdown()


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn Ray's errors into mien's; an error of mien raised by a worker is raised unchanged."""
    try:
        yield
    except exceptions.RayError as error:
        raise _told(error) from None


@contextmanager
def received(say: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    """Yield a ``say`` for workers on any node: their messages are passed to ``say`` of this process, in order."""
    lines = Queue(actor_options={"num_cpus": 0})

    def listen() -> None:
        while (line := lines.get()) is not None:
            say(line)

    listener = Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield lines.put
    finally:
        lines.put(None)
        listener.join()
        lines.shutdown()


def check_paths(*paths: Path) -> None:
    """Check that this node has all paths.

    Raises:
        ClusterError: it lacks one.
    """
    for path in paths:
        if not path.exists():
            raise ClusterError(
                f"The node {socket.gethostname()} can't see '{path}': put data and results on storage that all nodes have "
                "at the same path."
            )


def change_folder(home: str | os.PathLike[str]) -> None:
    """Change a worker's folder to that of the caller, if its node has it, as relative paths start there."""
    if Path(home).is_dir():
        os.chdir(home)


@contextmanager
def interrupt_kept() -> Iterator[None]:
    """Restore the handler of Ctrl-C, which Ray Train and Ray Tune replace."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if current_thread() is main_thread():  # handlers can be set only there
            signal.signal(signal.SIGINT, before)


def _begin(num_cpus: int | None) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # privacy: no usage statistics
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # Ray's core logs normal actions of Ray Data as errors
    address = os.environ.get("RAY_ADDRESS", "")
    try:
        _knock(address)
        with _hushed():
            _init(address, num_cpus)
    except Exception as error:  # Ray raises a plain Exception if a node doesn't start in time
        reason = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
        if not address:
            raise ClusterError(f"Ray can't be started on this machine: {reason}.") from None
        raise ClusterError(
            f"No Ray cluster answers at RAY_ADDRESS={address} ({reason}): start one with  ray start --head, "
            "or unset RAY_ADDRESS to work on this machine alone."
        ) from None


def _init(address: str, num_cpus: int | None) -> None:
    """Connect to the existing cluster, or start one on this machine that accepts only local connections."""
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if address != "local":
        try:
            with _loopback() if _is_private(address or read_ray_address() or "") else nullcontext():
                ray.init("auto", **quiet)
        except ConnectionError:
            if address:
                raise
        else:
            return
    with _loopback():
        ray.init("local", num_cpus=num_cpus, _node_ip_address=LOOPBACK, include_dashboard=False, **quiet)


def _is_private(address: str) -> bool:
    """Whether a cluster at ``host:port`` accepts only local connections: Ray would try the external address."""
    host, _, port = address.rpartition(":")
    if not services.is_localhost(host) or not port.isdigit():
        return False
    try:
        socket.create_connection((services.get_node_ip_address(), int(port)), PATIENCE).close()
    except OSError:
        return True
    return False


@contextmanager
def _loopback() -> Iterator[None]:
    """Make Ray use the loopback address if requested; on Linux it would use the external address."""
    before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False  # as Ray itself does on Windows and macOS
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep the log of Ray's core (C++) off the terminal; errors are raised as exceptions."""
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _knock(address: str) -> None:
    """Fail at once if nothing listens at ``[ray://]host:port``; other forms of address are resolved by Ray."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host, int(port)), PATIENCE).close()


def _told(error: exceptions.RayError) -> MienError:
    for cause in _causes(error):
        if isinstance(cause, MienError) and not isinstance(cause, exceptions.RayError):
            return cause
        if isinstance(cause, ModuleNotFoundError) and cause.name:
            return ClusterError(
                f"A node of the cluster lacks the package '{cause.name}': install mien[scale] {mien.__version__} on every node."
            )
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return ClusterError(f"The cluster could not do the work: {lines[-1].rstrip('.')}.")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and its causes; Ray wraps the worker's own exception in a lookalike."""
    while error is not None:
        yield error
        error = getattr(error, "cause", None) or error.__cause__
