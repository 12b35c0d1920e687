"""Shared by the verbs: options, and output; results go to standard output, messages to standard error."""

from __future__ import annotations

import functools
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mien import escapes, files, tables
from mien.cli.places import InputName, InputPath, OutputPath
from mien.reporting.texts import cells
from mien.shown import say
from mien.typed_json import JsonObject
from mien.words import agreed, counted

if TYPE_CHECKING:
    from mien.data.reading import ReadOptions

ARGUMENTS = "mien.arguments"
"""Key of the root context under which the arguments are stored."""

path_argument = InputPath()
name_argument = InputName()
output_argument = OutputPath()
page_argument = OutputPath(suffixes=files.PAGES)
model_argument = OutputPath(suffixes=files.MODELS)
data_argument = OutputPath("either", files.PARQUET)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")
flip_option = click.option("--flip", is_flag=True, help="Average each face with its mirror image (twice the time).")
lang_option = click.option(
    "--lang", default="en", type=click.Choice(["en", "zh-TW"]), show_default=True, help="Language of the HTML file."
)
no_faces_option = click.option(
    "--no-faces", is_flag=True, help="Leave out all pictures of faces, for a page that is shared."
)
by_option = click.option(
    "--by",
    multiple=True,
    metavar="COLUMN",
    help="Also give scores by group: person, split, or a column of the data's tables; may be given several times.",
)
decision_option = click.option(
    "--decision",
    default="argmax",
    show_default=True,
    help="Decision rule: argmax, or a decision stored in the model file, such as balanced.",
)
prior_option = click.option(
    "--prior",
    metavar="SHARES",
    help="Class shares in use, such as neutral=0.5,happy=0.3 (other classes share the rest), or auto: estimated from the faces.",
)
device_option = click.option(
    "--device",
    default="auto",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    show_default=True,
    help="Device of the training; auto prefers a GPU.",
)
inference_device_option = click.option(
    "--device",
    default="cpu",
    type=click.Choice(["cpu", "auto", "cuda", "coreml"]),
    show_default=True,
    help="Device of the models; auto takes the first of CUDA, CoreML and CPU that onnxruntime can use here.",
)
precision_option = click.option(
    "--precision",
    default="auto",
    type=click.Choice(["auto", "fp32", "bf16"]),
    show_default=True,
    help="Precision of the training; auto is bf16 if the hardware supports it.",
)
set_option = click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Set a field of the recipe.")


cpus_option = click.option(
    "--cpus-per-run",
    "num_cpus",
    default=1,
    type=click.IntRange(min=1),
    show_default=True,
    help="CPU cores per training.",
)


def engine_option(help: str) -> Callable[[Any], Any]:
    """The option that spreads work over a Ray cluster."""
    return click.option("--engine", default="local", type=click.Choice(["local", "ray"]), show_default=True, help=help)


def split_option(
    splits: str = "a name, 'hold_out' or 'all'",
    default: str = "labelled test rows, else 'valid', else the held-out rows, else all",
) -> Callable[[Any], Any]:
    """The option that names the split to evaluate."""
    return click.option("--split", help=f"Split to evaluate: {splits}.  [default: {default}]")


_DATA_OPTIONS = (
    click.option("--layout", help="Layout of the data.  [default: detected]"),
    click.option("--votes", type=path_argument, help="FER+ votes (fer2013new.csv) to join to FER2013."),
    click.option(
        "--find-faces", is_flag=True, help="Detect and crop the face in each picture: for portraits and photos."
    ),
    click.option(
        "--coding",
        metavar="NAME|0=A,1=B,...",
        help="Meaning of numeric labels: a name of docs/layouts.md, such as fer2013 or rafdb, or a class for each number."
        "  [default: detected, or an error]",
    ),
    click.option("--classes", metavar="A,B,...", help="Keep only these classes, in this order."),
    click.option("--drop", multiple=True, metavar="CLASS", help="Leave out a class; may be given several times."),
    click.option(
        "--map", "renames", multiple=True, metavar="A=B", help="Rename class A to B; may be given several times."
    ),
)

_LEAKAGE_OPTION = click.option(
    "--allow-leakage", is_flag=True, help="Train even if the same faces are in several splits of the data."
)


