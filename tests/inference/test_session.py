"""Opening an ONNX graph."""

from __future__ import annotations

import os

import numpy as np
import pytest

from mien import modelfile
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


def test_nothing_is_sent_to_anybody() -> None:
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
