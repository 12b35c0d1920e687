"""The output folder of a study: settings that are kept, and clips whose files are known again."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from mien import files, typed_json
from mien.errors import DataError, OutputError, VideoError
from mien.inference.readability import Limits
from mien.progress import Progress
from mien.videos import study_folder
from mien.videos.clips import Clip
from mien.videos.design import Design, PersonOfTrack
from mien.videos.study_folder import ClipFile, ClipRecord, Reading, Settings

READING = Reading("tiny", "0" * 64, 1, 0.0, None, 0.3, None, {}, Limits())
SETTINGS = Settings("0", ("a.mp4",), READING, Design())


def test_settings_are_kept_and_others_are_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    study_folder.take_up(out, SETTINGS, [])
    assert study_folder.read_settings(out) == SETTINGS
    study_folder.take_up(out, dataclasses.replace(SETTINGS, design=Design(single=True)), [])
    other = dataclasses.replace(SETTINGS, reading=dataclasses.replace(READING, smoothing=0.1, every=2))
    with pytest.raises(OutputError, match="another value of every, smoothing"):
        study_folder.take_up(out, other, [])
    with pytest.raises(OutputError, match="exists and has no study"):
        study_folder.take_up(tmp_path, SETTINGS, [])
    (out / "settings.json").write_text("{}")
    with pytest.raises(DataError, match="is damaged: it lacks 'version'"):
        study_folder.read_settings(out)


class Lines(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)


def test_persons_named_by_hand_are_kept_but_for_a_clip_that_changed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    clips = [Clip(name, str(tmp_path / name)) for name in ("a.mp4", "b.mp4")]
    persons = (
        PersonOfTrack("a.mp4", 1, "anna"),
        PersonOfTrack("b.mp4", 1, "ben"),
        PersonOfTrack("gone.mp4", 1, "carl"),
    )
    study_folder.take_up(out, dataclasses.replace(SETTINGS, design=Design(persons=persons)), clips)
    for clip in clips:
        Path(clip.path).write_bytes(b"one")
        record = ClipRecord(clip.name, ClipFile.of(clip.path), 9, 0)
        files.write_json(study_folder.record_path(out, clip.name), typed_json.to_json(record))
    Path(clips[1].path).write_bytes(b"three")
    seen = Lines()
    again = study_folder.take_up(out, dataclasses.replace(SETTINGS, design=Design(faces=False)), clips, seen)
    assert again.design == Design(faces=False, persons=(persons[0], persons[2]))
    assert study_folder.read_settings(out) == again
    assert seen.lines == [
        "2 tracks keep the person named by  mien video merge",
        "b.mp4: the file has changed, and its tracks with it: name their persons again",
    ]


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"one")
    file = ClipFile.of(str(path))
    os.utime(path, (1, 1))
    assert file.is_at(str(path))
    path.write_bytes(b"two")
    os.utime(path, (2, 2))
    assert not file.is_at(str(path))
    path.write_bytes(b"three")
    assert not file.is_at(str(path))
    with pytest.raises(VideoError, match="can't be read"):
        ClipFile.of(str(tmp_path / "none"))


def test_the_record_of_a_clip(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "out" / "rows").mkdir(parents=True)
    clip = Clip("sub/a.mp4", str(tmp_path / "clips" / "a.mp4"))
    Path(clip.path).write_bytes(b"one")
    assert study_folder.source_of(tmp_path / "out", clip) == "../clips/a.mp4"
    record = ClipRecord("../clips/a.mp4", ClipFile.of(clip.path), 9, 0)
    path = study_folder.record_path(tmp_path / "out", clip.name)
    assert path == tmp_path / "out" / "rows" / "sub__a.mp4.json"
    assert study_folder.record_of(tmp_path / "out", clip.name) is None
    files.write_json(path, typed_json.to_json(record))
    assert study_folder.record_of(tmp_path / "out", clip.name) == record
    study_folder.note_source(tmp_path / "out", Clip(clip.name, str(tmp_path / "out" / "a.mp4")))
    moved = study_folder.record_of(tmp_path / "out", clip.name)
    assert moved == dataclasses.replace(record, source="a.mp4")
    study_folder.remove(tmp_path / "out", clip.name)
    assert list((tmp_path / "out" / "rows").iterdir()) == []
