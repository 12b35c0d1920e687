"""The command line: one short function per verb. Each verb imports its dependencies inside, so ``--help`` starts fast.

Results go to standard output, messages to standard error. Exit codes: 0 success, 2 usage error, 130 Ctrl-C, 1 any other
error.
"""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Sequence

import click

import mien
from mien.cli import course, data, models, predicting, serve, studying, training, tuning, video
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
    except OSError as error:  # an invalid path, a full disk
        fail(f"'{error.filename}': {error.strerror or error}." if error.filename else f"{error.strerror or error}.", 1)


GROUPS = {
    "Use": ("predict", "video", "video merge", "agree", "serve", "info"),
    "Train": ("train", "adapt", "tune", "export", "ensemble"),
    "Evaluate": ("evaluate", "report", "explain", "compare", "decide", "study", "crossval"),
    "Data": ("data",),
    "Course": ("homework", "submit", "summary", "demo"),
}
"""The verbs in the groups of the help."""


class Verbs(click.Group):
    """The verbs, listed in groups."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs below the options."""
        for title, names in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(limit=100)) for name in names])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb at the front of the arguments; it may have two words, such as ``video merge``."""
        pair = " ".join(args[:2])
        return (pair, self.commands[pair], args[2:]) if pair in self.commands else super().resolve_command(ctx, args)

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


for command in (
    training.train,
    training.adapt,
    models.info,
    models.evaluate,
    models.explain,
    models.compare,
    models.decide,
    training.report,
    studying.study,
    studying.crossval,
    tuning.tune,
    predicting.predict,
    video.video,
    video.merge,
    video.agree,
    serve.serve,
    models.submit,
    training.ensemble,
    training.summary,
    training.export,
    course.homework,
    course.demo,
    data.data,
):
    cli.add_command(command)
