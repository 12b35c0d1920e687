"""What all tests share."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run side by side, one process per core; set before torch loads
os.environ["COLUMNS"] = "160"  # tables are not wrapped; tests of tables set their own width

import contextlib
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import records
from mien import cli, recipes
from mien.data import store
from mien.data.faceset import FaceSet
from mien.inference import datasets
from mien.run import Run
from mien.synthetic import drawn
from mien.training import job

# Most objects are those of packages and stay: searching them for cycles took a tenth of the time.
gc.set_threshold(20_000)

FER2013 = Path(os.environ.get("MIEN_FER2013") or Path(__file__).parents[2] / "shared" / "fer2013")


LONGEST = (
    "scale",
    "test_docs",
    "test_ranks",
    "test_loop",
    "test_pages",
    "test_killed",
    "test_benchmarks",
    "test_examples",
)
"""Files and folders of the longest tests."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Longest first: they would keep one process busy long after the others are done."""

    def place(item: pytest.Item) -> int:
        parts = (*item.path.parent.parts, item.path.stem)
        return next((rank for rank, name in enumerate(LONGEST) if name in parts), len(LONGEST))

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `pytest -n`, the tests of a file stay in one process, and all that share the Ray cluster too."""
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

    class Scheduling(LoadFileScheduling):  # type: ignore[misc] # its types are unknown
        def _split_scope(self, nodeid: str) -> str:
            return "scale" if nodeid.startswith("tests/scale/") else super()._split_scope(nodeid)

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The converted networks of all test processes: each conversion takes seconds."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "graphs"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(autouse=True)
def isolated_cache(graphs: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of its own for each test, so that no test reads what another one (or the user) left, but for graphs."""
    folder = tmp_path_factory.mktemp("cache")
    with contextlib.suppress(OSError):  # Windows allows links to some users only; others convert anew
        (folder / "graphs").symlink_to(graphs, target_is_directory=True)
    monkeypatch.setenv("MIEN_CACHE", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    return folder


@pytest.fixture(scope="session")
def faces() -> FaceSet:
    """Drawn faces of all seven expressions in splits train and test. Don't change the arrays."""
    return drawn.draw(350, seed=1)


@pytest.fixture(scope="session")
def faces_file(faces: FaceSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawn faces as a Parquet file."""
    path = tmp_path_factory.mktemp("faces") / "faces.parquet"
    store.write_parquet(faces, path)
    return path


@pytest.fixture(scope="session")
def fer2013() -> FaceSet:
    """The FER2013 files, read once; for tests marked ``real``. Don't change the arrays."""
    if not (FER2013 / "train.parquet").exists():
        pytest.skip("the FER2013 files are absent")
    return datasets.read(FER2013, cache=False)


@pytest.fixture(scope="session")
def run(faces_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A short training on the drawn faces, with its model file. Don't write into it."""
    os.environ.setdefault("MIEN_CACHE", str(tmp_path_factory.mktemp("session-cache")))
    recipe = recipes.get("demo", ["epochs=2", "batch_size=32", "ema=0.9"])
    return job.start(faces_file, recipe, tmp_path_factory.mktemp("runs") / "run", hardware=records.CPU)


@pytest.fixture
def crop(faces: FaceSet, tmp_path: Path) -> Path:
    """One face as a picture file."""
    path = tmp_path / "crop.png"
    Image.fromarray(np.ascontiguousarray(faces.images[0])).save(path)
    return path


@pytest.fixture
def invoke(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run ``mien`` with arguments; gives exit code, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = 0
        try:
            cli.main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run
