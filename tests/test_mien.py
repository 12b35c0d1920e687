"""The package: its public names, loaded on first use."""

from __future__ import annotations

from importlib.metadata import version

import pytest

import mien
from mien import api


@pytest.mark.parametrize("name", [name for name in mien.__all__ if name != "__version__"])
def test_each_public_name_is_there(name: str) -> None:
    thing = getattr(mien, name)
    assert getattr(thing, "__name__", "SILENT") == name  # an object, not a class
    if name in api.__all__ and name not in ("load", "read"):
        assert thing is getattr(api, name)


def test_all_names_are_listed_once_and_in_order() -> None:
    assert mien.__all__ == sorted(set(mien.__all__), key=mien.__all__.index)
    assert dir(mien) == sorted(mien.__all__)
    assert set(mien._PUBLIC) == set(mien.__all__) - {"__version__"}


def test_the_verbs_of_the_interface_are_public() -> None:
    assert set(api.__all__) - {"new_run_folder", "recipe_for"} <= set(mien.__all__)


def test_the_version_is_that_of_the_distribution() -> None:
    assert mien.__version__ == version("mien")


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    import mien

    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        mien.nope  # noqa: B018 # the access is the test
    assert {"Classifier", "Evaluation", "FaceSet", "read"} <= set(dir(mien))
    assert mien.FaceSet.__name__ == "FaceSet"
