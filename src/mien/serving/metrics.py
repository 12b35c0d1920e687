"""Prometheus metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
FACES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """The metrics of one app, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "mien_requests", "Answered requests.", ("route", "method", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "mien_request_seconds",
            "Time of requests in seconds, including their bodies.",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.inside = Gauge("mien_requests_inside", "Requests in progress or waiting.", registry=self.registry)
        self.held = Gauge("mien_bytes_held", "Bytes of request bodies in memory.", registry=self.registry)
        self.pictures = Counter("mien_pictures", "Pictures by outcome.", ("outcome",), registry=self.registry)
        self.videos = Gauge("mien_videos", "Clips on the server.", registry=self.registry)
        self.batch = Histogram("mien_batch_faces", "Batch size in faces.", buckets=FACES, registry=self.registry)

    def text(self) -> bytes:
        """The metrics in Prometheus's text format."""
        return generate_latest(self.registry)
