"""One local Ray cluster for all tests of a process: starting one takes seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import mien.scale  # noqa: F401 # before Ray, which reads then what it is to keep to itself


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """A local cluster of two processors, which the code under test finds connected."""
    from mien.scale import cluster

    with cluster.connected(num_cpus=2):
        yield
