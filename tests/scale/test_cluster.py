from __future__ import annotations

import importlib
import json
import re
import socket
from pathlib import Path

import jsonschema
import pytest
import ray
import yaml

from mien.errors import ClusterError, DataError, MienError, MissingExtraError
from mien.scale import cluster as clusters

pytestmark = pytest.mark.several


def test_an_address_where_no_cluster_answers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:  # bound, but nothing listens there
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", address)
        monkeypatch.setattr(ray, "is_initialized", lambda: False)  # whatever other tests have begun
        with (
            pytest.raises(ClusterError, match=f"No Ray cluster answers at RAY_ADDRESS={address}.*unset RAY_ADDRESS"),
            clusters.connected(),
        ):
            pass


@pytest.mark.parametrize("error", [DataError("There is nothing here."), MissingExtraError("torch", "train")])
def test_an_error_of_mien_comes_out_of_a_worker_as_it_went_in(cluster: None, error: MienError) -> None:
    @ray.remote(num_cpus=1, max_retries=0)
    def work() -> None:
        raise error

    with pytest.raises(type(error), match=f"^{re.escape(str(error))}$") as raised, clusters.connected():
        ray.get(work.remote())
    assert type(raised.value) is type(error)
    assert vars(raised.value) == vars(error)


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


DEPLOY = Path(__file__).parents[2] / "deploy"


def test_the_launchers_file_is_what_ray_takes() -> None:
    schema = Path(ray.__file__).parent / "autoscaler" / "ray-schema.json"
    told = yaml.safe_load((DEPLOY / "ray-up.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(told, json.loads(schema.read_text(encoding="utf-8")))
    assert told["head_node_type"] in told["available_node_types"]


def test_every_node_runs_a_ray_that_the_extra_asks_for() -> None:
    files = [DEPLOY / name for name in ("ray-up.yaml", "kuberay.yaml", "ray.Containerfile")]
    named = [re.findall(r"(?:ray:|rayVersion: \")([\d.]+)", file.read_text(encoding="utf-8")) for file in files]
    least = re.findall(r"ray\[[a-z,]+\]>=([\d.]+)", (DEPLOY.parent / "pyproject.toml").read_text(encoding="utf-8"))
    assert [set(versions) for versions in named] == [{f"{least[0]}.0"}] * len(files)


def test_the_kubernetes_cluster_starts_empty_and_shares_a_folder() -> None:
    told = yaml.safe_load((DEPLOY / "kuberay.yaml").read_text(encoding="utf-8"))
    groups = [told["spec"]["headGroupSpec"], *told["spec"]["workerGroupSpecs"]]
    pods = [group["template"]["spec"] for group in groups]
    assert [group.get("minReplicas", 0) for group in groups] == [0, 0]
    assert len({str(pod["volumes"]) for pod in pods}) == 1
    assert {container["image"] for pod in pods for container in pod["containers"]} == {"mien-ray"}
