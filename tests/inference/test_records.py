from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from mien.errors import OutputError
from mien.inference import records
from mien.inference.photo import Face, PhotoResult

CLASSES = ("happy", "sad")
FACE = Face((1.5, 2, 30, 40), ((1, 2),) * 5, 0.9, "happy", {"happy": 0.75, "sad": 0.25})
READINGS = [
    PhotoResult("two, faces.jpg", (FACE, FACE)),
    PhotoResult("none.jpg", ()),
    PhotoResult("bad.jpg", (), "it is damaged"),
]
ROWS = [row for reading in READINGS for row in records.rows_of(reading)]
TYPES = records.columns(CLASSES)


def test_a_row_is_a_face_or_says_why_there_is_none() -> None:
    assert [row["status"] for row in ROWS] == ["face", "face", "no_face", "error"]
    assert [row.get("face") for row in ROWS] == [0, 1, None, None]
    assert ROWS[3]["error"] == "it is damaged"
    assert set(records.flat(ROWS[0])) <= set(TYPES)


def written(tmp_path: Path, form: str) -> Path:
    path = tmp_path / f"rows.{form}"
    with records.opened(path, form, TYPES) as to:
        for row in ROWS:
            to.write(row)
    return path


def test_json_lines_and_json_keep_everything(tmp_path: Path) -> None:
    assert [json.loads(line) for line in written(tmp_path, "jsonl").read_text().splitlines()] == ROWS
    assert json.loads(written(tmp_path, "json").read_text()) == {"rows": ROWS}
    with records.opened(tmp_path / "empty.json", "json", TYPES):
        pass
    assert json.loads((tmp_path / "empty.json").read_text()) == {"rows": []}


def test_csv_is_flat(tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(written(tmp_path, "csv").read_text())))
    assert list(rows[0]) == list(TYPES)
    assert (rows[0]["photo"], rows[0]["left"], rows[0]["p_sad"]) == ("two, faces.jpg", "1.5", "0.25")
    assert (rows[2]["status"], rows[2]["left"]) == ("no_face", "")
    assert rows[3]["error"] == "it is damaged"


def test_parquet_is_typed(tmp_path: Path) -> None:
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(written(tmp_path, "parquet"))
    assert table.column_names == list(TYPES)
    rows = table.to_pylist()
    assert (rows[0]["right"], rows[0]["abstained"], rows[1]["face"]) == (30.0, False, 1)
    assert rows[2]["label"] is None


def test_parquet_holds_more_than_one_group(tmp_path: Path) -> None:
    import pyarrow.parquet

    with records.opened(tmp_path / "many.parquet", "parquet", TYPES) as to:
        for _ in range(records.CHUNK + 5):
            to.write(ROWS[0])
    assert pyarrow.parquet.ParquetFile(tmp_path / "many.parquet").metadata.num_rows == records.CHUNK + 5


def test_an_output_that_fails_half_way_isn_t_there(tmp_path: Path) -> None:
    def fail() -> None:
        with records.opened(tmp_path / "rows.csv", "csv", TYPES) as to:
            to.write(ROWS[0])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_names_that_are_no_text_are_made_some(tmp_path: Path) -> None:
    odd = {"photo": "caf\udce9.jpg", "status": "no_face"}
    for form in ("csv", "parquet"):
        with records.opened(tmp_path / f"odd.{form}", form, TYPES) as to:
            to.write(odd)
    assert "caf\ufffd.jpg" in (tmp_path / "odd.csv").read_text()


@pytest.mark.parametrize("name", ["rows", "rows.xlsx"])
def test_an_unknown_ending_says_which_there_are(name: str) -> None:
    with pytest.raises(OutputError, match=r"must end in one of .jsonl, .csv, .parquet, .json"):
        records.format_of(Path(name))


def journal(out: Path, *, resume: bool = False, model: str = "m") -> records.Journal:
    return records.Journal(out, "jsonl", TYPES, {"model": model}, resume=resume)


