"""Files on this machine and in buckets."""

from __future__ import annotations

import io
import urllib.request
from pathlib import Path

import pyarrow as pa
import pytest

from mien.errors import DataError, OutputError
from mien.scale import places, sources


def listed(*named: str | Path) -> list[str]:
    return [member.source for member in sources.members(map(str, named))]


def ask_for_credentials(storage: str, after: bytes) -> None:
    """Let the storage check who asks, after so many requests."""
    headers = {"Content-Type": "text/plain"}
    urllib.request.urlopen(urllib.request.Request(f"{storage}/moto-api/reset-auth", after, headers)).close()


def test_a_bucket_that_can_t_be_used_is_one_sentence(
    bucket: str, storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match=r"^There is no 's3://nope/x': check the name"):
        listed("s3://nope/x")
    with pytest.raises(DataError, match=r"^'s3://nope/x': there is no such bucket"):
        listed("s3://nope/x/*.jpg")
    with pytest.raises(OutputError, match=r"^'s3://nope/x': there is no such bucket"):
        places.put("s3://nope/x", io.BytesIO(b"x"))
    ask_for_credentials(storage, b"0")
    try:
        for use, kind in (
            (lambda: listed(f"{bucket}/x"), DataError),
            (lambda: places.put(f"{bucket}/x", io.BytesIO()), OutputError),
        ):
            with pytest.raises(kind, match=rf"^'{bucket}/x': access is denied; check the credentials .*permissions\.$"):
                use()
    finally:
        ask_for_credentials(storage, b"1000000")


@pytest.mark.parametrize("name", ["s3://b/k", "gs://b/k", "gcs://b"])
def test_buckets_are_told_by_their_prefix(name: str) -> None:
    assert places.is_remote(name)
    assert not places.is_remote(f"/here/{name}")


def test_names_below_a_folder_have_one_slash() -> None:
    assert places.below("s3://b/k/", "x") == places.below("s3://b/k", "x") == "s3://b/k/x"


def test_what_lies_at_a_place_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert [places.kind(str(tmp_path / name)) for name in ("", "file", "none")] == ["folder", "file", None]
    for whole in (False, True):
        with places.opened(str(tmp_path / "file"), sequential=whole) as file:
            assert file.read() == b"abc"
    with (
        pytest.raises(DataError, match=r"^There is no '.*none': check the name\.$"),
        places.opened(str(tmp_path / "none")),
    ):
        pass


def test_a_file_is_written_from_where_its_content_stands(tmp_path: Path) -> None:
    content = io.BytesIO(b"abcdef")
    content.seek(2)
    places.put(str(tmp_path / "out"), content)
    assert (tmp_path / "out").read_bytes() == b"cdef"
    with pytest.raises(OutputError, match="does not exist"):
        places.put(str(tmp_path / "missing" / "out"), io.BytesIO(b"x"))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (OSError("When ... AWS Error NO_SUCH_BUCKET during HeadBucket"), "there is no such bucket"),
        (OSError("AWS Error ACCESS_DENIED during GetObject (Request ID 1)"), "access is denied; check the credentials"),
        (
            OSError("google::cloud::Status(UNAVAILABLE: Retry policy exhausted)"),
            "can't be reached; check the network, and the",
        ),
        (
            OSError("AWS Error NETWORK_CONNECTION during GetObject"),
            "can't be reached; check the network, and AWS_ENDPOINT_URL",
        ),
        (FileNotFoundError(2, "No such file"), "There is no 's3://b/k'"),
        (OSError(5, "Input/output error"), r"can't be reached or used: Input/output error\.$"),
        (pa.ArrowInvalid("first line\nsecond"), r"can't be reached or used: first line\.$"),
    ],
)
def test_errors_of_storage_are_one_sentence(reason: Exception, words: str) -> None:
    with pytest.raises(OutputError, match=words) as caught, places.translated_errors("s3://b/k", OutputError):
        raise reason
    assert "\n" not in str(caught.value)


def test_damage_is_told_from_access() -> None:
    assert places.is_damage(OSError("Couldn't deserialize thrift"))
    assert not places.is_damage(OSError("AWS Error ACCESS_DENIED"))
    assert not places.is_damage(OSError(13, "Permission denied"))


def test_the_files_of_a_bucket_come_as_a_walk_gives_them(bucket: str) -> None:
    for name in ("b/2", "b/1", "a", "c/d/e"):
        places.put(f"{bucket}/in/{name}", io.BytesIO(name.encode()))
    assert list(places.walk(f"{bucket}/in")) == [f"{bucket}/in/{name}" for name in ("a", "b/1", "b/2", "c/d/e")]
    assert [places.kind(f"{bucket}/in/{name}") for name in ("a", "b", "x")] == ["file", "folder", None]
