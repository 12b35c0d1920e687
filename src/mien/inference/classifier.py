"""Run a model file: cropped faces to calibrated probabilities."""

from __future__ import annotations

import copy
import hashlib
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from mien import images, modelfile
from mien.checks import Between, checked
from mien.data.seen import SeenFaces
from mien.errors import ArgumentError, ModelFileError
from mien.inference import head, pretrained, priors
from mien.inference.protobuf import has_weights_elsewhere
from mien.inference.session import Device, Threads, device_of, open_session
from mien.modelfile import Spec

ARGMAX = "argmax"
"""Name of the default decision, the most probable class."""

SUM_TOLERANCE = 1e-3
"""Maximum deviation from 1 of the sum of a row of probabilities."""


class Classifier:
    """Predict the expression of face crops. Load it once; it is thread-safe and can be pickled.

    Attributes:
        spec: metadata of the model file.
        decision: decision rule: ``"argmax"``, or another decision in the model file.
        path: path of the loaded file.
        name: name used to load it: the path, or a pretrained model's short name.
        prior: class shares in use ``(K,)`` to which the probabilities are adjusted; None for those of the training.
        device: the device in use: ``"cpu"``, ``"cuda"`` or ``"coreml"``.
    """

    prior: NDArray[np.float64] | None = None
    device: str = "cpu"
    _content: bytes = b""
    _threads: int = 0
    _device: str = "cpu"

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
    def of_content(
        cls, content: bytes, path: str, name: str, threads: int, decision: str, device: str = "cpu"
    ) -> Classifier:
        """Load the bytes of a model file and check them against docs/model-file.md; arguments as for ``load``.

        Raises:
            ModelFileError, ArgumentError: as for ``load``.
        """
        try:
            session = open_session(content, threads, device)
        except ArgumentError:
            raise
        except Exception as error:  # onnxruntime's errors derive directly from Exception
            raise ModelFileError(
                f"'{path}' is not a valid ONNX file ({_first_line(error)}): check or export it again."
            ) from None
        if has_weights_elsewhere(content):
            raise ModelFileError(f"'{path}' has weights in another file: save the model as one file.")
        metadata = session.get_modelmeta().custom_metadata_map
        if modelfile.KEY not in metadata:
            raise ModelFileError(
                f"'{path}' is an ONNX file, but not of mien (it has no spec): train one with  mien train"
            )
        spec = Spec.from_json(metadata[modelfile.KEY], path)
        if decision != ARGMAX and decision not in spec.decisions:
            known = ", ".join([ARGMAX, *spec.decisions])
            raise ModelFileError(f"'{name}' has no decision '{decision}': it has {known}. Add one with  mien decide")
        if wrong := _misfit(session, spec):
            raise ModelFileError(f"'{path}' doesn't match its spec: {wrong}; export it again.")
        classifier = cls(session, spec, path, name, decision, metadata.get(modelfile.SEEN_KEY))
        classifier._content, classifier._threads, classifier._device = content, threads, device
        classifier.device = device_of(session)
        classifier._run(np.stack([np.zeros(spec.size, np.uint8), np.full(spec.size, 255, np.uint8)]))
        return classifier

    def __reduce__(self) -> tuple[Any, ...]:
        opened = (self._content, self.path, self.name, self._threads, self.decision, self._device)
        return Classifier.of_content, opened, {"prior": self.prior}

    @checked
    def with_prior(self, prior: str | Mapping[str, float] | NDArray[np.float64]) -> Classifier:
        """The same model, with probabilities adjusted to other class shares.

        Args:
            prior: shares as ``"neutral=0.5,happy=0.3"``, a mapping or an array ``(K,)``; other classes share the rest in the
                proportions of the training.

        Raises:
            ArgumentError: the shares are invalid, or the decision is not argmax.
            ModelFileError: the model file doesn't have its class shares in training.
        """
        if self.decision != ARGMAX:
            raise ArgumentError(f"A prior and the decision '{self.decision}' both change the class shares: choose one.")
        if isinstance(prior, str) and prior.strip() == priors.AUTO:
            raise ArgumentError(
                "The prior 'auto' needs all faces of a folder or video: state shares here, as in neutral=0.5,happy=0.3."
            )
        other = copy.copy(self)
        if isinstance(prior, np.ndarray):
            other.prior = priors.checked_shares(prior, len(self.classes))
        else:
            other.prior = priors.read(prior, self.classes, priors.training_shares(self.spec, self.name))
        return other

    @property
    def shares(self) -> NDArray[np.float64]:
        """The class shares ``(K,)`` to which the probabilities are calibrated: those of the prior, or of the training.

        Raises:
            ArgumentError: the decision is not argmax.
            ModelFileError: the model file doesn't have them.
        """
        if self.decision != ARGMAX:
            raise ArgumentError(f"A prior and the decision '{self.decision}' both change the class shares: choose one.")
        return self.prior if self.prior is not None else priors.training_shares(self.spec, self.name)

    @property
    def prior_by_class(self) -> dict[str, float] | None:
        """The prior as plain numbers for JSON; None without one."""
        return None if self.prior is None else dict(zip(self.classes, self.prior.tolist(), strict=True))

    @property
    def prior_in_words(self) -> str | None:
        """The prior as a value of the option ``--prior``; None without one."""
        return None if self.prior is None else priors.in_words(self.prior, self.classes)

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the probabilities."""
        return self.spec.classes

    @property
    def classes_(self) -> NDArray[np.str_]:
        """``(K,)`` the class names as scikit-learn names them, in the order of the columns of ``predict_proba``."""
        return np.array(self.classes, np.str_)

    @property
    def content(self) -> bytes:
        """The loaded model file."""
        return self._content

    @property
    def sha256(self) -> str:
        """SHA-256 of the loaded model file."""
        return hashlib.sha256(self._content).hexdigest()

    @classmethod
    @checked
    def load(
        cls, path: str | os.PathLike[str], *, threads: Threads = 0, decision: str = ARGMAX, device: Device = "cpu"
    ) -> Classifier:
        """Load a model file.

        Args:
            path: the ``.onnx`` file, or a pretrained model's short name: ``base``, ``robust`` or ``tiny``.
            threads: number of threads per call; 0 uses all cores.
            decision: ``"argmax"``, or a decision in ``spec.decisions``. Its offsets are added to the log-probabilities, which
                are then normalised, so the predicted class still has the largest probability.
            device: ``"cpu"``, ``"cuda"``, ``"coreml"``, or ``"auto"`` for the first of CUDA, CoreML and CPU that can be used.

        Raises:
            ArgumentError: onnxruntime can't use the device here.
            ModelFileError: it is missing, not an ONNX file, doesn't follow docs/model-file.md, or lacks that decision.
        """
        file = pretrained.resolve(path)
        try:
            content = Path(file).read_bytes()
        except OSError as error:
            raise ModelFileError(f"'{file}' can't be read: {error.strerror or error}.") from None
        return cls.of_content(content, os.fspath(file), os.fspath(path), threads, decision, device)

    @cached_property
    def seen(self) -> SeenFaces | None:
        """Hashes of the faces seen in training; None if the model file has none.

        Raises:
            ModelFileError: the hashes are damaged.
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
        """Predict class probabilities.

        Args:
            faces: ``(N, h, w)`` ``uint8`` gray crops of any one size; they are resized to the model's.
            flip: average with the mirror image of each face, which takes twice the time.
            batch_size: faces per run, which limits the memory.

        Returns:
            ``(N, K)`` ``float32``; each row sums to 1, in the order of ``spec.classes``.

        Raises:
            ModelFileError: the faces have another shape or type.
        """
        _check_faces(faces)
        result = np.empty((len(faces), len(self.spec.classes)), np.float32)
        for start in range(0, len(faces), batch_size):
            batch = images.resize_faces(faces[start : start + batch_size], self.spec.size)
            rows = self._run(batch)
            if flip:
                rows = (rows + self._run(batch[:, :, ::-1])) * np.float32(0.5)
            result[start : start + batch_size] = rows
        if self.prior is not None:
            return priors.shift(result, priors.offsets(priors.training_shares(self.spec, self.name), self.prior))
        return result if self.decision == ARGMAX else priors.shift(result, self.spec.decisions[self.decision])

    def predict_proba(self, faces: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The same as ``probabilities``, under scikit-learn's name."""
        return self.probabilities(faces)

    def predict(self, faces: NDArray[np.uint8]) -> NDArray[np.str_]:
        """``(N,)`` the name of the most probable class of each face ``(N, h, w)``; arguments as for ``probabilities``."""
        predicted: NDArray[np.str_] = self.classes_[self.probabilities(faces).argmax(1)]
        return predicted

    def score(self, faces: NDArray[np.uint8], labels: Sequence[str] | NDArray[np.str_]) -> float:
        """The accuracy, from 0 to 1.

        Args:
            faces: ``(N, h, w)`` ``uint8``, as for ``probabilities``.
            labels: ``(N,)`` names of classes, as ``FaceSet.label_names`` gives them.

        Raises:
            ArgumentError: there are no faces, the labels are not names, or their number differs.
            ModelFileError: the faces have another shape or type.
        """
        names = np.asarray(labels)
        if names.ndim != 1 or names.dtype.kind not in "UO":
            raise ArgumentError(
                f"Labels must be names of classes of shape (N,), not {names.dtype} of shape {names.shape}."
            )
        if len(names) != len(faces) or not len(faces):
            raise ArgumentError(
                f"The score needs one or more faces and a label for each, not {len(faces):,} and {len(names):,}."
            )
        return float((self.predict(faces) == names).mean())

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn asks of an estimator: this one is a fitted classifier of arrays of three dimensions."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(two_d_array=False, three_d_array=True, positive_only=True),
            requires_fit=False,
        )

    @checked
    def features(
        self, faces: NDArray[np.uint8], *, batch_size: Annotated[int, Between(1, 1_000_000)] = 128
    ) -> NDArray[np.float32]:
        """The features of faces: the input of the model's last linear layer. ``mien adapt`` fits a new layer on them.

        Args:
            faces: ``(N, h, w)`` ``uint8``, as for ``probabilities``.
            batch_size: faces per run, which bounds the memory.

        Returns:
            ``(N, C)`` ``float32``; C is 192 for ``base`` and ``robust``, 64 for ``tiny``.

        Raises:
            ModelFileError: the faces have another shape or type, or the model doesn't end in one linear layer.
            MissingExtraError: the file was written before files had the output ``features``, and onnx isn't installed.
        """
        _check_faces(faces)
        session = self._features_session
        blocks = []
        for start in range(0, max(1, len(faces)), batch_size):
            batch = images.resize_faces(faces[start : start + batch_size], self.spec.size)
            blocks.append(self._answer(session, modelfile.FEATURES, batch))
        return np.concatenate(blocks)

    @cached_property
    def _features_session(self) -> Any:
        """The session that has the output ``features``; of a file without it, the graph is opened again with it."""
        if modelfile.FEATURES in [output.name for output in self._session.get_outputs()]:
            return self._session
        content = head.with_features(self._content)
        if content is None:
            raise ModelFileError(
                f"'{self.name}' doesn't end in one linear layer, so it has no features: name a single model, not an ensemble."
            )
        return open_session(content, self._threads, self._device)

    def _answer(self, session: Any, output: str, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            (answer,) = session.run([output], {modelfile.INPUT: np.ascontiguousarray(batch)})
        except Exception as error:  # onnxruntime's own
            raise ModelFileError(
                f"'{self.name}' can't process a face ({_first_line(error)}): export it again."
            ) from None
        return np.asarray(answer, np.float32)

    def _run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        rows = self._answer(self._session, modelfile.OUTPUT, batch)
        # The sum of a row with NaN fails this test too.
        right = rows.shape == (len(batch), len(self.spec.classes)) and bool(
            (np.abs(rows.sum(1) - 1) <= SUM_TOLERANCE).all() and rows.min(initial=0) >= -SUM_TOLERANCE
        )
        if not right:
            raise ModelFileError(
                f"'{self.name}' doesn't return {len(self.spec.classes)} probabilities per face that sum to 1: export it again."
            )
        return rows


def _check_faces(faces: NDArray[np.uint8]) -> None:
    if faces.ndim != 3 or faces.dtype != np.uint8 or 0 in faces.shape[1:]:
        raise ModelFileError(f"Faces must be uint8 of shape (N, H, W), not {faces.dtype} of shape {faces.shape}.")


def _misfit(session: Any, spec: Spec) -> str | None:
    """The first difference between a graph's inputs and outputs and the contract, in words; None if there is none."""
    inputs, outputs = session.get_inputs(), {output.name: output for output in session.get_outputs()}
    if [part.name for part in inputs] != [modelfile.INPUT] or modelfile.OUTPUT not in outputs:
        names = f"{', '.join(part.name for part in inputs) or 'nothing'} to {', '.join(outputs)}"
        return f"the graph must take {modelfile.INPUT} and return {modelfile.OUTPUT}, not {names}"
    (faces,), probabilities = inputs, outputs[modelfile.OUTPUT]
    for part, kind, shape in (
        (faces, "tensor(uint8)", spec.size),
        (probabilities, "tensor(float)", (len(spec.classes),)),
    ):
        if part.type != kind:
            return f"{part.name} must be a {kind}, not a {part.type}"
        given = list(part.shape or ())
        # A dynamic dimension has a name or None.
        fits = len(given) == 1 + len(shape) and not isinstance(given[0], int)
        if not fits or any(isinstance(side, int) and side != own for side, own in zip(given[1:], shape, strict=True)):
            return f"{part.name} must have the shape (N, {', '.join(map(str, shape))}), not {tuple(given)}"
    return None


@checked
def load(
    model: str | os.PathLike[str],
    *,
    threads: Threads = 0,
    decision: str = ARGMAX,
    prior: str | Mapping[str, float] | None = None,
    device: Device = "cpu",
) -> Classifier:
    """Load a model by the short name of a pretrained one (``base``, ``robust``, ``tiny``) or by the path of a model file.

    Args:
        model: short name or path.
        threads, decision, device: as for ``Classifier.load``.
        prior: class shares in use, as for ``Classifier.with_prior``.

    Raises:
        ModelFileError: there is no such model, the file is not a model file of mien, or it lacks the decision.
        ArgumentError: the prior is invalid, or onnxruntime can't use the device here.
    """
    classifier = Classifier.load(model, threads=threads, decision=decision, device=device)
    return classifier if prior is None else classifier.with_prior(prior)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:160] if str(error) else type(error).__name__
