"""Photos and videos as Python callers give them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import bars
import mien
import scenes
from mien import api
from mien.errors import ArgumentError, DataError, OutputError, VideoError


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a happy face, a tree, and a file that is no picture."""
    folder = tmp_path_factory.mktemp("album")
    scenes.save(scenes.scene(("happy", "sad")), folder / "a.jpg")
    scenes.save(scenes.background(64, 64), folder / "b.jpg")
    (folder / "c.jpg").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = [scenes.scene(("happy",), width=160, height=120, side=100)] * 20
    return scenes.clip(tmp_path_factory.mktemp("film") / "film.mp4", frames)


def test_photos_are_predicted_as_one_by_one(album: Path, tmp_path: Path) -> None:
    found = api.predict(album, "tiny", out=tmp_path / "rows.csv")
    assert [Path(photo.name).name for photo in found] == ["a.jpg", "b.jpg", "c.jpg"]
    assert [len(photo.faces) for photo in found] == [2, 0, 0]
    assert list(found.errors) == [str(album / "c.jpg")]
    alone = mien.Reader("tiny").analyze(str(album / "a.jpg"))
    assert [face.label for face in found.faces] == [face.label for face in alone]
    assert found.faces[0].confidence == pytest.approx(alone[0].confidence, abs=1e-4)
    with (tmp_path / "rows.csv").open() as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["face", "face", "no_face", "error"]


def test_several_photos_and_options(album: Path) -> None:
    found = api.predict([album / "a.jpg", str(album / "b.jpg")], "tiny", abstain=1.0, keep_pixels=True)
    assert all(face.abstained for face in found.faces)
    assert found[0].pixels is not None
    assert len(api.predict(album / "a.jpg", api.load("tiny"), max_faces=1).faces) == 1


def test_shares_in_use_are_estimated_from_all_faces(album: Path) -> None:
    found = api.predict(album / "a.jpg", "tiny")
    many = type(found)(found.photos * 30)
    adjusted = many.with_prior(api.load("tiny"))
    assert adjusted[0].prior is not None
    likely = many.faces[0].label  # half of all faces look like this one, more than in training
    assert adjusted.faces[0].probabilities[likely] > many.faces[0].probabilities[likely]
    assert sum(adjusted.faces[0].probabilities.values()) == pytest.approx(1)
    with pytest.raises(DataError, match="can't be estimated from 2 faces"):
        api.predict(album / "a.jpg", "tiny", prior="auto")


def test_wrong_arguments_of_photos_are_one_sentence(album: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There are no pictures at"):
        api.predict(tmp_path, "tiny")
    with pytest.raises(ArgumentError, match="There is no option 'abstian': did you mean 'abstain'"):
        api.predict(album, "tiny", abstian=0.5)
    with pytest.raises(OutputError, match="must end in one of"):
        api.predict(album, "tiny", out=tmp_path / "rows.txt")
    with pytest.raises(ArgumentError, match="crops='yes' doesn't fit"):
        api.predict(album, "tiny", crops="yes")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="'abstian': did you mean 'abstain'"):
        mien.analyze(album / "a.jpg", "tiny", abstian=0.5)


def test_a_video_has_segments_and_outputs(film: Path, tmp_path: Path) -> None:
    found = api.video(film, "tiny", out=tmp_path / "rows.jsonl", timeline=tmp_path / "time.png", every=2)
    assert (found.frames, found.stopped, found.num_missing) == (20, False, 0)
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [row["frame"] for row in rows] == list(range(0, 20, 2))
    assert (tmp_path / "time.png").stat().st_size > 1000
    (segment,) = found.segments
    assert found.to_frame().loc[0, ["track", "label"]].tolist() == [1, segment.label]
    assert segment.span in str(found)
    assert "20 frames" in found._repr_html_()
    (bar,) = bars.of(found.plot_timeline())
    assert [bar.get_x(), bar.get_width()] == pytest.approx([segment.start, segment.end - segment.start])


def test_wrong_arguments_of_a_video_are_one_sentence(film: Path, tmp_path: Path) -> None:
    with pytest.raises(VideoError):
        api.video(tmp_path / "missing.mp4", "tiny")
    with pytest.raises(OutputError, match=r"must end in \.png"):
        api.video(film, "tiny", timeline=tmp_path / "time.jpg")
    with pytest.raises(ArgumentError, match="end=1 doesn't fit: it must come after start=2"):
        api.video(film, "tiny", start=2.0, end=1.0)
    with pytest.raises(VideoError, match="so it must be a file"):
        api.video("0", "tiny", prior="auto")
