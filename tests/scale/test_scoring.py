"""Scoring on a cluster: the rows of one process, whoever dies."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import ray
from pyarrow import fs, parquet

import scenes
from mien.data import store
from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.inference import records, stream
from mien.inference.options import PhotoOptions
from mien.inference.photo import Reader
from mien.scale import places, plan, scoring
from packs import write_table, write_tar

pytestmark = pytest.mark.several

NUM_COPIES = 6

Row = dict[str, Any]
Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 photos: of no face, one and two faces, and a file that is no picture."""
    folder = tmp_path_factory.mktemp("album")
    kinds: list[tuple[str, ...]] = [("happy",), (), ("happy", "sad"), ("surprise",)]
    photos = [scenes.encoded(scenes.scene(kind, width=320, height=200, side=150), quality=90) for kind in kinds]
    for number in range(23):
        (folder / f"{number:02}.jpg").write_bytes(photos[number % 4])
    (folder / "bad.jpg").write_bytes(b"no picture")
    return folder


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "PHOTOS", 4)


def expected(options: PhotoOptions, photos: list[str]) -> list[Row]:
    """The flat rows of one process, with every column."""
    reader = Reader(options.model, options, threads=1)
    names = records.columns(reader.classifier.spec.classes)
    readings = stream.read_photos(reader, photos, crops=options.crops)
    flat = (records.flat(row) for reading in readings for row in records.rows_of(reading))
    return [{name: row.get(name) for name in names} for row in flat]


def written(out: str | Path) -> list[Row]:
    """The rows of all parts in their order, read as anyone would."""
    system, path = fs.FileSystem.from_uri(str(out)) if places.is_remote(str(out)) else (None, str(out))
    rows: list[Row] = parquet.read_table(path, filesystem=system).to_pylist()
    return rows


def renamed(rows: list[Row], name: Callable[[str], str]) -> list[Row]:
    """Rows of photos that lie elsewhere; what is wrong with one is told without its path."""
    return [
        row
        | {
            "photo": name(row["photo"]),
            "error": row["error"] and row["error"].replace(f"'{row['photo']}'", "the picture"),
        }
        for row in rows
    ]


def test_folders_tables_and_tars_give_the_rows_of_one_process(cluster: None, album: Path, tmp_path: Path) -> None:
    files = sorted(album.iterdir())
    table = write_table(
        tmp_path / "t.parquet", [{"image": {"bytes": f.read_bytes(), "path": f.name}} for f in files], groups=3
    )
    tar = write_tar(tmp_path / "t.tar", {f.name: f.read_bytes() for f in files})
    options = PhotoOptions("tiny", min_confidence=0.7, abstain=0.6, flip=True)
    parts = list(scoring.score([str(album), str(table), str(tar)], str(tmp_path / "out"), options))
    rows = expected(options, [str(file) for file in files])
    assert {row["abstained"] for row in rows} >= {True, False}
    in_table, in_tar = (
        renamed(rows, lambda path: Path(path).name),
        renamed(rows, lambda path: f"{tar}/{Path(path).name}"),
    )
    assert written(tmp_path / "out") == [*rows, *in_table, *in_tar]
    assert sorted(part.number for part in parts) == list(range(6 + 3 + 1))
    assert sum(part.photos for part in parts) == 72
    schema = parquet.read_schema(tmp_path / "out" / "part-000000.parquet")
    assert (schema.field("left").type, schema.field("abstained").type) == (pa.float64(), pa.bool_())


def test_crops_from_bucket_to_bucket(
    cluster: None, bucket: str, faces: FaceSet, tmp_path: Path, invoke: Invoke
) -> None:
    store.write_folders(faces.select(np.arange(10)), tmp_path / "faces")
    files = list(stream.expand([str(tmp_path / "faces")]))
    for file in files:
        places.put(f"{bucket}/in/{Path(file).name}", io.BytesIO(Path(file).read_bytes()))
    code, printed, said = invoke(
        "predict", f"{bucket}/in", "--crops", "--model", "tiny", "--engine", "ray", "-o", f"{bucket}/out"
    )
    assert (code, printed, said) == (0, "", f"{bucket}/out: 10 faces, 0 photos without one, 0 not read\n")
    rows = renamed(expected(PhotoOptions("tiny", crops=True), files), lambda path: f"{bucket}/in/{Path(path).name}")
    assert written(f"{bucket}/out") == sorted(rows, key=lambda row: str(row["photo"]))
    code, _, said = invoke("predict", f"{bucket}/in", "--model", "tiny", "--engine", "ray", "-o", f"{bucket}/out")
    assert (code, "is already complete: remove it" in said) == (1, True)


def workers() -> Iterator[int]:
    """The processes that score for this one."""
    lines = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    parents = {int(pid): (int(parent), " ".join(name)) for pid, parent, *name in map(str.split, lines)}
    for pid, (parent, name) in parents.items():
        while parent in parents and parent != os.getpid():
            parent = parents[parent][0]
        if parent == os.getpid() and "Scorer" in name:
            yield pid