@pytest.mark.parametrize("cut", [0, 1, 5, 30, 200])
def test_a_journal_goes_on_wherever_it_was_cut_off(tmp_path: Path, cut: int) -> None:
    out = tmp_path / "rows.jsonl"
    first = journal(out)
    for reading in READINGS:
        first.add(reading.name, records.rows_of(reading))
    first.close()
    data = first.path.read_bytes()
    first.path.write_bytes(data[: len(data) - cut])

    second = journal(out, resume=True)
    for reading in READINGS:
        if reading.name not in second.done:
            second.add(reading.name, records.rows_of(reading))
    second.finish()
    assert [json.loads(line) for line in out.read_text().splitlines()] == ROWS
    assert list(tmp_path.iterdir()) == [out]
    assert second.counts == {"face": 2, "no_face": 1, "error": 1}


def test_a_journal_cut_off_in_its_first_line_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl.partial").write_text('{"sett')
    again = journal(tmp_path / "rows.jsonl", resume=True)
    assert again.done == set()
    again.add("a", ROWS[:1])
    assert list(again.rows()) == ROWS[:1]
    again.close()


def test_a_journal_is_not_lost_by_a_run_without_resume(tmp_path: Path) -> None:
    journal(tmp_path / "rows.jsonl").close()
    with pytest.raises(OutputError, match="resume with --resume, or remove it"):
        journal(tmp_path / "rows.jsonl")


def test_a_journal_of_another_model_is_refused(tmp_path: Path) -> None:
    journal(tmp_path / "rows.jsonl").close()
    with pytest.raises(OutputError, match="started with another model or other options"):
        journal(tmp_path / "rows.jsonl", resume=True, model="other")


def test_a_journal_needs_its_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="can't be written: No such file"):
        journal(tmp_path / "absent" / "rows.jsonl")


def test_two_do_not_write_one_journal(tmp_path: Path) -> None:
    first = journal(tmp_path / "rows.jsonl")
    for resume in (True, False):
        with pytest.raises(OutputError, match=r"Another process is writing '.*rows.jsonl': wait until it has ended"):
            journal(tmp_path / "rows.jsonl", resume=resume)
    first.close()
    journal(tmp_path / "rows.jsonl", resume=True).close()


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "[" * 3000,
        "5",
        "{}",
        '{"photo": 5, "rows": []}',
        '{"photo": "a", "rows": 5}',
        '{"photo": "a", "rows": [5]}',
        '{"photo": "a", "rows": [{}]}',
        '{"photo": "a", "rows": [{"status": "face", "box": 5}]}',
        '{"photo": "a", "rows": [{"status": "face", "nonsense": 5}]}',
        '{"photo": "a", "rows": [{"status": "face", "confidence": "high"}]}',
        '{"photo": "a", "rows": [], "drawn": 5}',
    ],
)
def test_a_damaged_journal_is_refused_and_stays(tmp_path: Path, line: str) -> None:
    first = journal(tmp_path / "rows.jsonl")
    first.add("good.jpg", ROWS[:1])
    first.close()
    with first.path.open("a") as file:
        file.write(line + "\n")
    before = first.path.read_bytes()
    with pytest.raises(OutputError, match=r"rows.jsonl.partial' is damaged in line 3: remove it to start again"):
        journal(tmp_path / "rows.jsonl", resume=True)
    assert first.path.read_bytes() == before


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(st.integers(0, 10_000), st.binary(max_size=20), st.integers(0, 30))
def test_a_journal_with_changed_bytes_gives_rows_or_one_sentence(
    tmp_path: Path, place: int, new: bytes, removed: int
) -> None:
    out = tmp_path / "rows.jsonl"
    first = journal(out)
    for reading in READINGS:
        first.add(reading.name, records.rows_of(reading))
    first.close()
    data = first.path.read_bytes()
    place %= len(data)
    first.path.write_bytes(data[:place] + new + data[place + removed :])
    said = ""
    try:
        second = journal(out, resume=True)
        second.add("more.jpg", ROWS[:1])
        second.finish()
    except OutputError as error:
        said = str(error)
        first.path.unlink()
    assert "\n" not in said


def test_a_table_whose_name_is_no_text_is_written(tmp_path: Path) -> None:
    with records.opened(tmp_path / "odd\udcff.parquet", "parquet", {"photo": str}) as to:
        to.write({"photo": "a\udcff.jpg"})
    with (tmp_path / "odd\udcff.parquet").open("rb") as file:
        assert parquet.read_table(file).to_pylist() == [{"photo": "a\ufffd.jpg"}]
