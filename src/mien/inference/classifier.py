"""A model file at work: cropped faces in, calibrated probabilities out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from mien import images, modelfile
from mien.checks import Between, checked
from mien.data.seen import SeenFaces
from mien.errors import ModelFileError
from mien.inference import shipped
from mien.inference.session import open_session
from mien.modelfile import Spec

ARGMAX = "argmax"
"""The decision for the most probable class."""

Threads = Annotated[int, Between(0, 1024)]


class Classifier:
    """Reads the expression on ready-made face crops. Load it once; it may be called from several threads.

    Attributes:
        spec: what the model file says about itself.
        decision: how it answers: ``"argmax"``, or another decision that the model file holds.
        path: the file it was loaded from.
        name: what it was asked for by: that path, or a shipped model's short name.
    """

    def __init__(
        self, session: Any, spec: Spec, path: str, name: str, decision: str = ARGMAX, seen: str | None = None
    ) -> None:
        self._session = session
        self._seen = seen
        self.spec = spec
        self.decision = decision
        self.path = path
        self.name = name

    @classmethod
    @checked
    def load(cls, path: str | os.PathLike[str], *, threads: Threads = 0, decision: str = ARGMAX) -> Classifier:
        """Load a model file.

        Args:
            path: the ``.onnx`` file, or the short name of a shipped model: ``base`` or ``tiny``.
            threads: how many processor threads one call may use; 0 uses all cores.
            decision: the most probable class, or another decision out of ``spec.decisions``. Its offsets are added to the
                log-probabilities before they are normalised again, so that the answer is still the largest probability;
                these are then the probabilities where the classes are as frequent as the decision makes them.

        Raises:
            ModelFileError: it is missing, no ONNX file, or one without mien's spec or without that decision.
        """
        name, path = os.fspath(path), shipped.resolve(path)
        try:
            session = open_session(os.fspath(path), threads)
        except Exception as error:  # onnxruntime raises classes of its own, straight below Exception
            raise ModelFileError(
                f"'{path}' is no ONNX file that can be loaded ({_first_line(error)}): check or export it again."
            ) from None
        metadata = session.get_modelmeta().custom_metadata_map
        if modelfile.KEY not in metadata:
            raise ModelFileError(
                f"'{path}' is an ONNX file, but not one of mien's (it has no spec): make one with  mien train"
            )
        spec = Spec.from_json(metadata[modelfile.KEY], str(path))
        if decision != ARGMAX and decision not in spec.decisions:
            known = ", ".join([ARGMAX, *spec.decisions])
            raise ModelFileError(
                f"'{name}' has no decision '{decision}': it has {known}. Choose more with  mien decide"
            )
        return cls(session, spec, str(path), name, decision, metadata.get(modelfile.SEEN_KEY))

    @cached_property
    def seen(self) -> SeenFaces | None:
        """The faces that its training has seen; None where the model file doesn't tell.

        Raises:
            ModelFileError: what it tells is damaged.
        """
        return None if self._seen is None else SeenFaces.from_text(self._seen, self.path)

    @checked
    def probabilities(
        self,
        faces: NDArray[np.uint8],
        *,
        flip: bool = False,
        batch_size: Annotated[int, Between(1, 1_000_000)] = 128,
    ) -> NDArray[np.float32]:
        """Read faces.

        Args:
            faces: ``(N, h, w)`` ``uint8`` gray crops of any one size; they are resized to the model's.
            flip: average with the mirror image of each face, which costs twice the time.
            batch_size: faces per run, which bounds the memory.

        Returns:
            ``(N, K)`` ``float32``, each row summing to 1, in the order of ``spec.classes``.

        Raises:
            ModelFileError: the faces have another shape or type.
        """
        if faces.ndim != 3 or faces.dtype != np.uint8 or 0 in faces.shape[1:]:
            raise ModelFileError(f"Faces must be uint8 of shape (N, H, W), not {faces.dtype} of shape {faces.shape}.")
        result = np.empty((len(faces), len(self.spec.classes)), np.float32)
        for start in range(0, len(faces), batch_size):
            batch = images.resize_faces(faces[start : start + batch_size], self.spec.size)
            rows = self._run(batch)
            if flip:
                rows = (rows + self._run(batch[:, :, ::-1])) * np.float32(0.5)
            result[start : start + batch_size] = rows
        return result if self.decision == ARGMAX else _shifted(result, self.spec.decisions[self.decision])

    def _run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        (rows,) = self._session.run([modelfile.OUTPUT], {modelfile.INPUT: np.ascontiguousarray(batch)})
        return np.asarray(rows, np.float32)


@checked
def load(model: str | os.PathLike[str], *, threads: Threads = 0, decision: str = ARGMAX) -> Classifier:
    """Load a model by the short name of a shipped one (``base``, ``tiny``) or by the path of a model file.

    Raises:
        ModelFileError: there is no such model, the file is none of mien's, or it has no such decision.
    """
    return Classifier.load(model, threads=threads, decision=decision)


def _shifted(probabilities: NDArray[np.float32], offsets: Sequence[float]) -> NDArray[np.float32]:
    """Probabilities ``(N, K)`` with offsets ``(K,)`` added to their logarithms, normalised again."""
    logs = np.log(np.maximum(probabilities, 1e-12)) + np.asarray(offsets, np.float32)
    rows = np.exp(logs - logs.max(1, keepdims=True, initial=-np.inf))
    shifted: NDArray[np.float32] = rows / rows.sum(1, keepdims=True)
    return shifted


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:160] if str(error) else type(error).__name__
