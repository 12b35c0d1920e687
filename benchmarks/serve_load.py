"""Load on ``mien serve``: throughput and latency at 1, 8 and 64 clients, batches against one by one, memory, and too many clients.

    python -m benchmarks.serve_load [--requests 10000] [--out results.json]

The server is a process of its own; the clients share the machine with it. Each client sends photos (or ready-made crops) of which
it knows what must come back, and counts every answer that is another's. Throughput with batches is set against ``--batch 1``
in turns, so that both meet the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.circumstances import circumstances

import mien
from mien import images
from mien.inference.photo import Face, Reader
from mien.synthetic import drawn

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "helpers"))
import scenes

EXPRESSIONS = ("happy", "sad", "surprise", "angry", "neutral", "fear", "disgust")
Check = Callable[[dict[str, Any]], bool]


@dataclass(frozen=True)
class Job:
    """One request, ready to be sent, and the check that an answer is its own."""

    request: bytes
    right: Check


@dataclass
class Load:
    """What came of one load."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    mixed_up: int = 0

    def to_dict(self) -> dict[str, Any]:
        cuts = statistics.quantiles(self.times, n=100) if len(self.times) > 1 else self.times * 99
        times = {f"p{cut}_ms": round(1000 * cuts[cut - 1], 1) for cut in (50, 95, 99)} if self.times else {}
        answers = {str(status): count for status, count in sorted(self.statuses.items())}
        rate = round(self.statuses[200] / self.seconds, 1)
        return {"per_second": rate, **times, "answers": answers, "mixed_up": self.mixed_up}


def request(path: str, body: bytes, kind: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def photo_jobs(num: int = 28) -> list[Job]:
    """Photos of 640x480 with one face each, at places of their own."""
    reader = Reader("base", threads=1)
    jobs = []
    for number in range(num):
        photo = scenes.background(640, 480, seed=number)
        face = scenes.face(EXPRESSIONS[number % 7], 160 + 2 * number, 3 + number)
        scenes.paste(photo, face, 20 + 10 * number, 40 + 7 * number)
        data = scenes.encoded(photo, quality=90)
        jobs.append(Job(request("/v1/analyze", data, "image/jpeg"), _faces_are(reader.analyze(data))))
    return jobs


def _faces_are(faces: list[Face]) -> Check:
    def check(answer: dict[str, Any]) -> bool:
        got = answer["photos"][0]["faces"]
        return [face["box"] for face in got] == [list(face.box) for face in faces] and all(
            _are_close(face["probabilities"], other.probabilities) for face, other in zip(got, faces, strict=True)
        )

    return check


def _are_close(a: Mapping[str, float], b: Mapping[str, float]) -> bool:
    return all(abs(a[name] - value) < 1e-4 for name, value in b.items())


def crop_jobs(num: int = 56) -> list[Job]:
    """Ready-made crops of 48x48."""
    crops = drawn.draw(num, seed=3).images
    model = mien.load("base", threads=1)
    return [
        Job(
            request("/v1/classify", images.encode_png(crop), "image/png"),
            _row_is(dict(zip(model.spec.classes, row.tolist(), strict=True))),
        )
        for crop, row in zip(crops, model.probabilities(crops), strict=True)
    ]


def _row_is(row: Mapping[str, float]) -> Check:
    return lambda answer: _are_close(answer["crops"][0]["reading"]["probabilities"], row)


@contextmanager
def server(*options: str) -> Iterator[tuple[int, int]]:
    """``mien serve`` with these options: its port and its process id."""
    command = [sys.executable, "-m", "mien", "serve", "--port", "0", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    port = int(process.stderr.readline().split()[2].rsplit(":", 1)[1])
    drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)  # its log must not block it
    try:
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)
        drain.wait(30)


async def _client(port: int, jobs: list[Job], start: int, left: Iterator[int], load: Load) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in left:
        job = jobs[(start + number) % len(jobs)]
        started = time.perf_counter()
        writer.write(job.request)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        status = int(head.split(" ", 2)[1])
        length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
        body = await reader.readexactly(length)
        load.statuses[status] += 1
        if status == 200:
            load.times.append(time.perf_counter() - started)
            load.mixed_up += not job.right(json.loads(body))
        else:
            await asyncio.sleep(0.05)
        if "connection: close" in head.lower():
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


def put(port: int, jobs: list[Job], *, clients: int, requests: int) -> Load:
    """Have so many clients send so many requests in all, each as soon as its last one is answered."""
    load = Load()

    async def all_clients() -> None:
        left = iter(range(requests))
        await asyncio.gather(*(_client(port, jobs, client * 5, left, load) for client in range(clients)))

    started = time.perf_counter()
    asyncio.run(all_clients())
    load.seconds = time.perf_counter() - started
    return load


def resident(pid: int) -> float:
    """Memory of a process, in MiB."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return round(int(line.split()[1]) / 1024, 1)


def clients_and_batches(name: str, jobs: list[Job], requests: int) -> dict[str, Any]:
    """One kind of request at 1, 8 and 64 clients, and at 64 in turns with one-by-one reading."""
    result: dict[str, Any] = {}
    with server() as (port, _), server("--batch", "1") as (single, _):
        put(port, jobs, clients=8, requests=100)
        put(single, jobs, clients=8, requests=100)
        for clients in (1, 8, 64):
            load = put(port, jobs, clients=clients, requests=requests if clients > 1 else requests // 4)
            result[str(clients)] = load.to_dict()
            print(name, clients, "clients", result[str(clients)], flush=True)
        ratios = []
        for _ in range(5):
            batched = put(port, jobs, clients=64, requests=requests)
            one_by_one = put(single, jobs, clients=64, requests=requests)
            assert batched.mixed_up + one_by_one.mixed_up == 0
            ratios.append(one_by_one.seconds / batched.seconds)
        result["batches_against_one_by_one"] = {
            "ratio": round(statistics.median(ratios), 2),
            "all": [round(ratio, 2) for ratio in ratios],
        }
        print(name, "batches against one by one", result["batches_against_one_by_one"], flush=True)
    return result


def memory(jobs: list[Job], requests: int) -> dict[str, Any]:
    """Memory of the server after each tenth of many requests of 16 clients."""
    seen, bad = [], 0
    with server() as (port, pid):
        for _ in range(10):
            load = put(port, jobs, clients=16, requests=requests // 10)
            bad += load.mixed_up + sum(load.statuses.values()) - load.statuses[200]
            seen.append(resident(pid))
    return {"requests": requests, "resident_mib": seen, "not_answered_rightly": bad}


def too_many(jobs: list[Job]) -> dict[str, Any]:
    """Four times as many clients as are let in."""
    with server("--max-requests", "8", "--queue", "24") as (port, _):
        put(port, jobs, clients=8, requests=100)
        within = put(port, jobs, clients=32, requests=1000)
        beyond = put(port, jobs, clients=128, requests=3000)
    return {"32 clients, 32 places": within.to_dict(), "128 clients, 32 places": beyond.to_dict()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--requests", type=int, default=10_000, help="for the memory; the loads take a tenth")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    photos, crops = photo_jobs(), crop_jobs()
    result = {
        **circumstances("base"),
        "photos": clients_and_batches("photos", photos, arguments.requests // 10),
        "crops": clients_and_batches("crops", crops, arguments.requests // 5),
        "too_many": too_many(photos),
        "memory": memory(photos, arguments.requests),
    }
    print(json.dumps(result, indent=2))
    if arguments.out is not None:
        arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
