"""Fine-tuning: the recipe for a pretrained model, and the first weights of the network."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace

import torch
from torch import Tensor

from mien import recipes
from mien.data.faceset import FaceSet
from mien.errors import RecipeError
from mien.recipes import Recipe
from mien.run_record import DataRecord
from mien.training import linear_probe, pretrained
from mien.training.augment import augment
from mien.training.networks import Network
from mien.training.pretrained import Pretrained
from mien.words import counted

RECIPE = "finetune"
"""The recipe that takes network and image size from the model; the default of fine-tuning."""


def recipe_for(
    model: str | os.PathLike[str], name: str | os.PathLike[str] = RECIPE, settings: str | Iterable[str] = ()
) -> Recipe:
    """A recipe with ``init`` set to a model; ``finetune`` takes network and image size from the model.

    Args:
        model: name, model file or run folder.
        name, settings: as for ``recipes.get``.

    Raises:
        ModelFileError: there is no such model, or training can't start from it.
        RecipeError: there is no such recipe, or network or image size differ from the model's.
    """
    first, own = pretrained.load(model), [settings] if isinstance(settings, str) else [*settings]
    if os.fspath(name) == RECIPE:
        own = [f"network={first.network()}", f"image_size={first.size[0]}", *own]
    recipe = replace(recipes.get(name, own), init=os.fspath(model))
    check(recipe, first)
    return recipe


def check(recipe: Recipe, first: Pretrained) -> None:
    """Check that a recipe has the network and the image size of a model.

    Raises:
        ModelFileError: the model has none of mien's networks.
        RecipeError: network or image size differ.
    """
    network, (size, _) = first.network(), first.size
    if recipe.network != network:
        raise RecipeError(
            f"network={recipe.network} doesn't fit: init='{first.name}' has network={network}; leave the field out, or name another model."
        )
    if recipe.image_size != size:
        raise RecipeError(
            f"image_size={recipe.image_size} doesn't fit: init='{first.name}' has image_size={size}; leave the field out, or name another model."
        )


def begin(network: Network, recipe: Recipe, train_set: FaceSet, data: DataRecord) -> str:
    """Load the weights of ``recipe.init`` into a network; if the classes differ, its last layer is fitted as a linear probe.

    Args:
        network: the network, on its device.
        recipe: its ``init`` names the model.
        train_set: training rows of this process, at the recipe's size.
        data: gives mean and standard deviation of the gray levels.

    Returns:
        A sentence: which layers are from the model, and which is new.

    Raises:
        ModelFileError: the model is missing or has another network.
    """
    first = pretrained.load(recipe.init)
    device = next(network.parameters()).device
    shown = _shown(train_set, recipe, device)  # (N, 1, H, W)
    first.put_into(network, train_set.classes, (shown - data.mean) / data.std)
    num_classes = counted(len(train_set.classes), "class", "classes")
    if first.has_classes(train_set.classes):
        order = "" if first.classes == train_set.classes else ", in the order of the data"
        return f"all layers start from the weights of {first.name}, with its {num_classes}{order}"
    faces, labels = torch.from_numpy(train_set.images).to(device), torch.from_numpy(train_set.labels).to(device)
    features = linear_probe.features(network, faces, data.mean, data.std)  # (2N, C)
    weight, bias = linear_probe.fit(features, torch.cat((labels, labels)), len(train_set.classes))
    with torch.no_grad():
        network.last.weight.copy_(weight)
        network.last.bias.copy_(bias)
    return (
        f"all layers but the last start from the weights of {first.name}; the last is new, for {num_classes} "
        f"({', '.join(train_set.classes)}): logistic regression on the features"
    )


def _shown(train_set: FaceSet, recipe: Recipe, device: torch.device) -> Tensor:
    """Some augmented training faces, gray levels ``(N, 1, H, W)``."""
    some = train_set.images[:: -(-len(train_set) // 1024)]
    generator = torch.Generator(device).manual_seed(recipe.seed)
    return augment(torch.from_numpy(some).to(device), recipe.augment, generator)
