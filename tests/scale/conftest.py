"""One local Ray cluster for all tests of a process: starting one takes seconds."""

from __future__ import annotations

import logging
import os
import urllib.request
from collections.abc import Iterator

import pytest

os.environ.setdefault(
    "RAY_worker_niceness", "0"
)  # Ray's workers give way to all else, and the tests have to wait for them

import mien.scale  # noqa: F401 # before Ray, which reads then what it is to keep to itself


@pytest.fixture(scope="package")
def cluster() -> Iterator[None]:
    """A local cluster of two processors, which the code under test finds connected."""
    from mien.scale import cluster

    with cluster.connected(num_cpus=2):
        yield


@pytest.fixture(scope="session")
def storage() -> Iterator[str]:
    """The address of an S3 that runs here."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(storage: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty bucket, which the code under test reaches by the usual settings."""
    import boto3

    from mien.scale import places

    settings = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in {**settings, "AWS_ENDPOINT_URL": storage}.items():
        monkeypatch.setenv(name, value)
    places._bucket.cache_clear()
    urllib.request.urlopen(f"{storage}/moto-api/reset", data=b"").close()
    boto3.client("s3", endpoint_url=storage).create_bucket(Bucket="mine")
    yield "s3://mine"
    places._bucket.cache_clear()
