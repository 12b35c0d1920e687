"""What an import may load: the package and its help cost nothing that isn't needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

PRINT_LOADED = """
import sys
before = set(sys.modules)
{code}
loaded = {{name.split(".")[0] for name in set(sys.modules) - before}}
print(*sorted(loaded - set(sys.stdlib_module_names)), file=sys.stderr)
"""


def loaded_by(code: str) -> set[str]:
    """The packages outside the standard library that some code loads in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", PRINT_LOADED.format(code=code)], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


def cli(*arguments: str) -> str:
    return f"""
from mien.cli import main
try:
    main({list(arguments)})
except SystemExit as stop:
    assert not stop.code, stop.code
"""


def test_importing_mien_loads_nothing_else() -> None:
    assert loaded_by("import mien; mien.__version__") == {"mien"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("predict", "--help"),
        ("video", "--help"),
        ("serve", "--help"),
        ("train", "--help"),
        ("study", "--help"),
        ("tune", "--help"),
        ("data", "info", "--help"),
        ("data", "audit", "--help"),
    ],
)
def test_help_loads_only_the_command_line_library(arguments: tuple[str, ...]) -> None:
    assert loaded_by(cli(*arguments)) <= {"mien", "click"}


def test_the_runtime_half_loads_no_framework() -> None:
    heavy = {"torch", "sklearn", "scipy", "matplotlib", "jinja2", "onnx", "pyarrow", "pandas", "av", "pillow_heif"}
    code = "import mien; from mien.inference import annotate, records, stream, submission; mien.Reader('tiny')"
    assert not loaded_by(code) & heavy


def test_reading_tables_and_pictures_needs_no_pyarrow() -> None:
    assert "pyarrow" not in loaded_by("from mien import read")
