"""Inputs and outputs of a verb, found by the types of its parameters: one check for every verb, before the work starts.

A verb is refused if it would replace an input or a file of another kind, or write two outputs to one path.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import click

from mien import extras, files
from mien.errors import MienError, OutputError
from mien.files import Inputs


class InputPath(click.Path):
    """A file or folder that is read."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def inputs(self, value: Any) -> Inputs:
        """What the verb must not replace."""
        return Inputs((value,))


class InputName(click.types.StringParamType):
    """A name that may be a file: of a model, a recipe, a video or a photo."""

    def inputs(self, value: Any) -> Inputs:
        """What the verb must not replace."""
        return Inputs((value,), within=False)


class RunPath(InputPath):
    """A run folder: its files and its training data are inputs.

    Args:
        rewrites: names of the files that the verb writes again.
    """

    def __init__(self, *rewrites: str) -> None:
        super().__init__()
        self.rewrites = rewrites

    def inputs(self, value: Any) -> Inputs:
        """What the verb must not replace."""
        from mien.run import PARTS, Run

        parts = [Path(value, name) for name in PARTS if name not in self.rewrites]
        try:
            return Inputs((*parts, str(Run.open(value).record.data.path)))
        except MienError:  # the verb reports the error
            return Inputs(parts)


class OutputPath(click.Path):
    """A file or folder that is written.

    Args:
        kind: ``file``; ``either``, a file if its name has a suffix, else a folder, which is replaced completely; or ``made``, a
            folder that the verb creates or adds to, and checks itself.
        suffixes: those that the name of a file may have; none where the verb checks them itself.
    """

    def __init__(self, kind: Literal["file", "either", "made"] = "file", suffixes: Sequence[str] = ()) -> None:
        super().__init__(path_type=Path)
        self.kind, self.suffixes = kind, suffixes


class Verb(click.Command):
    """A verb, whose outputs are checked against its inputs before it starts, and again before each write.

    If packages are missing, the error names all that the verb needs.
    """

    def invoke(self, context: click.Context) -> Any:
        """Check the paths, then run the verb."""
        inputs = [parameter.type.inputs(value) for parameter, value in self._given(context, (InputPath, InputName))]
        outputs = list(self._given(context, OutputPath))
        for (_, one), (_, other) in itertools.combinations(outputs, 2):
            if os.path.realpath(one) == os.path.realpath(other) and not files.is_stream(one):
                raise OutputError(f"'{one}' is used for two outputs: choose two paths.")
        for parameter, path in outputs:
            if parameter.type.kind != "made":
                self._check(parameter.type, path, inputs, context)
        verb = extras.needed(*extras.needs(context.command.name or "", context.params))
        with verb, files.kept(*(Inputs(known.paths, within=False) for known in inputs)):
            return super().invoke(context)

    def _given(self, context: click.Context, types: Any) -> Iterator[tuple[Any, Any]]:
        """The parameters of some types, each with its given value."""
        for parameter in self.params:
            value = context.params.get(parameter.name or "")
            if isinstance(parameter.type, types) and value is not None:
                yield from ((parameter, one) for one in (value if isinstance(value, tuple) else (value,)))

    @staticmethod
    def _check(output: OutputPath, path: Path, inputs: list[Inputs], context: click.Context) -> None:
        either = output.kind == "either"
        kind: files.Kind = "folder" if either and not path.suffix else "file"
        overwrite = context.params.get("overwrite", True) if either else True
        suffixes = output.suffixes if kind == "file" else ()
        files.check(path, kind, overwrite=overwrite, inputs=inputs, suffixes=suffixes)
        if kind == "folder":
            files.check_folder(path, [data for known in inputs if known.within for data in known.paths])
