"""The pretrained models inside the package, by short name; each has a model card beside it."""

from __future__ import annotations

import os
from pathlib import Path

from mien.errors import ModelFileError

FOLDER = Path(__file__).parent / "weights"


def names() -> list[str]:
    """The short names, such as ``base``."""
    return sorted(path.stem for path in FOLDER.glob("*.onnx"))


def resolve(model: str | os.PathLike[str]) -> Path:
    """The path of a model file, given by its path or by a pretrained model's short name.

    A short name has priority over a file of that name in the working folder: write ``./base`` for the file.

    Raises:
        ModelFileError: there is no such model or file.
    """
    text = os.fspath(model)
    if text in names():
        return FOLDER / f"{text}.onnx"
    path = Path(text)
    try:
        path.is_dir()
    except OSError:  # the name is too long for a file
        raise _missing(f"{text[:60]}…") from None
    run = path if path.is_dir() else path.parent
    if not path.is_file() and (run / "run.json").is_file():
        if (run / "model.onnx").is_file():
            raise ModelFileError(
                f"'{text}' is not a model file; the model file of the run '{run}' is {run / 'model.onnx'}"
            )
        raise ModelFileError(f"The run '{run}' has no model file yet: finish it with  mien train --resume {run}")
    if not path.is_file():
        raise _missing(text)
    return path


def _missing(text: str) -> ModelFileError:
    return ModelFileError(
        f"There is no model file '{text}': check the path, name a pretrained model ({', '.join(names())}), "
        "or train one with  mien train"
    )
