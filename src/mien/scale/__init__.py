"""The functions of mien on a Ray cluster."""

import os
from typing import TYPE_CHECKING

from mien.extras import modules_of

# Ray prints the logs of workers on standard output, where mien's results go. It reads this setting when it is imported.
os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")

if not TYPE_CHECKING:
    __getattr__ = modules_of(__name__, "scale", "train")
