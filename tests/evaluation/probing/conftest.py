"""What the tests of probing share: a model, judged and probed once."""

from __future__ import annotations

from found import classifier, judged, probed

__all__ = ["classifier", "judged", "probed"]
