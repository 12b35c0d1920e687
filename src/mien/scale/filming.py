"""Read the clips of a study on a Ray cluster: one task for each clip, which goes on elsewhere if a process or a node is lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ray

from mien.progress import Lines, Progress
from mien.scale import cluster
from mien.videos.clip_reader import ClipReader, Outcome, ReadAll
from mien.videos.clips import Clip

RETRIES = 3
"""Maximum number of restarts of a clip after its process or its node was lost; it goes on from the last block."""


@dataclass(frozen=True)
class _OnRay:
    workers: int | None

    def __call__(self, clip_reader: ClipReader, clips: Sequence[Clip], progress: Progress) -> Iterator[Outcome]:
        with cluster.connected():
            num = self.workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
            yield from _read_all(replace(clip_reader, out=clip_reader.out.absolute()), clips, progress, num)


def on_ray(workers: int | None = None) -> ReadAll:
    """The function that reads clips on a Ray cluster; an argument of ``videos.study.run``.

    All nodes need access to the clips and the output folder at the same paths.

    Args:
        workers: maximum number of clips at the same time, with one core each; None for one per core of the cluster.

    Raises:
        ClusterError: when it is called: no cluster answers, or a node lacks the clip or the folder.
    """
    return _OnRay(workers)


def _read_all(clip_reader: ClipReader, clips: Sequence[Clip], progress: Progress, workers: int) -> Iterator[Outcome]:
    remote = ray.remote(_read).options(max_retries=RETRIES, num_cpus=1)
    shared = ray.put(clip_reader)
    with cluster.received(progress.line) as tell:
        todo, running, num_ended = iter(clips), list[Any](), 0
        try:
            while True:
                while len(running) < workers and (clip := next(todo, None)) is not None:
                    absolute = Clip(clip.name, os.path.abspath(clip.path))  # noqa: PTH100 # as the clips are named
                    running.append(remote.remote(shared, absolute, tell))
                if not running:
                    return
                (ended,), running = ray.wait(running)
                outcome: Outcome = ray.get(ended)
                num_ended += 1
                end = f"could not be read: {outcome.error}" if outcome.error else "read"
                progress.line(f"{num_ended} of {len(clips)} clips: {outcome.clip} {end}")
                yield outcome
        finally:
            for reference in running:
                ray.cancel(reference)


def _read(clip_reader: ClipReader, clip: Clip, tell: Callable[[str], None]) -> Outcome:
    cluster.check_paths(Path(clip.path), clip_reader.out)
    return clip_reader.read(clip, Lines(tell))
