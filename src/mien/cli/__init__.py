"""The command line: one verb, one short function. Each verb imports its work inside, so ``--help`` loads nothing heavy.

Results go to standard output, words about the work to standard error. Exit code 0; 2 for a usage error; 130 where it
was stopped from the keyboard; 1 for anything else.
"""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Sequence

import click

import mien
from mien.cli import data, models, predicting, serve, studying, training, tuning, video
from mien.cli.common import ARGUMENTS, fail, speaks, write
from mien.errors import MienError

STOPPED = 130
"""Exit code of what was stopped from the keyboard, as shells have it: 128 and the number of the signal."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; the one place where errors become words and exit codes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what a terminal's encoding lacks never ends a run
    warnings.filterwarnings("ignore", module="PIL")  # what it thinks of a file is either our error or no matter
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
    except BrokenPipeError:  # the reader, such as head, has seen enough
        sys.stderr.close()
        sys.exit(1)
    except MienError as error:
        fail(str(error), error.exit_code)
    except OSError as error:  # a path that can't be, a disk that is full
        fail(f"'{error.filename}': {error.strerror or error}." if error.filename else f"{error.strerror or error}.", 1)


GROUPS = {
    "Use": ("predict", "video", "serve"),
    "Train": ("train", "tune", "export", "ensemble"),
    "Evaluate": ("evaluate", "report", "explain", "decide", "study"),
    "Data": ("data",),
    "Course": ("submit", "summary", "demo"),
}
"""The verbs as help lists them, by what people want."""


class Verbs(click.Group):
    """The verbs, listed in groups."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs below the options."""
        for title, names in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(limit=100)) for name in names])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the words for the records of what they begin."""
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
    models.evaluate,
    models.explain,
    models.decide,
    training.report,
    studying.study,
    tuning.tune,
    predicting.predict,
    video.video,
    serve.serve,
    models.submit,
    training.ensemble,
    training.summary,
    training.export,
    training.demo,
    data.data,
):
    cli.add_command(command)
