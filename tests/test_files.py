from __future__ import annotations

import json
import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mien import files
from mien.errors import OutputError
from mien.files import Inputs


def test_a_file_appears_whole(tmp_path: Path) -> None:
    files.write_json(tmp_path / "a.json", {"név": 1})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "név": 1\n}\n'
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_failure_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail_in_the_middle() -> None:
        with files.atomic_write(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail_in_the_middle()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_missing_folder_and_a_folder_as_target_say_so(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"the folder '.*nope' does not exist; create it first"):
        files.write_text(tmp_path / "nope" / "a.txt", "x")
    with pytest.raises(OutputError, match="is a folder: choose the name of a file"):
        files.write_text(tmp_path, "x")


def link(source: Path, target: Path) -> Path:
    target.symlink_to(source)
    return target


def hard_link(source: Path, target: Path) -> Path:
    target.hardlink_to(source)
    return target


def itself(source: Path, target: Path) -> Path:
    return source.parent / "." / source.name


@pytest.mark.parametrize("name", [itself, link, hard_link])
def test_an_input_is_not_replaced_whatever_it_is_called(
    tmp_path: Path, name: Callable[[Path, Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "in.csv"
    source.write_text("precious")
    target = name(source, tmp_path / "out.csv")
    monkeypatch.chdir(tmp_path)
    several: list[tuple[str | Path, ...]] = [(source,), ("in.csv",), ("base", "rtsp://camera", source)]
    for inputs in several:
        with pytest.raises(OutputError, match=r"is an input.* would be overwritten: choose another path"):
            files.check(target, inputs=inputs)
    with files.kept(Inputs([source])), pytest.raises(OutputError, match="would be overwritten"):
        files.write_text(target, "x")
    assert source.read_text() == "precious"
    files.write_text(target, "x")  # outside the block nothing is kept
    assert target.read_text() == "x"


def test_what_lies_in_an_input_folder_is_an_input(tmp_path: Path) -> None:
    (tmp_path / "set" / "happy").mkdir(parents=True)
    (tmp_path / "set" / "happy" / "1.png").write_text("face")
    (tmp_path / "set" / "audit.html").write_text("a page of an earlier audit")
    for target in ("set/happy/1.png", "set/../set/happy/1.png"):
        with pytest.raises(OutputError, match=r"is an input in '.*set' and would be overwritten"):
            files.check(tmp_path / target, inputs=[tmp_path / "set"])
    files.check(tmp_path / "set" / "new.csv", inputs=[tmp_path / "set"])
    files.check(tmp_path / "set" / "audit.html", inputs=[tmp_path / "set"])


@pytest.mark.parametrize("out", ["set", "set/happy", "."])
def test_a_folder_does_not_replace_an_input_or_what_is_around_it(tmp_path: Path, out: str) -> None:
    (tmp_path / "set" / "happy").mkdir(parents=True)
    with pytest.raises(OutputError, match="would be overwritten"):
        files.check(tmp_path / out, "folder", inputs=[tmp_path / "set"])
    (tmp_path / "beside").mkdir()
    files.check(tmp_path / "beside", "folder", inputs=[tmp_path / "set"])


def test_links_are_followed_and_owner_and_mode_are_kept(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "a.txt"
    target.write_text("old")
    target.chmod(0o600)
    (tmp_path / "link.txt").symlink_to("there/a.txt")
    (tmp_path / "absent.txt").symlink_to("there/b.txt")
    files.write_text(tmp_path / "link.txt", "new")
    files.write_text(tmp_path / "absent.txt", "b")
    assert (tmp_path / "link.txt").is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert (tmp_path / "there" / "b.txt").read_text() == "b"
    umask = os.umask(0o027)
    try:
        files.write_text(tmp_path / "c.txt", "c")
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "c.txt").stat().st_mode) == 0o640
    with files.atomic_write(tmp_path / "d.txt", mode=0o600) as temporary:
        temporary.write_text("d")
    assert stat.S_IMODE((tmp_path / "d.txt").stat().st_mode) == 0o600


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    heard: list[str] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text()))
    reader.start()
    files.write_text(pipe, "rows")
    reader.join(10)
    assert heard == ["rows"]
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_device_is_written_into(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    try:
        device = Path(os.ttyname(theirs))
        link = tmp_path / "terminal.txt"
        link.symlink_to(device)
        files.write_text(link, "words\n")
        assert os.read(ours, 100) == b"words\r\n"
        assert device.is_char_device()
        assert link.is_symlink()
    finally:
        os.close(ours)
        os.close(theirs)


def test_what_a_shell_has_opened_is_written_into(tmp_path: Path) -> None:
    with (tmp_path / "log.txt").open("w+") as file:
        files.write_text(f"/dev/fd/{file.fileno()}", "rows")
        assert os.path.samestat(os.fstat(file.fileno()), (tmp_path / "log.txt").stat())
        assert file.read() == "rows"


@pytest.mark.parametrize("name", ["note.txt", "face.PNG", "page", "page.html.txt"])
def test_a_file_of_another_kind_is_neither_replaced_nor_made(tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    for exists in (False, True):
        if exists:
            place.write_text("mine")
        with pytest.raises(OutputError, match=r"' must end in one of \.html, \.htm: rename it\."):
            files.check(place, suffixes=files.PAGES)
        with pytest.raises(OutputError, match="must end in"):
            files.write_text(place, "x", suffixes=files.PAGES)
        assert [path.read_text() for path in tmp_path.iterdir()] == (["mine"] if exists else [])


def test_a_link_to_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"note.txt' must end in \.onnx: rename it"):
        files.check(link(tmp_path / "note.txt", tmp_path / "model.onnx"), suffixes=files.MODELS)


def test_a_device_has_no_suffix() -> None:
    files.check(Path("/dev/null"), suffixes=files.MODELS)


@pytest.mark.parametrize("name", ["page.html", "PAGE.HTML", "page.htm"])
def test_a_file_of_the_same_kind_is_replaced(tmp_path: Path, name: str) -> None:
    for text in ("first", "again"):
        files.write_text(tmp_path / name, text, suffixes=files.PAGES)
        assert (tmp_path / name).read_text() == text


def test_no_folder_is_made_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "fer.csv").touch()
    for place in (tmp_path / "fer.csv", tmp_path / "fer.csv" / "hw" / "runs"):
        with pytest.raises(OutputError, match=r"fer\.csv' is a file: choose the name of a folder\."):
            files.check_folder(place)
    files.check_folder(tmp_path / "new" / "hw")


def test_what_is_write_protected_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("old")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    with pytest.raises(OutputError, match="is write-protected"):
        files.write_text(tmp_path / "a.txt", "x")


def test_a_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "disk").write_text("")
    monkeypatch.setattr(Path, "is_block_device", lambda path: path.name == "disk")
    with pytest.raises(OutputError, match="is a disk"):
        files.check(tmp_path / "disk")


