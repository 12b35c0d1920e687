"""Prometheus metrics."""

from __future__ import annotations

import re

import httpx

from mien.serving.metrics import Metrics

JPEG = {"Content-Type": "image/jpeg"}


def test_what_is_counted(client: httpx.Client, two_faces: bytes) -> None:
    def value(name: str) -> float:
        found = re.search(rf"^{re.escape(name)} (\S+)$", client.get("/metrics").text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    names = (
        'mien_requests_total{method="POST",route="/v1/analyze",status="200"}',
        'mien_pictures_total{outcome="read"}',
        "mien_batch_faces_sum",
    )
    before = [value(name) for name in names]
    client.post("/v1/analyze", content=two_faces, headers=JPEG)
    assert [value(name) - old for name, old in zip(names, before, strict=True)] == [1, 1, 2]
    assert value("mien_requests_inside") == 0


def test_each_app_counts_for_itself_in_the_format_of_prometheus() -> None:
    ours, other = Metrics(), Metrics()
    ours.requests.labels("/v1/analyze", "POST", "200").inc(3)
    ours.batch.observe(5)
    ours.inside.set_function(lambda: 7)
    lines = ours.text().decode().splitlines()
    assert 'mien_requests_total{method="POST",route="/v1/analyze",status="200"} 3.0' in lines
    assert "mien_requests_inside 7.0" in lines
    bounds = [line for line in lines if 'le="4.0"' in line or 'le="8.0"' in line]
    assert bounds == ['mien_batch_faces_bucket{le="4.0"} 0.0', 'mien_batch_faces_bucket{le="8.0"} 1.0']
    assert "mien_requests_total{" not in other.text().decode()
