"""The layers of a recipe's network. Those of the catalogue's networks are stored, so that they are shown without PyTorch."""

from __future__ import annotations

from importlib import resources

from mien import recipes, typed_json
from mien.recipes import Recipe
from mien.run_record import NetworkRecord

STORED = "layers.json"
"""Written by ``docs/generate.py``: for each network, its layers in the recipe of its name and for ``NUM_CLASSES`` classes."""

NUM_CLASSES = 7


def of(recipe: Recipe, num_classes: int = NUM_CLASSES) -> NetworkRecord:
    """The layers of the recipe's network.

    Raises:
        MissingExtraError: PyTorch isn't installed, and the network isn't one of the catalogue's.
    """
    stored = typed_json.parse(
        resources.files(__package__).joinpath(STORED).read_text(encoding="utf-8"), dict[str, NetworkRecord]
    )
    if num_classes == NUM_CLASSES and recipe.network in stored:
        usual = recipes.get(recipe.network)
        if (usual.image_size, usual.dropout) == (recipe.image_size, recipe.dropout):
            return stored[recipe.network]
    return computed(recipe, num_classes)


def computed(recipe: Recipe, num_classes: int) -> NetworkRecord:
    """As ``of``, from the network itself."""
    from mien.training import networks, summary

    network = networks.sketch(recipe.network, num_classes, recipe.image_size, recipe.dropout)
    # Shapes don't depend on the weights. On the device "meta", PyTorch would import its compiler, which takes seconds.
    return summary.describe(network.to_empty(device="cpu"), recipe.image_size)
