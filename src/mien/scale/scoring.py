"""Predict millions of photos: parts are spread over a Ray cluster, and each part's rows are one file.

A part is finished if its file exists, and files are written atomically. So nothing is lost or predicted twice if a worker or node
dies: Ray gives the part to another worker, and a resumed run skips finished parts.
"""

from __future__ import annotations

import io
import logging
import os
import pickle
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import ray
import ray.data
from numpy.typing import NDArray
from pyarrow import parquet

from mien import modelfile
from mien.errors import ClusterError, MienError, OutputError
from mien.inference import pretrained, records, stream
from mien.inference.options import PhotoOptions
from mien.inference.photo import Reader
from mien.scale import cluster, places, plan, sources

STATUSES = ("face", "no_face", "error")
BLOCKS = 4096
"""Maximum number of Ray tasks for the parts; Ray needs some memory for each."""

FETCHES = 4
"""Photos that a worker fetches and decodes in parallel: with one, it would mostly wait for the bucket."""

ENVIRONMENT = ("AWS_", "GOOGLE_")
"""Prefixes of the environment variables for access to buckets."""


@dataclass(frozen=True)
class Part:
    """A finished part.

    Attributes:
        number: index of the part.
        parts: number of parts.
        photos: number of photos in the part.
        counts: number of rows of each status.
        before: whether it was finished by an earlier run.
    """

    number: int
    parts: int
    photos: int
    counts: Counter[str]
    before: bool


def score(
    named: Sequence[str], out: str, options: PhotoOptions, *, resume: bool = False, workers: int | None = None
) -> Generator[Part, None, None]:
    """Score photos into a folder of Parquet parts with the columns of ``records.columns``, on a Ray cluster.

    Args:
        named: folders of photos, photos, Parquet files and tars, on storage that all nodes share or in a bucket; or patterns.
        out: a folder that all nodes share, or one in a bucket.
        options: settings that the rows depend on.
        resume: resume a stopped run; a complete one is left as it is.
        workers: number of processes with one CPU core each; None for one per core of the cluster.

    Yields:
        The parts as they are finished, in any order.

    Raises:
        DataError: a source can't be listed or read, or is damaged. Finished parts are kept, for ``resume``.
        OutputError: the folder can't be written to, or has other contents.
        ModelFileError: there is no such model.
        ClusterError: no cluster answers, or its nodes can't do the work.
    """
    out = out if places.is_remote(out) else os.path.abspath(out)  # noqa: PTH100 # a Path would eat the slashes of s3://
    with plan.held(out):
        if not plan.check(out, resume=resume):
            yield from _scored_all(named, out, options, resume, workers)


def _scored_all(
    named: Sequence[str], out: str, options: PhotoOptions, resume: bool, workers: int | None
) -> Iterator[Part]:
    local = any(not places.is_remote(name) and not Path(name).is_absolute() for name in named)
    model = pretrained.resolve(options.model)
    Reader(model, options, threads=1)  # refuses bad options before the work begins
    settings = asdict(options) | {
        "model": modelfile.sha256(model),
        "sources": list(named),
        "folder": os.getcwd() if local else None,  # noqa: PTH109
    }
    total: Counter[str] = Counter(dict.fromkeys(STATUSES, 0))
    with cluster.connected():
        parts = (plan.take_up(out, settings) if resume else 0) or plan.begin(out, named, settings)
        job = Job(out, options, os.getcwd(), _environment())  # noqa: PTH109
        for part in _scored(job, ray.put(model.read_bytes()), parts, workers):
            total += part.counts
            total["photos"] += part.photos
            yield part
    plan.finish(out, total)


@dataclass(frozen=True)
class Job:
    """The settings of a worker.

    Attributes:
        out: folder of the plan and the parts.
        options: settings that the rows depend on.
        folder: working folder for relative names.
        environment: environment variables for access to the buckets.
    """

    out: str
    options: PhotoOptions
    folder: str
    environment: dict[str, str]


class Scorer:
    """A worker: holds the models, and scores parts.

    Args:
        job: its settings.
        model: content of the model file, in Ray's object store.
    """

    def __init__(self, job: Job, model: Any) -> None:
        os.environ.update(job.environment)
        cluster.change_folder(job.folder)
        self.job = job
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "model.onnx")
            file.write_bytes(ray.get(model))
            self.reader = Reader(file, job.options, threads=1)

    def __call__(self, batch: dict[str, NDArray[Any]]) -> dict[str, list[Any]]:
        """Score one part, or skip it if it is finished; returns the number of photos and rows, or the error."""
        number = int(batch["item"][0])
        try:
            row = {"failed": b"", **self._score(number)}
        except MienError as error:  # Ray Data would turn it into text with a traceback
            row = {"failed": pickle.dumps(error), **dict.fromkeys(("photos", "before", *STATUSES), 0)}
        return {name: [value] for name, value in {"number": number, **row}.items()}

    def _score(self, number: int) -> dict[str, int]:
        place = plan.part(self.job.out, number)
        before = places.kind(place) is not None
        if not before:
            places.put(place, self._rows(number))
        with places.opened(place) as file:
            try:
                table = parquet.read_table(file, columns=["status", "face"])
            except (pa.ArrowException, OSError, ValueError, LookupError):
                raise OutputError(f"'{place}' is damaged: remove it, and resume with --resume.") from None
        statuses = Counter(table["status"].to_pylist())
        photos = sum(not face for face in table["face"].to_pylist())  # the first face, or none
        return {"photos": photos, "before": int(before)} | {name: statuses[name] for name in STATUSES}

    def _rows(self, number: int) -> io.BytesIO:
        """The Parquet file of a part; it is kept in memory, without pixels."""
        photos = (photo for member in plan.members(self.job.out, number) for photo in sources.photos(member))
        content = io.BytesIO()
        writer = records.ParquetWriter(content, records.columns(self.reader.classifier.spec.classes))
        for reading in stream.read_photos(self.reader, photos, crops=self.job.options.crops, workers=FETCHES):
            for row in records.rows_of(reading):
                writer.write(row)
        writer.close()
        content.seek(0)
        return content


def _scored(job: Job, model: Any, parts: int, workers: int | None) -> Iterator[Part]:
    _hush()
    workers = min(workers or int(ray.cluster_resources().get("CPU", 0)), parts)
    if not workers:
        raise ClusterError("The cluster has no CPU core for the work: add a node to it.")
    done = ray.data.from_items(list(range(parts)), override_num_blocks=min(parts, BLOCKS)).map_batches(
        Scorer,
        fn_constructor_args=(job, model),
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=workers, max_tasks_in_flight_per_actor=1),
        num_cpus=1,
    )
    for row in done.iter_rows():
        if row["failed"]:
            raise pickle.loads(row["failed"])
        counts = Counter({name: int(row[name]) for name in STATUSES})
        yield Part(int(row["number"]), parts, int(row["photos"]), counts, bool(row["before"]))


def _hush() -> None:
    """Keep the progress bars and messages of Ray Data off the terminal."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(ENVIRONMENT)}
