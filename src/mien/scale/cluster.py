"""The Ray cluster that the work goes to: the one that RAY_ADDRESS names, one that runs on this machine, or one for this work alone."""

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
"""Where a cluster of this machine alone listens: its ports take work, that is programs, from whoever reaches them."""

PATIENCE = 10.0
"""Seconds in which a cluster's address has to take a connection; Ray itself would try for minutes."""


@contextmanager
def connected(num_cpus: int | None = None) -> Iterator[None]:
    """Be connected to a Ray cluster for a while, with Ray's errors told as mien's.

    Where this process is connected already, it stays so. Otherwise Ray's own rules say which cluster it is: ``RAY_ADDRESS``,
    else one that ``ray start`` began on this machine, else a new one on this machine that ends with the block.

    Args:
        num_cpus: processors of a cluster that is begun here; None takes all of this machine.

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
    """Tell Ray's errors as mien's; an error of mien that a worker met comes out as it went in."""
    try:
        yield
    except exceptions.RayError as error:
        raise _told(error) from None


@contextmanager
def received(say: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    """A ``say`` for workers, wherever they are: what they say is said here, in the order in which it comes."""
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


def change_folder(home: str | os.PathLike[str]) -> None:
    """Let a worker be in the folder of the one who asked, where its node has it: names in what was asked may begin there."""
    if Path(home).is_dir():
        os.chdir(home)


@contextmanager
def interrupt_kept() -> Iterator[None]:
    """Put back the handler of Ctrl-C, in place of which Ray Train and Ray Tune leave their own."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if current_thread() is main_thread():  # only there do they set one, and may one be set
            signal.signal(signal.SIGINT, before)


def _begin(num_cpus: int | None) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # reading faces is nobody else's business
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # Ray Data does what Ray's core then calls an error
    address = os.environ.get("RAY_ADDRESS", "")
    try:
        _knock(address)
        with _hushed():
            _init(address, num_cpus)
    except Exception as error:  # Ray raises just this where a machine is too busy for a node to come up in time
        reason = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
        if not address:
            raise ClusterError(f"Ray can't be started on this machine: {reason}.") from None
        raise ClusterError(
            f"No Ray cluster answers at RAY_ADDRESS={address} ({reason}): start one with  ray start --head, "
            "or unset RAY_ADDRESS to work on this machine alone."
        ) from None


def _init(address: str, num_cpus: int | None) -> None:
    """Connect to the cluster that there is, or begin one on this machine that listens to this machine alone."""
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
    """Whether a cluster at ``host:port`` is one that listens to this machine alone: Ray would look for it at the outer address."""
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
    """Let Ray take this machine's loopback address where it is asked for; on Linux it would take the one that others reach."""
    before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False  # what Ray itself does on Windows and macOS
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep off the terminal what Ray's core, which is no Python, says of its own log level; errors come as exceptions."""
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _knock(address: str) -> None:
    """Fail at once where nothing listens at ``[ray://]host:port``; other forms of address are Ray's to resolve."""
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
    """An error and what led to it; Ray wraps the worker's own in one that only looks like it."""
    while error is not None:
        yield error
        error = getattr(error, "cause", None) or error.__cause__
