"""The layers of networks: those that are stored are those that are computed, and they need no PyTorch."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mien import recipes
from mien.training import layers


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_the_stored_layers_are_those_of_the_network(name: str) -> None:
    recipe = recipes.get(name)
    assert layers.of(recipe) == layers.computed(recipe, layers.NUM_CLASSES)


@pytest.mark.parametrize("settings", [["image_size=32"], ["dropout=0.5"], ["network=large_wide"], []])
def test_another_network_is_computed(settings: list[str]) -> None:
    recipe = recipes.get("base", settings)
    num_classes = layers.NUM_CLASSES if settings else 3
    found = layers.of(recipe, num_classes)
    assert found == layers.computed(recipe, num_classes)
    assert found != layers.of(recipes.get("base"))


def test_the_stored_layers_need_no_pytorch() -> None:
    code = "from mien import cli; cli.main(['summary', 'vgg'])"
    blocked = f"import sys; sys.modules['torch'] = None; {code}"
    done = subprocess.run([sys.executable, "-c", blocked], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "39,569,799" in done.stdout