def test_a_worker_that_is_killed_loses_and_repeats_nothing(cluster: None, album: Path, tmp_path: Path) -> None:
    numbers: list[int] = []
    for part in scoring.score([str(album)], str(tmp_path / "out"), PhotoOptions("tiny")):
        if not numbers:
            victim = next(workers())
            os.kill(victim, signal.SIGKILL)
        numbers.append(part.number)
    assert sorted(numbers) == list(range(6))
    assert written(tmp_path / "out") == expected(PhotoOptions("tiny"), [str(file) for file in sorted(album.iterdir())])
    assert not [path for path in (tmp_path / "out").iterdir() if path.is_dir()]


TWO_NODES = """
import os, sys
from ray.cluster_utils import Cluster
quickly = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 3}
head = {"num_cpus": 1, "include_dashboard": False, "_system_config": quickly}
nodes = Cluster(initialize_head=True, head_node_args=head)
other = nodes.add_node(num_cpus=1)
os.environ["RAY_ADDRESS"] = nodes.address
from mien.inference.options import PhotoOptions
from mien.scale import plan, scoring
plan.PHOTOS = 1
numbers = []
for part in scoring.score([sys.argv[1]], sys.argv[2], PhotoOptions("tiny")):
    numbers.append(part.number)
    if len(numbers) == 1:
        nodes.remove_node(other, allow_graceful=False)
assert sorted(numbers) == list(range(24)), numbers
nodes.shutdown()
"""


def test_a_node_that_is_lost_loses_and_repeats_nothing(album: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    done = subprocess.run(
        [sys.executable, "-c", TWO_NODES, str(album), str(out)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert written(out) == expected(PhotoOptions("tiny"), [str(file) for file in sorted(album.iterdir())])


COMMAND = """
from mien.scale import plan
plan.PHOTOS = 1
from mien.cli import main
main()
"""


def test_a_run_that_is_stopped_goes_on_where_it_was(cluster: None, album: Path, tmp_path: Path, invoke: Invoke) -> None:
    few, album, out = album, tmp_path / "album", tmp_path / "out"
    album.mkdir()
    for number in range(NUM_COPIES):  # so many that it is still at work when it is stopped
        for photo in few.iterdir():
            (album / f"{number}-{photo.name}").hardlink_to(photo)
    arguments = ["predict", str(album), "--model", "tiny", "--engine", "ray", "--workers", "1", "-o", str(out)]
    address = ray.get_runtime_context().gcs_address
    for kill, more in ((signal.SIGKILL, []), (signal.SIGINT, ["--resume"])):
        before = {path: path.stat().st_mtime_ns for path in out.glob("part-*")}
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *arguments, *more],
            env=os.environ | {"RAY_ADDRESS": address},
            stderr=subprocess.PIPE,
            text=True,
        )
        while len(list(out.glob("part-*"))) < len(before) + 2:
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.01)
        process.send_signal(kill)
        _, said = process.communicate(timeout=30)
        assert process.returncode not in (0, None)
        assert "Traceback" not in said
        assert {path: path.stat().st_mtime_ns for path in before} == before
    assert "resume with --resume" in said
    code, _, said = invoke(*arguments)
    assert (code, "resume with --resume, or remove it" in said) == (1, True)
    code, _, said = invoke(*arguments, "--resume", "--flip")
    assert (code, "another model or other options" in said) == (1, True)
    done = {path: path.stat().st_mtime_ns for path in out.glob("part-*")}
    assert 2 < len(done) < 24 * NUM_COPIES
    code, printed, said = invoke(*arguments, "--resume")
    assert (code, printed) == (1, "")  # one photo can't be read
    assert said.startswith(
        f"{out}: {23 * NUM_COPIES} faces, {6 * NUM_COPIES} photos without one, {NUM_COPIES} not read\n"
    )
    assert written(out) == expected(PhotoOptions("tiny"), [str(file) for file in sorted(album.iterdir())])
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert invoke(*arguments, "--resume")[::2] == (0, f"'{out}' is already complete; remove it to start again.\n")


def test_a_damaged_source_stops_the_run_until_it_is_mended(cluster: None, album: Path, tmp_path: Path) -> None:
    whole = write_tar(
        tmp_path / "b.tar", {file.name: file.read_bytes() for file in sorted(album.iterdir())}
    ).read_bytes()
    write_tar(tmp_path / "a.tar", {"1.jpg": (album / "00.jpg").read_bytes()})
    (tmp_path / "b.tar").write_bytes(whole[:-20_000])
    named, out = [str(tmp_path / "*.tar")], tmp_path / "out"
    with pytest.raises(
        DataError, match=r"^'.*b.tar' is damaged or cut off after '.*jpg' \(.*\): download or copy it again\.$"
    ):
        list(scoring.score(named, str(out), PhotoOptions("tiny"), workers=1))
    (tmp_path / "b.tar").write_bytes(whole)
    with closing(scoring.score(named, str(out), PhotoOptions("tiny"), resume=True)) as parts:
        assert {part.number: part.before for part in parts} == {0: True, 1: False}
    assert sum(row["status"] == "face" for row in written(out)) == 24
