"""What the API answers, and that it is what the package itself reads."""

from __future__ import annotations

import re
from typing import Any

import httpx
import numpy as np
import pytest

import hostile
import mien
import scenes
import servers
from mien import images, modelfile
from mien.errors import ModelFileError
from mien.serving import server
from mien.serving.settings import Settings

JPEG = {"Content-Type": "image/jpeg"}


def is_problem(answer: httpx.Response, status: int, words: str) -> bool:
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(body) == {"type", "title", "status", "detail"}
    assert body["detail"][-1] in ".)" or "  " in body["detail"]
    return answer.status_code == body["status"] == status and words in body["detail"]


def close(a: Any, b: Any) -> bool:
    """Whether two faces are the same, but for the rounding of another size of batch."""
    same = {key: value for key, value in a.items() if key not in ("probabilities", "confidence")} == {
        key: value for key, value in b.items() if key not in ("probabilities", "confidence")
    }
    return same and all(abs(a["probabilities"][name] - value) < 1e-5 for name, value in b["probabilities"].items())


def test_a_photo_is_read_as_the_package_reads_it(client: httpx.Client, two_faces: bytes) -> None:
    answer = client.post("/v1/analyze", content=two_faces, headers=JPEG)
    expected = [face.to_dict() for face in mien.Reader("tiny").analyze(two_faces)]
    expected = [{**face, "landmarks": face["landmarks"], "box": list(face["box"])} for face in expected]
    assert answer.status_code == 200
    body = answer.json()
    assert body["model"] == "tiny"
    (photo,) = body["photos"]
    assert (photo["name"], photo["width"], photo["height"], photo["error"]) == (None, 800, 480, None)
    assert len(photo["faces"]) == 2
    assert all(close(face, other) for face, other in zip(photo["faces"], expected, strict=True))


def test_a_form_field_that_is_no_file_is_named(client: httpx.Client, two_faces: bytes) -> None:
    for address in ("/v1/analyze", "/v1/classify"):
        answer = client.post(address, files=[("files", ("b.jpg", two_faces))], data={"model": "tiny"})
        assert is_problem(answer, 422, "The form field 'model' is not a file: write parameters into the address")


def test_several_files_come_back_in_order_and_a_bad_one_fails_alone(
    client: httpx.Client, two_faces: bytes, no_face: bytes
) -> None:
    files = [("files", ("b.jpg", two_faces)), ("x", ("臉.png", no_face)), ("files", ("bad", b"no picture"))]
    answer = client.post("/v1/analyze", files=files)
    assert answer.status_code == 200
    photos = answer.json()["photos"]
    assert [photo["name"] for photo in photos] == ["b.jpg", "臉.png", "bad"]
    assert [len(photo["faces"]) for photo in photos] == [2, 0, 0]
    assert photos[2]["error"]["status"] == 422
    assert photos[0]["error"] is photos[1]["error"] is None


def test_crops_are_read_as_they_are(client: httpx.Client, faces: mien.FaceSet) -> None:
    crops = faces.images[:20]
    files = [("files", (f"{number}.png", images.encode_png(crop))) for number, crop in enumerate(crops)]
    answer = client.post("/v1/classify", files=files)
    expected = mien.load("tiny").probabilities(crops)
    rows = [list(crop["reading"]["probabilities"].values()) for crop in answer.json()["crops"]]
    np.testing.assert_allclose(rows, expected, atol=1e-5)
    one = client.post("/v1/classify", content=images.encode_png(crops[0]), headers={"Content-Type": "image/png"})
    alone = mien.load("tiny").probabilities(crops[:1])[0]
    assert list(one.json()["crops"][0]["reading"]["probabilities"].values()) == [float(value) for value in alone]


def test_a_bad_crop_fails_alone_and_a_photo_is_no_crop(client: httpx.Client, faces: mien.FaceSet) -> None:
    large = scenes.encoded(scenes.background(2000, 1000), "PNG")
    files = [("a", ("a.png", images.encode_png(faces.images[0]))), ("b", ("b.png", large))]
    first, second = client.post("/v1/classify", files=files).json()["crops"]
    assert first["error"] is None
    assert second["reading"] is None
    assert "more than the 1,048,576 allowed" in second["error"]["detail"]


