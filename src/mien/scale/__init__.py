"""Past one machine: the same functions, spread over a Ray cluster."""

import os

# Ray prints what happens to its workers on standard output, where mien's results go. It reads this when it is imported.
os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")
