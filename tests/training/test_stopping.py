from __future__ import annotations

from mien.training.stopping import EarlyStopping


def test_the_earliest_best_epoch_is_kept() -> None:
    stopping = EarlyStopping()
    assert [stopping.update(epoch, accuracy) for epoch, accuracy in enumerate([0.2, 0.5, 0.5, 0.4], start=1)] == [
        True,
        True,
        False,
        False,
    ]
    assert (stopping.best, stopping.best_epoch) == (0.5, 2)
    assert stopping.ending(1000) is None


def test_the_threshold_must_be_passed_not_met() -> None:
    stopping = EarlyStopping(threshold=0.66)
    stopping.update(1, 0.66)
    assert stopping.ending(1) is None
    stopping.update(2, 0.661)
    assert stopping.ending(2) == "accuracy"


def test_patience_counts_epochs_since_the_best() -> None:
    stopping = EarlyStopping(patience=2)
    for epoch, accuracy in enumerate([0.3, 0.4, 0.4], start=1):
        stopping.update(epoch, accuracy)
    assert stopping.ending(3) is None
    assert stopping.ending(4) == "patience"
