"""Execute the notebooks in ``examples/`` and store them with their outputs.

    python -m tools.notebooks [NAME ...]

Each runs in an empty folder, so that its outputs name no folder of this machine. What it writes is not kept.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[1] / "examples"

PARAMETERS = "parameters"
"""Tag of the cell with the settings of a notebook."""

TIMEOUT = 3600
"""Seconds that one cell may take."""


def execute(path: Path, folder: Path, parameters: str = "") -> nbformat.NotebookNode:
    """Run a notebook.

    Args:
        path: the notebook.
        folder: the working folder.
        parameters: Python code to run in place of the cell tagged ``parameters``; empty for the notebook's own.

    Returns:
        The notebook with its outputs.

    Raises:
        CellExecutionError: a cell raised an exception.
    """
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if parameters and PARAMETERS in cell.metadata.get("tags", ()):
            cell.source = parameters
    client = NotebookClient(
        notebook, timeout=TIMEOUT, record_timing=False, resources={"metadata": {"path": str(folder)}}
    )
    executed: nbformat.NotebookNode = client.execute()
    executed.metadata.language_info = {"name": "python"}  # without the version of this machine's Python
    return executed


def main() -> None:
    """Execute the named notebooks, or all."""
    for path in [EXAMPLES / f"{name}.ipynb" for name in sys.argv[1:]] or sorted(EXAMPLES.glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as folder:
            nbformat.write(execute(path, Path(folder)), path)
        print(path.relative_to(EXAMPLES.parent))


if __name__ == "__main__":
    main()
