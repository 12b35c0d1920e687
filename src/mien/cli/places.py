"""What a verb reads and what it writes, by the types of its parameters: before the work begins, one check for every verb.

A verb is refused that would replace what it reads, or that writes two outputs to one place.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
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
    """A name that may be that of a file: of a model or a recipe, of a clip or a photo."""

    def inputs(self, value: Any) -> Inputs:
        """What the verb must not replace."""
        return Inputs((value,), within=False)


class RunPath(InputPath):
    """A run folder: its parts are read, and the data that it was trained on.

    Args:
        rewrites: names of the parts that the verb writes anew.
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
        except MienError:  # the verb will tell what is wrong with it
            return Inputs(parts)


class OutputPath(click.Path):
    """A file or folder that is written.

    Args:
        kind: ``file``; ``either``, a file where its name has an ending, else a folder that is replaced as a whole; or
            ``made``, a folder that the verb makes or adds to, and checks itself.
    """

    def __init__(self, kind: Literal["file", "either", "made"] = "file") -> None:
        super().__init__(path_type=Path)
        self.kind = kind


class Verb(click.Command):
    """A verb, whose outputs are checked against its inputs before it begins, and again where each is written.

    One that lacks packages says all that it needs.
    """

    def invoke(self, context: click.Context) -> Any:
        """Check the places, then do the work."""
        inputs = [parameter.type.inputs(value) for parameter, value in self._given(context, (InputPath, InputName))]
        outputs = list(self._given(context, OutputPath))
        for (_, one), (_, other) in itertools.combinations(outputs, 2):
            if os.path.realpath(one) == os.path.realpath(other) and not files.is_stream(one):
                raise OutputError(f"'{one}' is named for two outputs: choose two places.")
        for parameter, path in outputs:
            if parameter.type.kind != "made":
                self._check(parameter.type, path, inputs, context)
        verb = extras.needed(*extras.needs(context.command.name or "", context.params))
        with verb, files.kept(*(Inputs(known.paths, within=False) for known in inputs)):
            return super().invoke(context)

    def _given(self, context: click.Context, types: Any) -> Iterator[tuple[Any, Any]]:
        """The parameters of some types, each with a value that it was given."""
        for parameter in self.params:
            value = context.params.get(parameter.name or "")
            if isinstance(parameter.type, types) and value is not None:
                yield from ((parameter, one) for one in (value if isinstance(value, tuple) else (value,)))

    @staticmethod
    def _check(output: OutputPath, path: Path, inputs: list[Inputs], context: click.Context) -> None:
        either = output.kind == "either"
        kind: files.Kind = "folder" if either and not path.suffix else "file"
        overwrite = context.params.get("overwrite", True) if either else True
        files.check(path, kind, overwrite=overwrite, inputs=inputs)
