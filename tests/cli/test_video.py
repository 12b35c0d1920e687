"""The verb video, as a user types it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import scenes
from mien import images

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = [scenes.scene(("happy",), width=160, height=120, side=100)] * 30
    return scenes.clip(tmp_path_factory.mktemp("film") / "film.mp4", frames, sound=True)


def test_a_clip_gives_segments_rows_a_timeline_and_a_copy(invoke: Invoke, film: Path, tmp_path: Path) -> None:
    outputs = ("-o", tmp_path / "rows.csv", "--timeline", tmp_path / "t.png", "--annotate", tmp_path / "copy.mp4")
    code, out, err = invoke("video", film, "--model", "tiny", *outputs)
    assert (code, err) == (0, "")
    assert "0:00–0:01" in out
    with (tmp_path / "rows.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["frame"]) for row in rows] == list(range(30))
    assert {row["track"] for row in rows} == {"1"}
    assert images.decode(tmp_path / "t.png").shape[1] == 1200
    assert (tmp_path / "copy.mp4").stat().st_size > 1000


def test_a_clip_as_json(invoke: Invoke, film: Path) -> None:
    code, out, _ = invoke("video", film, "--model", "tiny", "--every", "3", "--start", "0.2", "--end", "1", "--json")
    record = json.loads(out)
    assert code == 0
    assert record["frames"] == 20
    assert [segment["track"] for segment in record["segments"]] == [1]
    assert 0.2 <= record["segments"][0]["start"] < record["segments"][0]["end"] < 1


def test_outputs_of_a_clip_that_can_t_be_read_aren_t_there(invoke: Invoke, film: Path, tmp_path: Path) -> None:
    code, _, err = invoke("video", film, "--start", "60", "-o", tmp_path / "r.csv", "--annotate", tmp_path / "c.mp4")
    assert code == 1
    assert "ends before the requested start" in err
    assert list(tmp_path.iterdir()) == []


def test_a_clip_that_is_cut_off_says_so(invoke: Invoke, film: Path, tmp_path: Path) -> None:
    frames = [scenes.background(320, 240, number) for number in range(30)]
    whole = scenes.clip(tmp_path / "whole.mp4", frames, options={"movflags": "+faststart"})
    path = tmp_path / "10:30:00.mp4"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    code, out, err = invoke("video", path, "--model", "tiny", "--json")
    record = json.loads(out)
    assert code == 0
    assert record["frames"] + record["broken"] + record["missing"] == 30
    assert 5 < record["missing"] < 25
    assert f"is cut off: its last {record['missing'] / 25:.1f} s, about {record['missing']} frames" in err
    assert f"{record['frames']} of 30 frames were read" in err
    assert json.loads(invoke("video", film, "--model", "tiny", "--json")[1])["missing"] == 0


def test_a_picture_that_starts_after_its_sound_is_told(invoke: Invoke, tmp_path: Path) -> None:
    frames = [scenes.scene(("happy",), width=160, height=120, side=100)] * 10
    path = scenes.clip(tmp_path / "late.mp4", frames, times=[1.5 + n / 10 for n in range(10)], sound=True)
    code, out, err = invoke("video", path, "--model", "tiny", "--json")
    assert code == 0, err
    assert json.loads(out)["offset"] == 1.5
    assert "the picture starts 1.5 s after the start of the file; times count from the first frame." in err


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Path:
    folder = tmp_path_factory.mktemp("films")
    (folder / "anna.mp4").write_bytes(film.read_bytes())
    frames = [scenes.scene(("surprise",), width=160, height=120, side=100)] * 20
    scenes.clip(folder / "ben.mp4", frames)
    (folder / "table.csv").write_text("clip,condition\nanna,joke\nben,shock\n")
    return folder


def study_of(clips: Path, out: Path) -> tuple[object, ...]:
    """The words that read clips in this process."""
    return ("video", clips, "-o", out, "--workers", "1", "--model", "tiny")


def test_several_clips_give_summaries(invoke: Invoke, films: Path, tmp_path: Path) -> None:
    command = (*study_of(films, tmp_path / "study"), "--conditions", films / "table.csv")
    code, out, err = invoke(*command, "--people", "1", "--episode-threshold", "0.4")
    assert code == 0, err
    rows = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert "happy 100%" in rows["anna"]
    assert "surprise 100%" in rows["ben"]
    page = (tmp_path / "study" / "index.html").read_text(encoding="utf-8")
    assert "By condition" in page
    record = json.loads(invoke(*command, "--people", "1", "--json")[1])
    assert {row["group"] for row in record["by_condition"]} == {"joke", "shock"}
    assert [row["expression"] for row in record["episodes"]] == ["happy", "surprise"]
    assert record["settings"]["design"]["rule"]["threshold"] == 0.5


def test_tracks_are_merged(invoke: Invoke, films: Path, tmp_path: Path) -> None:
    assert invoke("video", films, "-o", tmp_path / "study", "--workers", "1", "--model", "tiny", "--every", "5")[0] == 0
    code, out, err = invoke("video", "merge", tmp_path / "study", "carl=anna.mp4#1,ben.mp4#1", "--json")
    assert code == 0, err
    assert {row["person"] for row in json.loads(out)["clips"]} == {"carl"}
    twice = ("eva=anna.mp4#1", "eva=ben.mp4#1")  # one person in two words
    code, out, err = invoke("video", "merge", tmp_path / "study", *twice, "--json")
    assert {row["person"] for row in json.loads(out)["clips"]} == {"eva"}
    clash = invoke("video", "merge", tmp_path / "study", "anna=anna.mp4#1", "ben=anna#1")
    assert "'anna.mp4#1' is given twice" in clash[2]
    assert invoke("video", "merge", tmp_path / "study", "anna.mp4#1")[0] == 2
    tracks = tmp_path / "study" / "tracks.csv"
    assert "copy it to another file" in invoke("video", "merge", tmp_path / "study", tracks)[2]
    (tmp_path / "persons.csv").write_text(tracks.read_text().replace("eva", "dora"))
    code, out, err = invoke("video", "merge", tmp_path / "study", tmp_path / "persons.csv", "--json")
    assert code == 0, err
    assert {row["person"] for row in json.loads(out)["clips"]} == {"dora"}
    assert "has no settings.json" in invoke("video", "merge", films, "carl=anna.mp4#1")[2]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("FILM", "FILMS"), "Several clips need a folder as output"),
        (("FILMS", "-o", "rows.csv"), "Several clips need a folder as output"),
        (("FILMS", "-o", "out", "--annotate", "copy.mp4"), "--annotate is for one clip"),
        (("FILM", "--people", "1", "--baseline", "0:00-0:10"), "--baseline, --people: summaries need a folder"),
    ],
)
def test_options_that_don_t_fit(
    invoke: Invoke,
    film: Path,
    films: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    words: tuple[str, ...],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = invoke("video", *({"FILM": film, "FILMS": films}.get(word, word) for word in words))
    assert code == 2
    assert sentence in " ".join(err.split())


def test_a_clip_that_can_t_be_read_gives_an_exit_code(invoke: Invoke, films: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"x")
    code, _, err = invoke(
        "video", tmp_path / "bad.mp4", films / "ben.mp4", "-o", tmp_path / "out", "--workers", "1", "--model", "tiny"
    )
    assert code == 1
    assert "1 clip could not be read (bad.mp4); the summaries" in err


def test_codes_are_compared(invoke: Invoke, films: Path, tmp_path: Path) -> None:
    command = (*study_of(films, tmp_path / "study"), "--people", "1", "--every", "2")
    assert invoke(*command)[0] == 0
    (tmp_path / "codes.csv").write_text("clip,start,end,label,coder\nanna,0,1,happy,x\nben,0,1,surprise,x\n")
    code, out, err = invoke("agree", tmp_path / "study", tmp_path / "codes.csv", "--block", "0.5")
    assert code == 0, err
    assert out.splitlines()[2].split()[:4] == ["x", "mien", "1.8", "1.00"]
    record = json.loads(invoke("agree", tmp_path / "study", tmp_path / "codes.csv", "--json")[1])
    assert record["pairs"][0]["kappa"]["value"] == 1.0
    (tmp_path / "codes.csv").write_text("clip,start,end,label\ncarl,0,1,happy\n")
    assert invoke("agree", tmp_path / "study", tmp_path / "codes.csv")[0] == 1
