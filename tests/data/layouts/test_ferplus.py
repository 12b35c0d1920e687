"""FER+ votes, joined row by row to FER2013's table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mien.data.layouts import read
from mien.errors import DataError

if TYPE_CHECKING:
    from tests.data.conftest import Maker


USAGES = ("Training", "Training", "PublicTest", "PrivateTest")


FERPLUS_HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def ferplus_rows(usages: tuple[str, ...]) -> list[tuple[object, ...]]:
    return [(usage, f"fer{row:07}.png", row, 1, 0, 0, 9 - row, 0, 0, 0, 0, 0) for row, usage in enumerate(usages)]


@pytest.mark.parametrize("given", ["folder", "votes file", "votes argument"])
def test_ferplus_votes_join_row_by_row(make: Maker, given: str) -> None:
    faces_path = make.fer2013(usages=USAGES)
    rows = ferplus_rows(USAGES)
    rows[1] = (USAGES[1], "", *rows[1][2:])
    votes_path = make.table("fer2013new.csv", FERPLUS_HEADER, rows)
    path = {"folder": make.root, "votes file": votes_path, "votes argument": faces_path}[given]
    faces = read(path, votes=votes_path if given == "votes argument" else None)
    assert faces.source.layout == "ferplus"
    assert faces.labels.tolist() == [0, 2, 3]
    assert faces.names.tolist() == ["0", "2", "3"]
    assert faces.votes is not None
    assert faces.votes.tolist() == [[9, 0, 0, 1, 0, 0, 0], [7, 0, 0, 1, 0, 0, 2], [6, 0, 0, 1, 0, 0, 3]]
    assert [(row.name, "no image name" in row.reason) for row in faces.source.dropped] == [("1", True)]
    assert any("contempt, unknown, nf" in note for note in faces.source.notes)


def test_fer2013_alone_stays_without_votes_but_says_that_they_are_there(make: Maker) -> None:
    path = make.fer2013(usages=USAGES)
    make.table("fer2013new.csv", FERPLUS_HEADER, ferplus_rows(USAGES))
    faces = read(path)
    assert faces.votes is None
    assert "FER+" in faces.source.notes[0]


def test_ferplus_of_other_rows_is_refused(make: Maker) -> None:
    path = make.fer2013(usages=USAGES)
    short = make.table("short.csv", FERPLUS_HEADER, ferplus_rows(USAGES[:3]))
    with pytest.raises(DataError, match=r"has 3 rows but .*fer2013.csv' has 4: they are joined row by row"):
        read(path, votes=short)
    shuffled = make.table("shuffled.csv", FERPLUS_HEADER, ferplus_rows(USAGES[::-1]))
    with pytest.raises(DataError, match="not in the same order"):
        read(path, votes=shuffled)


def test_votes_that_are_no_numbers_drop_their_row(make: Maker) -> None:
    rows = ferplus_rows(USAGES)
    rows[0] = (*rows[0][:2], "many", *rows[0][3:])
    rows[2] = rows[2][:-1]
    make.fer2013(usages=USAGES)
    make.table("fer2013new.csv", FERPLUS_HEADER, rows)
    reasons = [row.reason for row in read(make.root).source.dropped]
    assert reasons == ["'many' is no number of votes", "FER+ has 11 columns for it instead of 12"]
