"""AffectNet with the code of each picture in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import listed
from mien.data.layouts import read

if TYPE_CHECKING:
    from tests.data.conftest import Maker


@pytest.mark.parametrize("dtype", ["<U2", np.int64, np.float64])
def test_affectnet_takes_its_code_from_the_file_of_each_picture(make: Maker, dtype: str) -> None:
    for split, codes in (("train_set", [1, 4, 7, 8]), ("val_set", [0, 1])):
        (make.root / split / "annotations").mkdir(parents=True)
        for number, code in enumerate(codes):
            make.picture(f"{split}/images/{number}.png", number)
            for kind in ("exp", "val"):
                np.save(make.root / f"{split}/annotations/{number}_{kind}.npy", np.array(code).astype(dtype))
    make.file("train_set/annotations/9_exp.npy", b"\x93NUMPY junk")
    faces = read(make.root)
    assert (faces.source.layout, listed.classes(faces)) == (
        "affectnet-npy", ["happy", "fear", "contempt", "neutral", "happy"],
    )  # fmt: skip
    assert faces.splits.tolist() == ["train"] * 3 + ["valid"] * 2
    assert [row.reason for row in faces.source.dropped] == [
        "expression 8 (none) is no class",
        "no picture of its name is there",
    ]
