"""The functions of the interface and the verbs of the command line: the same options with the same defaults."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest

from mien import api
from mien.cli import cli as root
from mien.inference.options import Options
from mien.run_record import AUTO

VERBS = {
    name: getattr(api, name) for name in api.__all__ if name not in ("load", "read", "new_run_folder", "recipe_for")
}

OWN_NAMES = {
    "recipe_name": "recipe", "rows": "num_rows", "moved": "data", "no_probes": "probes", "no_sound": "sound",
    "clean": "out", "no_faces": "faces", "people": "single",
}  # fmt: skip
"""Options whose parameter has another name in Python."""

ONLY_ON_THE_COMMAND_LINE = {
    "as_json", "form", "lang", "settings", "resume", "engine", "workers", "device", "precision", "pdf", "leave_one_out",
    "layout", "votes", "find_faces", "coding", "classes", "drop", "renames", "allow_leakage", "help",
}  # fmt: skip
"""Options of output, of recipes and of reading: Python has results, ``changes``, ``hardware`` and ``reading`` for them."""

ONLY_OF = {
    ("predict", "annotate"), ("explain", "out"), ("compare", "out"),
    ("audit", "out"), ("audit", "write"), ("audit", "remove"), ("audit", "fix"), ("audit", "overwrite"),
    *((verb, "faces") for verb in ("explain", "audit", "compare", "study", "crossval")),
    ("video_study", "annotate"), ("video_study", "sound"), ("video_study", "timeline"),
    *(("video", name) for name in ("conditions", "baseline", "single", "faces")),
    *((verb, f"episode_{name}") for verb in ("video", "video_study") for name in ("threshold", "shortest", "gap")),
}  # fmt: skip
"""Further options of single verbs: Python has ``write_page`` of their results, ``auditing.cleaning``, and functions of their own
for one clip and for several."""


def command(verb: str) -> click.Command:
    groups = {"audit": ["data", "audit"], "video_study": ["video"], "merge_tracks": ["video merge"]}
    found: Any = root
    for name in groups.get(verb, [verb]):
        found = found.get_command(click.Context(found), name)
    return found  # type: ignore[no-any-return]


def plain(default: Any) -> Any:
    """A default without the differences between types of paths and lists, and between nothing and none."""
    if isinstance(default, Path):
        return str(default)
    return None if default in ((), [], "", 0) or type(default).__name__ == "Sentinel" else default


def pairs(verb: str) -> Iterator[tuple[str, Any, Any]]:
    """Each option that both have: its name, its default on the command line and that of Python."""
    signature = inspect.signature(VERBS[verb]).parameters
    predicting = {field.name: field.default for field in fields(Options)} if "options" in signature else {}
    for option in command(verb).params:
        name = OWN_NAMES.get(str(option.name), str(option.name))
        name = {"num_folds": "folds"}.get(name, name)
        if not isinstance(option, click.Option) or name in ONLY_ON_THE_COMMAND_LINE - set(signature):
            continue
        default = plain(option.default)
        if str(option.name).startswith("no_"):
            default = not default
        if name in signature:
            if signature[name].default is not inspect.Parameter.empty:
                yield name, default, plain(signature[name].default)
        elif (verb, name) not in ONLY_OF:
            assert name in predicting, f"mien {verb} has an option {name} that mien.{verb} lacks"
            yield name, default, plain(predicting[name])


@pytest.mark.parametrize("verb", sorted(set(VERBS) - {"resume"}))
def test_defaults_are_those_of_the_command_line(verb: str) -> None:
    found = list(pairs(verb))
    assert {name: here for name, _, here in found} == {name: there for name, there, _ in found}


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_options_are_keywords_and_everything_has_a_type(verb: str) -> None:
    signature = inspect.signature(VERBS[verb])
    arguments = {
        str(one.name)
        for one in command("train" if verb == "resume" else verb).params
        if isinstance(one, click.Argument)
    }
    arguments |= {"data"} if verb == "audit" else set()  # PATH
    positional = {name for name, one in signature.parameters.items() if one.kind is one.POSITIONAL_OR_KEYWORD}
    assert positional <= arguments | {"recipe", "out", "photos", "clip", "model", "run"}
    assert all(one.annotation is not one.empty for one in signature.parameters.values())
    assert signature.return_annotation is not signature.empty
    assert hasattr(VERBS[verb], "__wrapped__"), "a verb checks its arguments"


def test_hardware_is_chosen_as_on_the_command_line() -> None:
    options = {option.name: option.default for option in command("train").params}
    assert (AUTO.device, AUTO.precision) == (options["device"], options["precision"])
