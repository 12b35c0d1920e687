"""What the tests of pages share: planted faults and their audit, made once."""

from __future__ import annotations

from audited import found, planted

__all__ = ["found", "planted"]