def data_options(*, training: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options of every verb that reads data; the verb gets them as one ``ReadOptions`` called ``reading``.

    Args:
        training: whether the verb trains on the data, and so has the option to allow leakage.
    """

    def decorate(verb: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(verb)
        def with_options(
            *args: Any, classes: str | None, drop: tuple[str, ...], renames: tuple[str, ...], **others: Any
        ) -> Any:
            given = {
                name: others.pop(name)
                for name in ("layout", "votes", "coding", "find_faces", "allow_leakage")
                if name in others
            }
            return verb(*args, reading=_read_options(classes, drop, renames, **given), **others)

        decorated = with_options
        for option in reversed((*_DATA_OPTIONS, _LEAKAGE_OPTION) if training else _DATA_OPTIONS):
            decorated = option(decorated)
        return decorated

    return decorate


def _read_options(classes: str | None, drop: tuple[str, ...], renames: tuple[str, ...], **given: Any) -> ReadOptions:
    from mien.data.reading import ReadOptions

    pairs = [text.partition("=") for text in renames]
    for text, (old, _, new) in zip(renames, pairs, strict=True):
        if not old.strip() or not new.strip():
            raise click.UsageError(f"--map {text} does not name two classes: write --map OLD=NEW.")
    return ReadOptions.of(
        classes=_names(classes or ""),
        drop=[name for text in drop for name in _names(text)],
        map=[(old.strip(), new.strip()) for old, _, new in pairs],
        **given,
    )


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def recipe_option(default: str | None, shown: str | bool = True) -> Callable[[Any], Any]:
    """The option that names a recipe; ``shown`` is what the help says of a default that depends on other options."""
    return click.option(
        "--recipe",
        "recipe_name",
        default=default,
        type=name_argument,
        show_default=shown,
        help="vgg, large, base, tiny, demo or finetune, or a recipe's TOML file.",
    )


def speaks() -> bool:
    """Whether this process prints messages: of several that train together, only the first does."""
    return os.environ.get("RANK", "0") == "0"


def fail(message: str, exit_code: int) -> None:
    """Print an error on standard error, and exit."""
    if speaks():
        say(f"mien: {message}")
    sys.exit(exit_code)


def write(text: str, *, err: bool = False) -> None:
    """Print a result on standard output, or several lines on standard error."""
    stream = sys.stderr if err else sys.stdout
    click.echo(escapes.encodable(escapes.visible_text(text), stream.encoding), err=err)


@contextmanager
def resumable(
    how: str = "finished runs are kept; repeat the command to resume", needs: Path | None = None
) -> Iterator[None]:
    """On Ctrl-C, print how to resume, if the file ``needs`` exists."""
    try:
        yield
    except KeyboardInterrupt:
        if speaks() and (needs is None or needs.exists()):
            say(how)
        raise


def command_line() -> tuple[str, ...]:
    """The arguments of this command line; existing paths are cut to their last part, as records and pages are shared."""
    words = click.get_current_context().find_root().meta.get(ARGUMENTS, ())
    return ("mien", *(Path(word).name if os.path.sep in word and Path(word).exists() else word for word in words))


def show(value: JsonObject, as_json: bool, text: Callable[[], str]) -> None:
    """Print a result as JSON or as text."""
    if speaks():
        if as_json:
            click.echo(escapes.to_json(value, sys.stdout.encoding))
        else:
            write(tables.wrapped(text()) if sys.stdout.isatty() else text())


def tell_counts(out: Path | str | None, counts: Counter[str]) -> None:
    """Print the counts of an output; exit with code 1 if a photo couldn't be read."""
    if out is not None:
        say(
            f"{out}: {counted(counts['face'], 'face')}, {counted(counts['no_face'], 'photo')} without one, {cells.count(counts['error'])} not read"
        )
    if counts["error"]:
        fail(
            f"{counted(counts['error'], 'photo')} could not be read; {agreed(counts['error'], 'its row says', 'their rows say')} why.",
            1,
        )


def is_given(context: click.Context, name: str) -> bool:
    """Whether a parameter was given, not left at its default."""
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
