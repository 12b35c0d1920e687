from __future__ import annotations

import importlib
import socket

import pytest
import ray

from mien.errors import ClusterError, DataError
from mien.scale import cluster as clusters

pytestmark = pytest.mark.ray


def test_an_address_where_no_cluster_answers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:  # bound, but nothing listens there
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", address)
        with (
            pytest.raises(ClusterError, match=f"No Ray cluster answers at RAY_ADDRESS={address}.*unset RAY_ADDRESS"),
            clusters.connected(),
        ):
            pass


def test_an_error_of_mien_comes_out_of_a_worker_as_it_went_in(cluster: None) -> None:
    @ray.remote(num_cpus=1, max_retries=0)
    def work() -> None:
        raise DataError("There is nothing here.")

    with pytest.raises(DataError, match=r"^There is nothing here\.$"), clusters.connected():
        ray.get(work.remote())


def test_a_node_without_a_package_is_named(cluster: None) -> None:
    @ray.remote(num_cpus=1, max_retries=0)
    def work() -> None:
        importlib.import_module("no_such_package")

    with (
        pytest.raises(ClusterError, match="lacks the package 'no_such_package': install mien\\[scale\\]"),
        clusters.connected(),
    ):
        ray.get(work.remote())


def test_another_error_is_told_in_one_line(cluster: None) -> None:
    @ray.remote(num_cpus=1, max_retries=0)
    def work() -> None:
        raise ZeroDivisionError("by nothing")

    with (
        pytest.raises(ClusterError, match=r"^The cluster could not do the work: .*by nothing\.$"),
        clusters.connected(),
    ):
        ray.get(work.remote())
