"""Recipes: all settings of a training, by name, from a file, or with changes."""

from mien.recipes.catalogue import AUGMENTS, RECIPES, base, demo, finetune, large, no_augment, robust, strong, tiny, vgg
from mien.recipes.recipe import Augment, Recipe
from mien.recipes.settings import augment_changes, changed, changes, get, with_fields, write

__all__ = [
    "AUGMENTS",
    "RECIPES",
    "Augment",
    "Recipe",
    "augment_changes",
    "base",
    "changed",
    "changes",
    "demo",
    "finetune",
    "get",
    "large",
    "no_augment",
    "robust",
    "strong",
    "tiny",
    "vgg",
    "with_fields",
    "write",
]
