"""Runs show themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from mien.errors import DataError
from mien.run import Run
from reported import made


def test_a_run_shows_its_best_epoch(base: Run) -> None:
    frame = base.to_frame()
    assert frame["epoch"].tolist() == [row.epoch for row in base.history]
    best = frame.loc[frame["valid_accuracy"].idxmax()]
    text = str(base)
    assert text.startswith(f"{base.folder}: recipe base")
    assert f"epochs: {best['epoch']:.0f}, hold-out accuracy {best['valid_accuracy']:.2%}" in text
    assert base._repr_html_().count("<tr>") == 1 + len(frame)
    assert base.plot_curves(what="loss").get_ylabel() == "loss"
    assert base.to_dict()["run"] == str(base.folder)
    assert len(base.to_dict()["history"]) == len(frame)


def test_a_run_without_an_epoch_says_so(tmp_path: Path) -> None:
    run = made(tmp_path / "run", num_epochs=1)
    (run.folder / "history.jsonl").unlink()
    assert str(run).endswith("no epoch is finished yet")
    assert run.to_frame().empty
    assert "<table" not in run._repr_html_()
    (run.folder / "history.jsonl").write_text("")
    with pytest.raises(DataError, match="no epoch"):
        run.plot_curves()
