"""The arrays of .npz, .npy and HDF5 files."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mien.data.layouts import arrayfiles, read
from mien.errors import DataError, MienError

if TYPE_CHECKING:
    from tests.data.conftest import Maker


LABELS = np.array([0, 3, 6, 5, 1, 2, 4])


def stack(make: Maker) -> NDArray[np.uint8]:
    return np.stack([make.face(row) for row in range(len(LABELS))])


def npz(make: Maker, **arrays: Any) -> Path:
    np.savez(make.root / "faces.npz", **arrays)
    return make.root / "faces.npz"


def npy(make: Maker, **arrays: Any) -> Path:
    folder = make.root / "set"
    folder.mkdir()
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return folder


BAD: dict[str, tuple[Callable[[Maker], Path], str]] = {
    "objects": (
        lambda make: npz(make, images=np.array([1, "a", None], object)),
        r"holds Python objects, which can run",
    ),
    "cut": (
        lambda make: make.file("cut.npz", npz(make, x=stack(make), y=LABELS).read_bytes()[:-50]),
        r"cut\.npz' is damaged or cut off",
    ),
    "cut .npy": (
        lambda make: make.file("cut.npy", (npy(make, x=stack(make)) / "x.npy").read_bytes()[:-50]),
        r"cut\.npy' is damaged or cut off",
    ),
    "damaged hdf5": (
        lambda make: make.file("a.h5", b"\x89HDF\r\n\x1a\n" + bytes(500)),
        r"a\.h5' is damaged|needs the package",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arrays_get_one_sentence(make: Maker, case: str) -> None:
    with pytest.raises(MienError, match=BAD[case][1]) as caught:
        read(BAD[case][0](make))
    assert "\n" not in str(caught.value)


def test_arrays_in_other_files_are_not_followed(make: Maker) -> None:
    h5py = pytest.importorskip("h5py")
    secret = make.file("secret.raw", bytes(7 * 48 * 48))
    with h5py.File(make.root / "a.h5", "w") as file:
        file.create_dataset("images", (7, 48, 48), np.uint8, external=[(str(secret), 0, h5py.h5f.UNLIMITED)])
        file["linked"] = h5py.ExternalLink(str(secret), "images")
    with pytest.raises(DataError, match="from other files"):
        read(make.root / "a.h5")


fuzz = settings(
    max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
)


@fuzz
@given(
    st.sampled_from(["npz", "npy", "h5"]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8),
    st.floats(0.1, 1),
)
def test_arrays_with_changed_bytes(
    make: Maker, tmp_path: Path, kind: str, changes: list[tuple[float, int]], share: float
) -> None:
    buffer = io.BytesIO()
    if kind == "h5":
        h5py = pytest.importorskip("h5py")
        with h5py.File(buffer, "w") as file:
            file["images"], file["labels"] = stack(make)[:, :8, :8], LABELS
    elif kind == "npz":
        np.savez(buffer, images=stack(make)[:, :8, :8], labels=LABELS)
    else:
        np.save(buffer, stack(make)[:, :8, :8])
    data = bytearray(buffer.getvalue())
    data = data[: max(1, int(len(data) * share))]
    for place, value in changes:
        data[int(place**3 * (len(data) - 1))] = value
    path = tmp_path / f"a.{kind}"
    path.write_bytes(data)
    try:
        read(path, cache=False)
    except MienError as error:
        assert "\n" not in str(error)  # noqa: PT017 # one sentence


def test_arrays_come_by_their_names_and_single_values_are_left_out(make: Maker) -> None:
    images = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    found = arrayfiles.load(npz(make, images=images, rate=np.array(0.1)))
    assert list(found) == ["images"]
    np.testing.assert_array_equal(found["images"], images)
    folder = npy(make, a=images, b=np.array(3))
    np.testing.assert_array_equal(arrayfiles.load(folder / "a.npy")[""], images)
    assert arrayfiles.load(folder / "b.npy") == {}


def test_arrays_of_hdf5_come_by_their_paths_and_texts_as_texts(make: Maker) -> None:
    h5py = pytest.importorskip("h5py")
    path = make.root / "a.h5"
    with h5py.File(path, "w") as file:
        file["train/images"] = np.ones((2, 3), np.uint8)
        file["train/names"] = ["happy", "sad"]
        file["rate"] = 0.1
    found = arrayfiles.load(path)
    assert sorted(found) == ["train/images", "train/names"]
    assert found["train/names"].tolist() == ["happy", "sad"]


def test_what_would_fill_the_memory_is_refused(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    path = npz(make, images=np.zeros((3, 8, 8)))
    monkeypatch.setattr(arrayfiles, "MAX_BYTES", 1000)
    with pytest.raises(DataError, match="unpacks to more than 1,000 bytes: save it in parts"):
        arrayfiles.load(path)
    with pytest.raises(DataError, match="is neither a table in text nor"):
        arrayfiles.load(make.file("a.txt", "text"))
