"""Data audits: duplicates, label issues, drift; and cleaning."""

from typing import TYPE_CHECKING

from mien.extras import modules_of

if not TYPE_CHECKING:
    __getattr__ = modules_of(__name__, "report")