def test_bytes_that_are_no_text_end_no_write(tmp_path: Path) -> None:
    files.write_text(tmp_path / "a.html", "a\udcffb")
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == "a\ufffdb"
    files.write_json(tmp_path / "a.json", {"path": "a\udcffb"})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"path": "a\udcffb"}


def test_a_taken_name_gets_the_next_number() -> None:
    unique = files.UniqueNames()
    unique.keep(["B.png"])
    wanted = ["a", "A", "a-2", "a", "b", "a-2"]
    assert [unique.name(stem, ".png") for stem in wanted] == [
        "a.png", "A-2.png", "a-2-2.png", "a-3.png", "b-2.png", "a-2-3.png"
    ]  # fmt: skip
    assert unique.name("a", ".jpg") == "a.jpg"


def test_many_files_of_one_name_take_linear_time() -> None:
    unique, begun = files.UniqueNames(), time.process_time()
    names = [unique.name("photo", ".jpg") for _ in range(20_000)]
    assert (len(set(names)), names[-1]) == (20_000, "photo-20000.jpg")
    assert time.process_time() - begun < 5  # 200 million comparisons if each search began at 2


def test_a_folder_inside_the_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    link(tmp_path / "data", tmp_path / "linked")
    for inside in ("data/run", "data/runs/one", "linked/run"):
        with pytest.raises(
            OutputError, match=r"is inside the data .* and would be read as data: choose a folder outside"
        ):
            files.check_folder(tmp_path / inside, [tmp_path / "data"])
    files.check_folder(tmp_path / "run", [tmp_path / "data", tmp_path / "missing"])
    files.check_folder(tmp_path / "data", [tmp_path / "data"])  # checked elsewhere


def test_the_pictures_of_a_list_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "faces").mkdir()
    picture = tmp_path / "faces" / "1.png"
    picture.write_bytes(b"picture")
    monkeypatch.chdir(tmp_path)
    with files.kept():
        files.keep_pictures({Path("faces/1.png")})
        with pytest.raises(OutputError, match="is a picture of the data and would be overwritten"):
            files.write_text(picture, "x")
        with pytest.raises(OutputError, match="has a picture of the data and would be overwritten"):
            files.check(tmp_path / "faces", "folder")
        files.write_text(tmp_path / "faces" / "2.png", "x")
    assert picture.read_bytes() == b"picture"
    files.write_text(picture, "x")