def test_what_a_server_says_of_itself(client: httpx.Client) -> None:
    body = client.get("/v1/models").json()
    (model,) = body["models"]
    classifier = mien.load("tiny")
    assert model["name"] == "tiny"
    assert model["sha256"] == modelfile.sha256(classifier.path)
    assert [entry["name"] for entry in model["classes"]] == list(classifier.spec.classes)
    assert all(re.fullmatch("#[0-9a-f]{6}", entry["colour"]) for entry in model["classes"])
    assert body["limits"]["bytes"] == 16 * 2**20
    assert body["key_needed"] is False
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_wrong_requests_are_problems(client: httpx.Client, two_faces: bytes) -> None:
    def post(content: bytes, **headers: str) -> httpx.Response:
        return client.post("/v1/analyze", content=content, headers={k.replace("_", "-"): v for k, v in headers.items()})

    form = "multipart/form-data"
    assert is_problem(client.get("/nothing"), 404, "no such endpoint")
    assert is_problem(client.get("/v1/analyze"), 405, "doesn't support GET")
    assert is_problem(post(two_faces), 415, "Content-Type")
    assert is_problem(post(two_faces, content_type="application/json"), 415, "Content-Type")
    assert is_problem(post(two_faces, content_type="image/jpeg", content_encoding="gzip"), 415, "Compressed")
    assert is_problem(post(b"", content_type="image/jpeg"), 422, "empty")
    assert is_problem(post(two_faces[:5000], content_type="image/jpeg"), 422, "damaged")
    assert is_problem(post(two_faces, content_type=form), 400, "boundary")
    assert is_problem(post(two_faces, content_type=f"{form}; boundary=x"), 400, "boundary")
    assert is_problem(post(two_faces, content_type=f"{form}; boundary=x; charset=nope"), 400, "boundary")
    named = b'--x\r\nContent-Disposition: form-data; name="f"; filename="\\ud800"\r\n\r\nx\r\n--x--\r\n'
    odd = post(named, content_type=f"{form}; boundary=x; charset=unicode_escape")
    assert [photo["error"]["status"] for photo in odd.json()["photos"]] == [422]
    assert is_problem(post(b"--x--\r\n", content_type=f"{form}; boundary=x"), 422, "no files")
    wrong = client.post("/v1/analyze?model=nope", content=two_faces, headers=JPEG)
    assert is_problem(wrong, 404, "choose one of tiny")
    assert is_problem(client.post(f"/v1/analyze?model={'x' * 300}", content=two_faces, headers=JPEG), 422, "model")


def test_hostile_files_come_out_as_they_must(client: httpx.Client) -> None:
    wrong = []
    for name, (make, outcome) in hostile.CASES.items():
        answer = client.post("/v1/analyze", content=make(), headers={"Content-Type": "application/octet-stream"})
        if answer.status_code == 200:
            found = "face" if answer.json()["photos"][0]["faces"] else "no_face"
            right = found == outcome
        else:
            words = answer.json()["detail"].lower()
            right = answer.status_code == 422 and (outcome.lower() in words or "is empty" in words)
        if not right:
            wrong.append((name, outcome, answer.status_code, answer.text[:200]))
    assert wrong == []


def test_a_decision_of_the_models_is_answered_by(two_faces: bytes) -> None:
    reader = mien.Reader("tiny", decision="balanced")
    with servers.running(decision="balanced") as url, servers.Client(base_url=url) as client:
        known = client.get("/v1/models").json()
        (photo,) = client.post("/v1/analyze", content=two_faces, headers=JPEG).json()["photos"]
    assert known["options"]["decision"] == "balanced"
    assert known["models"][0]["device"] == "cpu"
    assert known["models"][0]["offsets"] == list(reader.classifier.spec.decisions["balanced"])
    expected = [face.to_dict() for face in reader.analyze(two_faces)]
    plain = [face.to_dict() for face in mien.Reader("tiny").analyze(two_faces)]
    assert len(photo["faces"]) == 2
    assert all(
        close(face, {**other, "box": list(other["box"])}) for face, other in zip(photo["faces"], expected, strict=True)
    )
    assert not close(photo["faces"][0], {**plain[0], "box": list(plain[0]["box"])})
    with pytest.raises(ModelFileError, match="'tiny' has no decision 'fair': it has argmax, balanced"):
        server.prepare(Settings(models=("tiny",), decision="fair"))


def test_a_request_states_its_class_shares(client: httpx.Client, two_faces: bytes) -> None:
    data, kind = two_faces, {"Content-Type": "application/octet-stream"}
    plain = client.post("/v1/analyze", content=data, headers=kind).json()
    assert plain["prior"] is None
    answer = client.post("/v1/analyze?prior=neutral=0.5,happy=0.3", content=data, headers=kind).json()
    assert answer["prior"]["neutral"] == pytest.approx(0.5)
    expected = mien.Reader("tiny", prior="neutral=0.5,happy=0.3").analyze(two_faces)
    for face, other in zip(answer["photos"][0]["faces"], expected, strict=True):
        assert face["label"] == other.label
        assert face["probabilities"] == pytest.approx(dict(other.probabilities), abs=1e-5)
    for prior, words in (("joyous=0.5", "names 'joyous'"), ("auto", "can't be estimated from 2 faces")):
        refused = client.post(f"/v1/analyze?prior={prior}", content=data, headers=kind)
        assert refused.status_code == 422
        assert words in refused.json()["detail"]
