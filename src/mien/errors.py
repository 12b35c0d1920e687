"""Every error that a user can meet, as one small tree.

::

    MienError                   exit code 1
     ├─ DataError               a data set, or a file of one, that can't be read as what it should be
     │   ├─ UnknownLayoutError  no known layout of labelled faces fits the path
     │   ├─ ImageError          bytes that are no picture, or one past the limits
     │   └─ VideoError          a clip that can't be opened or read, or that has no picture
     ├─ RecipeError             a recipe, or a field of one, that doesn't exist or doesn't fit (exit code 2)
     ├─ ArgumentError           an argument of a function that is of another kind or out of range (exit code 2)
     ├─ TrainingError           training that can't start, go on or be resumed
     ├─ RunError                a folder that is no run of mien, or one that lacks a part
     ├─ ModelFileError          a file that is no model file of mien, or one that doesn't fit the faces
     ├─ ExportError             a model file that would not compute what was trained
     ├─ ClusterError            a Ray cluster that doesn't answer, or a node of it that can't do the work
     ├─ OutputError             a place that can't be written to, or would be overwritten
     ├─ RequestError            a request that the server can't or won't answer (carries an HTTP status)
     ├─ SettingsError           a setting of the server that doesn't fit (exit code 2)
     └─ MissingExtraError       a part that needs a package which isn't installed

Each carries one sentence that says what is wrong and what to do. They are printed in one place, ``cli.main``.
"""

from __future__ import annotations

from typing import Any


class MienError(Exception):
    """Base of all errors that mien raises on purpose.

    ``str(error)`` is the message for people; ``exit_code`` is what the command line ends with. All can be pickled, as
    those of workers come home that way.
    """

    exit_code = 1

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the constructor, which may take other arguments than those of Exception.
        return Exception.__new__, (type(self), *self.args), self.__dict__


class DataError(MienError):
    """A data set, or a file of one, can't be read as what it should be."""


class UnknownLayoutError(DataError):
    """No known layout of labelled faces fits the path."""


class ImageError(DataError):
    """Bytes that are no picture, or a picture past the limits."""


class VideoError(DataError):
    """A clip can't be opened or read, or has no picture."""


class RecipeError(MienError):
    """A recipe, or a field of one, that doesn't exist or doesn't fit."""

    exit_code = 2


class ArgumentError(MienError):
    """An argument of a function is of another kind or out of range."""

    exit_code = 2


class TrainingError(MienError):
    """Training can't start, go on or be resumed."""


class RunError(MienError):
    """A folder is no run of mien, or lacks a part."""


class ModelFileError(MienError):
    """A file is no model file of mien, or doesn't fit the faces that it is given."""


class ExportError(MienError):
    """A model file would not compute what was trained."""


class ClusterError(MienError):
    """A Ray cluster doesn't answer, or a node of it can't do the work."""


class OutputError(MienError):
    """A place can't be written to, or would be overwritten."""


class RequestError(MienError):
    """A request that the server can't or won't answer.

    Args:
        status: the HTTP status that says so.
        message: what is wrong and what to do, in one sentence.
        retry_after: after how many seconds it is worth trying again, where it is.
    """

    def __init__(self, status: int, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class SettingsError(MienError):
    """A setting of the server doesn't fit."""

    exit_code = 2


class MissingExtraError(MienError):
    """A part needs packages that aren't installed.

    Args:
        packages: the import names, such as ``"torch"`` or several.
        extras: the extras of mien that bring them, such as ``"train"`` or several.
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
    """The command that installs extras, from the package index and from a checkout."""
    names = ",".join(extras)
    return f"pip install 'mien[{names}]', or in a checkout of mien  pip install '.[{names}]'"
