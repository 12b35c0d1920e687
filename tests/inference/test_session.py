"""Opening an ONNX graph."""

from __future__ import annotations

import os
import pickle
import re
from typing import ClassVar

import numpy as np
import onnxruntime
import pytest

import mien
from mien import modelfile
from mien.errors import ArgumentError
from mien.inference import pretrained, session
from mien.inference.detector import Detector
from mien.inference.session import open_session

TINY = pretrained.resolve("tiny")


def test_a_path_and_its_bytes_open_the_same_graph() -> None:
    faces = np.random.default_rng(0).integers(0, 256, (2, 48, 48), np.uint8)
    answers = [
        session.run([modelfile.OUTPUT], {modelfile.INPUT: faces})[0]
        for session in (open_session(str(TINY), 1), open_session(TINY.read_bytes(), 1))
    ]
    np.testing.assert_array_equal(answers[0], answers[1])


def test_it_runs_on_the_cpu_with_so_many_threads() -> None:
    session = open_session(str(TINY), 3)
    assert session.get_providers() == ["CPUExecutionProvider"]
    assert session.get_session_options().intra_op_num_threads == 3


BUILT_FOR = ["CUDAExecutionProvider", "CoreMLExecutionProvider", "CPUExecutionProvider"]


class Opened:
    """Stands for a session of onnxruntime that could load the libraries of some providers."""

    loads: ClassVar[list[str]] = BUILT_FOR

    def __init__(self, model: object, options: object, providers: list[str]) -> None:
        self.asked = providers

    def get_providers(self) -> list[str]:
        return [provider for provider in self.asked if provider in self.loads]


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> type[Opened]:
    """An onnxruntime that is built for all devices; only the choice is tested."""
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: BUILT_FOR)
    monkeypatch.setattr(onnxruntime, "InferenceSession", Opened)
    monkeypatch.setattr(Opened, "loads", BUILT_FOR)
    return Opened


@pytest.mark.parametrize(
    ("device", "asked"),
    [
        ("cpu", ["CPUExecutionProvider"]),
        ("cuda", ["CUDAExecutionProvider", "CPUExecutionProvider"]),
        ("coreml", ["CoreMLExecutionProvider", "CPUExecutionProvider"]),
        ("auto", BUILT_FOR),
    ],
)
def test_a_device_is_asked_for_before_the_cpu(built: type[Opened], device: str, asked: list[str]) -> None:
    opened = open_session("", 1, device)
    assert opened.asked == asked
    assert session.device_of(opened) == ("cuda" if device == "auto" else device)


def test_a_device_whose_libraries_do_not_load_is_refused_and_auto_takes_the_next(
    built: type[Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Opened, "loads", ["CPUExecutionProvider"])
    with pytest.raises(ArgumentError, match="could not load its libraries for the device 'cuda' here"):
        open_session("", 1, "cuda")
    assert session.device_of(open_session("", 1, "auto")) == "cpu"


def test_a_device_that_is_not_there_names_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    sentence = (
        "onnxruntime is not built for the device 'cuda' here, only for cpu: "
        "install the package 'onnxruntime-gpu' in place of 'onnxruntime'."
    )
    for load in (
        lambda: mien.load("tiny", device="cuda"),
        lambda: Detector(device="cuda"),
        lambda: mien.Reader("tiny", device="cuda"),
    ):
        with pytest.raises(ArgumentError, match=re.escape(sentence)):
            load()
    with pytest.raises(ArgumentError, match="'coreml' here, only for cpu: install the package 'onnxruntime' on macOS"):
        open_session(str(TINY), 1, "coreml")
    with pytest.raises(ArgumentError, match="device='gpu' doesn't fit: it must be one of cpu, auto, cuda, coreml"):
        mien.load("tiny", device="gpu")


def test_the_device_is_told_and_survives_pickling() -> None:
    model = mien.load("tiny", device="auto")
    again = pickle.loads(pickle.dumps(model))
    assert (model.device, again.device, again._device) == ("cpu", "cpu", "auto")
    faces = np.random.default_rng(0).integers(0, 256, (2, 48, 48), np.uint8)
    np.testing.assert_array_equal(again.probabilities(faces), mien.load("tiny").probabilities(faces))


def test_what_is_no_graph_raises() -> None:
    with pytest.raises(Exception, match=r"(?i)protobuf|invalid"):
        open_session(b"no graph", 1)


def test_nothing_is_sent_to_anybody() -> None:
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
