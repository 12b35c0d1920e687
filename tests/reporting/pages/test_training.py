"""The sections on training and techniques."""

from __future__ import annotations


def test_techniques_are_those_of_the_recipe(english: str) -> None:
    used, unused = english.split("Not used in this run:")
    for name in ("horizontal flip", "rotation", "label smoothing", "averaged weights", "random erasing", "temperature"):
        assert f'<th scope="row">{name}</th>' in used
    assert "Gaussian blur" not in used
    assert "Gaussian blur" in unused
    assert "compare trainings with and without it: mien study" in used


def test_the_set_up_names_both_optimizers_and_both_losses(english: str) -> None:
    assert "SGD, Nesterov momentum 0.9; Muon, peak 0.03" in english
    assert "plus 0.5 times that of an auxiliary head for votes" in english
