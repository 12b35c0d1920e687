"""Class folders of any name, whatever the pictures are called, and names that stay as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien import emotions, images
from mien.data import layouts

RNG = np.random.default_rng(0)


def write(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(images.encode_png(RNG.integers(0, 256, (12, 12), np.uint8)))
    return root


@pytest.mark.parametrize(
    "pattern",
    ["{}/P{:04}.png", "train/{}/img_{}.png", "{}/{}.png", "{}/{}_0.png", "data/{}/frame{:05}.png", "{}/face ({}).png"],
)
def test_two_folders_or_more_are_classes_whatever_the_files_are_called(pattern: str, tmp_path: Path) -> None:
    root = write(
        tmp_path / "own", *(pattern.format(name, row) for name in ("pain", "Other", "calm") for row in range(4))
    )
    read = layouts.read(root)
    assert (read.source.layout, read.classes, len(read)) == ("folders", ("Other", "calm", "pain"), 12)
    assert read.counts().tolist() == [4, 4, 4]
    assert any("classes of their own: Other, calm, pain" in note for note in read.source.notes)


def test_own_classes_keep_the_splits_around_them(tmp_path: Path) -> None:
    root = write(
        tmp_path / "own",
        *(f"{split}/{name}/{row}.png" for split in ("train", "val", "test") for name in "ab" for row in range(3)),
    )
    read = layouts.read(root)
    assert (read.split_names, read.classes) == (("train", "valid", "test"), ("a", "b"))


def test_a_table_that_labels_the_pictures_goes_before_folders_of_any_name(tmp_path: Path) -> None:
    root = write(tmp_path / "set", *(f"batch{row % 2}/{row}.png" for row in range(8)))
    (root / "labels.csv").write_text(
        "id,label\n" + "".join(f"{row},{('happy', 'sad')[row // 4]}\n" for row in range(8))
    )
    read = layouts.read(root)
    assert (read.source.layout, read.classes) == ("numbered", ("happy", "sad"))
    assert read.counts().tolist() == [4, 4]


def test_a_table_of_something_else_does_not(tmp_path: Path) -> None:
    root = write(tmp_path / "set", *(f"{name}/{row}.png" for name in ("pain", "none") for row in range(4)))
    (root / "people.csv").write_text("name,class\nAnn,teacher\nBob,pupil\n")
    assert layouts.read(root).classes == ("none", "pain")


@pytest.mark.parametrize(
    ("names", "called"),
    [
        (("Happiness", "anger", "3_Sadness"), {"Happiness": "happy", "anger": "angry", "3_Sadness": "sad"}),
        (("calm", "neutral", "happy"), {"calm": "calm", "neutral": "neutral", "happy": "happy"}),
        (("joy", "boredom", "pain"), {"joy": "joy", "boredom": "boredom", "pain": "pain"}),
        (("Pain", "pain", "None"), {"Pain": "Pain", "pain": "Pain", "None": "None"}),
        (("anger", "disgust", "fear", "happiness", "sadness", "calm"),
         {"anger": "angry", "disgust": "disgust", "fear": "fear", "happiness": "happy", "sadness": "sad", "calm": "calm"}),
        (("smile", "neutral"), {"smile": "smile", "neutral": "neutral"}),
    ],
)  # fmt: skip
def test_names_stay_as_they_are_unless_the_set_is_of_expressions(
    names: tuple[str, ...], called: dict[str, str]
) -> None:
    assert emotions.naming(names) == called


def test_a_misspelt_expression_is_told_in_any_layout(tmp_path: Path) -> None:
    pixels = [" ".join([str(shade)] * 64) for shade in range(4)]

    def table(labels: str) -> Path:
        rows = [f"{label},{face}" for label, face in zip(labels.split(), pixels, strict=True)]
        (tmp_path / "faces.csv").write_text("\n".join(["emotion,pixels", *rows]) + "\n")
        return tmp_path / "faces.csv"

    notes = layouts.read(table("happy sad hapy sad"), cache=False).source.notes
    assert "Names of no known expression were taken for classes of their own: hapy." in notes
    stated = layouts.read(table("0 1 0 1"), coding="0=calm,1=pain", cache=False)
    assert not [note for note in stated.source.notes if "of their own" in note]
