"""The command line: one short function per verb. A verb's module is imported when the verb is used, and its dependencies are
imported inside the function, so that each verb starts fast.

Results go to standard output, messages to standard error. Exit codes: 0 success, 2 usage error, 130 Ctrl-C, 1 any other
error.
"""

from __future__ import annotations

import importlib
import io
import sys
import warnings
from collections.abc import Mapping, Sequence

import click

import mien
from mien.cli.common import ARGUMENTS, fail, speaks, write
from mien.errors import MienError

STOPPED = 130
"""Exit code after Ctrl-C, as in shells: 128 plus the signal number."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; the only place where errors become messages and exit codes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a character that the terminal's encoding lacks must not end a run
    warnings.filterwarnings("ignore", module="PIL")  # images.py turns those that matter into errors
    try:
        cli.main(args=arguments, prog_name="mien", standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        if speaks():
            words = io.StringIO()
            error.show(words)
            write(words.getvalue().rstrip("\n"), err=True)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        fail("stopped.", STOPPED)
    except BrokenPipeError:  # the reader, such as head, has closed the pipe
        sys.stderr.close()
        sys.exit(1)
    except MienError as error:
        fail(str(error), error.exit_code)
    except MemoryError:
        fail("There is not enough memory for this: use less data, or smaller values of the options.", 1)
    except OSError as error:  # an invalid path, a full disk
        fail(f"'{error.filename}': {error.strerror or error}." if error.filename else f"{error.strerror or error}.", 1)


GROUPS: Mapping[str, Mapping[str, str]] = {
    "Use": {
        "predict": "predicting",
        "video": "video",
        "video merge": "video",
        "agree": "video",
        "serve": "serve",
        "info": "models",
    },
    "Train": {
        "train": "training",
        "adapt": "training",
        "tune": "tuning",
        "export": "training",
        "ensemble": "training",
    },
    "Evaluate": {
        "evaluate": "models",
        "report": "training",
        "explain": "models",
        "compare": "models",
        "decide": "models",
        "study": "studying",
        "crossval": "studying",
    },
    "Data": {"data": "data"},
    "Course": {"homework": "course", "submit": "models", "summary": "training", "demo": "course"},
}
"""The verbs in the groups of the help, each with the module of this package that has it."""


MODULES = {verb: module for group in GROUPS.values() for verb, module in group.items()}
"""The module of each verb."""


class Verbs(click.Group):
    """The verbs, listed in groups; a verb's module is imported when the verb is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, those of two words too."""
        return sorted(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb; None if there is no such verb."""
        if cmd_name not in MODULES:
            return None
        module = importlib.import_module(f"mien.cli.{MODULES[cmd_name]}")
        commands = (value for value in vars(module).values() if isinstance(value, click.Command))
        return next(command for command in commands if command.name == cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs below the options."""
        commands = verbs()
        for title, names in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name, commands[name].get_short_help_str(limit=100)) for name in names])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb at the front of the arguments; it may have two words, such as ``video merge``."""
        pair = " ".join(args[:2])
        return (pair, self.get_command(ctx, pair), args[2:]) if pair in MODULES else super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Store the arguments of the command line for run records."""
        ctx.meta[ARGUMENTS] = tuple(args)
        return super().parse_args(ctx, args)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(mien.__version__, prog_name="mien")
def cli() -> None:
    """Train, evaluate and run classifiers of facial expressions.

    Start with:  mien demo
    """


def verbs() -> dict[str, click.Command]:
    """All verbs with their commands."""
    context = click.Context(cli)
    found = {verb: cli.get_command(context, verb) for verb in MODULES}
    return {verb: command for verb, command in found.items() if command is not None}
