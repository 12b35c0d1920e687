"""WebDataset shards."""

from __future__ import annotations

import shutil
import tarfile
from typing import TYPE_CHECKING

import pytest

from mien.data.layouts import read

if TYPE_CHECKING:
    from tests.data.conftest import Maker


@pytest.mark.parametrize("shards", [("faces.tar",), ("train-00000.tar", "test-00000.tar")])
def test_shards_of_webdataset(make: Maker, shards: tuple[str, ...]) -> None:
    for shard in shards:
        with tarfile.open(make.root / shard, "w") as archive:
            for number, name in enumerate(["happy", "sad", "fear"]):
                archive.add(make.picture(f"x/{number:05}.png", number), f"{number:05}.png")
                archive.add(make.file(f"x/{number:05}.cls", name), f"{number:05}.cls")
        shutil.rmtree(make.root / "x")
    faces = read(make.root / shards[0] if len(shards) == 1 else make.root)
    assert faces.source.layout == "webdataset"
    assert [faces.classes[label] for label in faces.labels[:3]] == (["happy", "sad", "fear"])
    assert set(faces.splits.tolist()) == ({"train"} if len(shards) == 1 else {"train", "test"})
