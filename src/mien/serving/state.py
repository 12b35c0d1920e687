"""State shared between the process and the application."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class State:
    """The state of the server.

    Attributes:
        is_ready: the models are loaded, and requests are accepted.
        is_stopping: it is stopping: it still accepts requests, but /readyz fails.
    """

    is_ready: bool = False
    is_stopping: bool = False

    def takes_requests(self) -> bool:
        """The result of ``/readyz``."""
        return self.is_ready and not self.is_stopping
