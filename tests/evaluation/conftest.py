"""What the tests of evaluation share: drawn faces with planted faults."""

from __future__ import annotations

from audited import planted

__all__ = ["planted"]
