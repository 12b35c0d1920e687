"""How results show themselves, one module for each kind of result; see ``mien.display``."""

from typing import TYPE_CHECKING

from mien.extras import modules_of

if not TYPE_CHECKING:
    __getattr__ = modules_of(__name__, "report")
