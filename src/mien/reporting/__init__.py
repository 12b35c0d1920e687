"""Output for people: pages, plots, terminal tables, and their texts in two languages."""

from typing import TYPE_CHECKING

from mien.extras import modules_of

if not TYPE_CHECKING:
    __getattr__ = modules_of(__name__, "report")
