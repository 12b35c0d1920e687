"""Opening an ONNX graph."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import mien
from mien import modelfile
from mien.errors import ModelFileError
from mien.inference import pretrained
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


def test_what_is_no_graph_raises() -> None:
    with pytest.raises(Exception, match=r"(?i)protobuf|invalid"):
        open_session(b"no graph", 1)


def test_weights_in_another_file_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    onnx = pytest.importorskip("onnx")
    parted = tmp_path / "parted.onnx"
    onnx.save_model(onnx.load(TINY), parted, save_as_external_data=True, location="weights.bin", size_threshold=1024)
    assert (tmp_path / "weights.bin").stat().st_size > 200_000
    monkeypatch.chdir(tmp_path)  # where onnxruntime would look for the weights of a graph from memory
    with pytest.raises(ModelFileError, match="External data"):
        mien.load("parted.onnx")


def test_nothing_is_sent_to_anybody() -> None:
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
