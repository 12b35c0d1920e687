"""Optional dependencies: which extra installs a package, and one error that names all missing extras of a task."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module, util
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from mien.errors import MissingExtraError

PACKAGES = {
    "train": ("torch", "safetensors", "onnx", "onnxscript", "pyarrow"),
    "report": ("sklearn", "cleanlab", "matplotlib", "jinja2", "pyarrow", "scipy", "latex2mathml", "markdown_it"),
    "adapt": ("onnx", "sklearn"),
    "video": ("av",),
    "formats": ("openpyxl", "h5py", "yaml", "pyarrow"),
    "scale": ("ray", "optuna", "pyarrow"),
    "tensorboard": ("tensorboard",),
    "mlflow": ("mlflow",),
    "serve": ("fastapi", "fastapi_offline", "starlette", "uvicorn", "prometheus_client", "python_multipart"),
}
"""Packages of each extra, by import name."""

FALLBACK = {"pyarrow": "report"}
"""For a package of several extras, the extra that is suggested by default."""

NEEDS = {
    "train": ("train",),
    "adapt": ("adapt",),
    "tune": ("train", "report", "scale"),
    "export": ("train",),
    "ensemble": ("train",),
    "summary": ("train",),
    "demo": ("train", "report"),
    "homework": ("train", "report"),
    "study": ("train", "report"),
    "crossval": ("adapt", "report"),
    "evaluate": ("report",),
    "explain": ("report",),
    "compare": ("report",),
    "decide": ("report",),
    "report": ("report",),
    "video": ("video",),
    "video merge": ("video",),
    "agree": ("video", "report"),
    "serve": ("serve",),
}
"""Extras that each verb needs."""

OPTIONS = {("train", "workers"): "scale", ("decide", "out"): "adapt"}
"""Further extras that an option of a verb needs; ``--engine ray`` always needs ``scale``, and ``--log`` the extra that it names."""


MODULES = {
    "mien.experiments.studies": ("report",),
    "mien.scale.studying": ("report",),
    "mien.scale.tuning": ("report",),
}
"""Further extras of a module, beside those of its package."""

OWN = dict.fromkeys(
    (f"mien.training.{name}" for name in ("adapt", "logistic", "onnxfile", "temperature")),
    ("adapt",),
) | {
    "mien.training.division": (),
    "mien.training.task": (),
    "mien.experiments.crossval": ("adapt", "report"),
}
"""Extras of modules that don't need those of their package."""


def of_module(name: str, package: tuple[str, ...]) -> tuple[str, ...]:
    """The extras that a module needs, in a package with these extras."""
    return OWN.get(name, (*package, *MODULES.get(name, ())))


def needs(verb: str, options: Mapping[str, Any]) -> tuple[str, ...]:
    """The extras that a verb needs with the given options."""
    if verb == "crossval" and options.get("method") != "adapt":
        return needs("study", options)
    further = [extra for (name, option), extra in OPTIONS.items() if name == verb and options.get(option) is not None]
    if options.get("log") is not None:
        further.append(str(options["log"]))
    if options.get("engine") == "ray":
        further.append("scale")
    return (*NEEDS.get(verb, ()), *further)


def missing(error: ModuleNotFoundError | MissingExtraError, *extras: str) -> MissingExtraError | None:
    """The error that names the extras to install; None if the missing package belongs to no extra.

    Args:
        error: the error of an import, or of a part that knows only its own needs.
        extras: all extras that the task needs, so that one install suffices.
    """
    package = error.packages[0] if isinstance(error, MissingExtraError) else (error.name or "").split(".")[0]
    bringing = [extra for extra, packages in PACKAGES.items() if package in packages]
    if not bringing:
        return None
    if not set(bringing) & set(extras):
        extras = (*extras, FALLBACK.get(package, bringing[0]))
    absent = {extra: [name for name in PACKAGES[extra] if name == package or not is_there(name)] for extra in extras}
    packages = dict.fromkeys(name for names in absent.values() for name in names)
    return MissingExtraError(tuple(packages), tuple(extra for extra in extras if absent[extra]))


@contextmanager
def needed(*extras: str) -> Iterator[None]:
    """Turn failed imports in the block into an error that names the extras.

    Raises:
        MissingExtraError: a package of an extra isn't installed.
    """
    try:
        yield
    except (ModuleNotFoundError, MissingExtraError) as error:
        found = missing(error, *extras)
        if found is None:
            raise
        raise found from None


def modules_of(package: str, *extras: str) -> Callable[[str], Any]:
    """A package's ``__getattr__``, which imports its modules on first use; a failed import names the extras to install.

    This also holds for full names, as in ``from mien.training.job import start``.
    """
    sys.meta_path.insert(0, _Finder(package, extras))

    def get(name: str) -> Any:
        if not name.startswith("_") and util.find_spec(f"{package}.{name}") is not None:
            with needed(*of_module(f"{package}.{name}", extras)):
                return import_module(f"{package}.{name}")
        raise AttributeError(f"module '{package}' has no attribute '{name}'")

    return get


class _Finder(MetaPathFinder):
    """Find the modules of a package as usual, and load them with ``_Loader``."""

    def __init__(self, package: str, extras: tuple[str, ...]) -> None:
        self.package, self.extras = package, extras

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find one module."""
        if fullname.rpartition(".")[0] != self.package:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, of_module(fullname, self.extras))
        return spec


class _Loader(Loader):
    """Load a module with its own loader; a failed import names the extras to install."""

    def __init__(self, loader: Loader, extras: tuple[str, ...]) -> None:
        self.loader, self.extras = loader, extras

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Call the module's own loader."""
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Call the module's own loader, and leave it set in the module."""
        module.__loader__ = self.loader
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        with needed(*self.extras):
            self.loader.exec_module(module)


def is_there(name: str) -> bool:
    """Whether a package is installed."""
    try:
        return util.find_spec(name) is not None
    except (ValueError, ImportError):  # a package that was loaded in an unusual way, or is hidden
        return False
