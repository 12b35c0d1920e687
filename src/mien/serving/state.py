"""What the process tells the application of itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class State:
    """Where the server is in its life.

    Attributes:
        is_ready: the models are loaded, and requests are taken.
        is_stopping: it was told to stop: it takes requests for a while yet, and wants no more of them.
    """

    is_ready: bool = False
    is_stopping: bool = False

    def takes_requests(self) -> bool:
        """What ``/readyz`` says."""
        return self.is_ready and not self.is_stopping
