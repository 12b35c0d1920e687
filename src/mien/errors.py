"""The errors that mien raises, as a small tree of classes.

::

    MienError                   exit code 1
     ├─ DataError               a data set, or a file in it, can't be read
     │   ├─ UnknownLayoutError  the path has no known layout of labelled faces
     │   ├─ ImageError          bytes that are not a picture, or a picture above the limits
     │   └─ VideoError          a video that can't be opened or decoded, or has no picture
     ├─ RecipeError             a recipe that doesn't exist, or an unknown or invalid field (exit code 2)
     ├─ ArgumentError           a function argument of the wrong type or out of range (exit code 2)
     ├─ TrainingError           training that can't start, continue or be resumed
     ├─ RunError                a folder that is not a run folder of mien, or is incomplete
     ├─ ModelFileError          a file that is not a model file of mien, or doesn't match the faces
     ├─ ExportError             an exported model whose outputs differ from those of the trained network
     ├─ ClusterError            a Ray cluster that doesn't answer, or a node that can't do the work
     ├─ OutputError             an output that can't be written, or would be overwritten
     ├─ RequestError            a request that the server rejects (has an HTTP status)
     ├─ SettingsError           an invalid setting of the server (exit code 2)
     ├─ EstimatorError          faces or labels that a scikit-learn estimator can't take; also a ValueError
     └─ MissingExtraError       a package that is needed but not installed

Each message is one sentence: what is wrong and how to fix it. ``cli.main`` prints them.
"""

from __future__ import annotations

from typing import Any


class MienError(Exception):
    """Base class of all errors that mien raises on purpose.

    ``str(error)`` is the message for users; ``exit_code`` is the exit code of the command line. All can be pickled, because
    workers in other processes raise them too.
    """

    exit_code = 1

    def __reduce__(self) -> tuple[Any, ...]:
        # Bypasses the constructor, whose arguments may differ from those of Exception.
        return Exception.__new__, (type(self), *self.args), self.__dict__


class DataError(MienError):
    """A data set, or a file in it, can't be read."""


class UnknownLayoutError(DataError):
    """The path has no known layout of labelled faces."""


class ImageError(DataError):
    """Bytes that are not a picture, or a picture above the limits."""


class VideoError(DataError):
    """A video can't be opened or decoded, or has no picture."""


class RecipeError(MienError):
    """A recipe doesn't exist, or has an unknown or invalid field."""

    exit_code = 2


class ArgumentError(MienError):
    """A function argument has the wrong type or is out of range."""

    exit_code = 2


class EstimatorError(MienError, ValueError):
    """Faces, labels or parameters don't fit a scikit-learn estimator, which by convention is a ValueError."""


class TrainingError(MienError):
    """Training can't start, continue or be resumed."""


class RunError(MienError):
    """A folder is not a run folder of mien, or is incomplete."""


class ModelFileError(MienError):
    """A file is not a model file of mien, or doesn't match the faces."""


class ExportError(MienError):
    """An exported model whose outputs differ from those of the trained network."""


class ClusterError(MienError):
    """A Ray cluster doesn't answer, or a node can't do the work."""


class OutputError(MienError):
    """An output can't be written, or would be overwritten."""


class RequestError(MienError):
    """A request that the server rejects.

    Args:
        status: HTTP status of the response.
        message: what is wrong and how to fix it, in one sentence.
        retry_after: seconds to wait before the next try (``Retry-After``); None if a retry would not help.
    """

    def __init__(self, status: int, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class SettingsError(MienError):
    """A setting of the server is invalid."""

    exit_code = 2


class MissingExtraError(MienError):
    """Packages are needed that are not installed.

    Args:
        packages: one or several import names, such as ``"torch"``.
        extras: one or several extras of mien that install them, such as ``"train"``.
    """

    def __init__(self, packages: str | tuple[str, ...], extras: str | tuple[str, ...]) -> None:
        self.packages = (packages,) if isinstance(packages, str) else packages
        self.extras = (extras,) if isinstance(extras, str) else extras
        names = [f"'{name}'" for name in self.packages]
        if len(names) == 1:
            words = f"package {names[0]}, which is not installed"
        else:
            words = f"packages {', '.join(names[:-1])} and {names[-1]}, which are not installed"
        super().__init__(f"This needs the {words}: run  {install(*self.extras)}")


def install(*extras: str) -> str:
    """The command that installs extras from the package index, and the one for a checkout."""
    names = ",".join(extras)
    return f"pip install 'mien[{names}]', or in a checkout of mien  pip install '.[{names}]'"
