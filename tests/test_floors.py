"""The architecture: imports point down only, also those inside functions, and each package of others has its floor."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import mien

ROOT = Path(mien.__file__).parent

FLOORS = {
    "__main__": 15,
    "cli": 14,
    "api": 13,
    "sklearn": 13,
    "serving": 12,
    "scale": 12,
    "reporting": 11,
    "experiments": 10,
    "training": 9,
    "auditing": 9,
    "evaluation": 8,
    "videos": 8,
    "inference": 7,
    "synthetic": 7,
    "shown": 7,
    "run": 6,
    "progress": 6,
    "run_record": 5,
    "data": 4,
    "recipes": 4,
    "modelfile": 4,
    "images": 3,
    "palette": 4,
    "emotions": 3,
    "files": 3,
    "temporaries": 2,
    "samples": 2,
    "tables": 2,
    "checks": 2,
    "display": 1,
    "typed_json": 1,
    "extras": 1,
    "locks": 1,
    "threads": 1,
    "escapes": 1,
    "words": 1,
    "errors": 0,
}
"""Place in the package to its floor."""

THIRD_PARTY = {
    "cli": {"click", "pyarrow"},
    "serving": {
        "fastapi",
        "fastapi_offline",
        "python_multipart",
        "starlette",
        "uvicorn",
        "pydantic",
        "prometheus_client",
        "numpy",
    },
    "scale": {"platformdirs", "ray", "optuna", "pyarrow", "numpy", "torch"},
    "reporting": {"matplotlib", "jinja2", "numpy", "PIL", "markupsafe", "latex2mathml", "markdown_it"},
    "sklearn": {"numpy", "sklearn"},
    "experiments": {"numpy"},
    "training": {"torch", "mlflow", "safetensors", "onnx", "sklearn", "threadpoolctl", "numpy", "PIL"},
    "auditing": {"cleanlab", "scipy", "sklearn", "numpy"},
    "evaluation": {"sklearn", "scipy", "numpy", "PIL"},
    "videos": {"av", "numpy", "PIL"},
    "inference": {"onnxruntime", "onnx", "numpy", "PIL", "pyarrow", "sklearn"},  # sklearn: its tags, when it asks
    "synthetic": {"numpy", "PIL"},
    "data": {"platformdirs", "numpy", "PIL", "pyarrow", "h5py", "openpyxl", "yaml"},
    "display": {"matplotlib", "pandas"},
    "shown": {"click", "IPython"},
    "images": {"numpy", "PIL", "pillow_heif"},
    "samples": {"numpy", "PIL"},
    "tables": {"numpy"},
}
"""What each place may import from outside the standard library."""


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(ROOT.rglob("*.py")):
        if path != ROOT / "__init__.py":  # the lazy table of public names, loaded before any floor
            yield path.relative_to(ROOT).with_suffix("").parts[0], path


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write imports from 'mien', not from '.'"
            assert node.module is not None
            if node.module == "mien":
                yield from ((node.lineno, f"mien.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, node.module


def climbs(place: str, target: str) -> bool:
    return target != place and FLOORS[target] >= FLOORS[place]


def test_every_place_has_a_floor() -> None:
    assert {place for place, _ in modules()} == set(FLOORS)


def test_imports_point_down_only() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for place, path in modules()
        for line, name in imports(path)
        if name.startswith("mien.") and climbs(place, name.split(".")[1])
    ]
    assert wrong == []


def test_each_floor_needs_only_its_own_packages() -> None:
    import sys

    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for place, path in modules()
        for line, name in imports(path)
        if name.split(".")[0] not in {"mien", *sys.stdlib_module_names, *THIRD_PARTY.get(place, ())}
    ]
    assert wrong == []


def test_the_walk_sees_a_climbing_import_inside_a_function(tmp_path: Path) -> None:
    path = tmp_path / "faceset.py"
    path.write_text("def f():\n    from mien.training import loop\n")
    assert [name for _, name in imports(path)] == ["mien.training"]
    assert climbs("data", "training")
    assert not climbs("training", "data")


LONGEST = {"src/mien/training/loop.py train"}
"""Functions that may be longer than 40 lines: the training loop reads best from top to bottom."""


def dependencies() -> dict[str, set[str]]:
    """Each module to the modules of mien that it imports, also within functions."""
    names = {path: ".".join(("mien", *path.relative_to(ROOT).with_suffix("").parts)) for path in ROOT.rglob("*.py")}
    modules_of_mien = {name.removesuffix(".__init__") for name in names.values()}
    found: dict[str, set[str]] = {}
    for path, name in names.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        wanted = {
            f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in modules_of_mien else str(node.module)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "mien"
            for alias in node.names
        }
        found[name.removesuffix(".__init__")] = wanted - {"mien"}
    return found


def test_no_two_modules_import_each_other() -> None:
    from graphlib import TopologicalSorter

    TopologicalSorter({name: wanted - {name} for name, wanted in dependencies().items() if name != "mien"}).prepare()


def test_functions_and_modules_are_short() -> None:
    long = []
    for path in sorted(ROOT.rglob("*.py")):
        text, place = path.read_text(encoding="utf-8"), f"src/mien/{path.relative_to(ROOT)}"
        if text.count("\n") > 400:
            long.append(place)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and f"{place} {node.name}" not in LONGEST:
                has_docstring = ast.get_docstring(node) is not None and len(node.body) > 1
                if (node.end_lineno or 0) - node.body[int(has_docstring)].lineno >= 40:
                    long.append(f"{place} {node.name}")
    assert long == []


def test_dictionaries_of_anything_stand_only_at_the_edge_of_json() -> None:
    """Functions that read or write JSON say ``JsonObject``; all others take and give typed values."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                given = (*node.args.args, *node.args.kwonlyargs)
                annotations = [argument.annotation for argument in given if argument.annotation]
                texts = [ast.unparse(one) for one in (*annotations, *([node.returns] if node.returns else []))]
                found += [f"{path.relative_to(ROOT)}: {node.name}" for text in texts if "[str, Any]" in text]
    assert len(found) < 25, "\n".join(found)


NEEDS_NO_TEST_FILE = {"reporting/pages/parts.py"}
"""Modules that a test file of their own would say nothing about; ten at most."""


def file_of_tests(module: Path) -> Path | None:
    """Where the tests of a module are, below ``tests``; None where it needs none: a private one, or one that only re-exports."""
    name, folder = module.stem.strip("_"), module.parent
    if module.name == "__init__.py":
        if (ROOT / module).read_text(encoding="utf-8").count("\n") < 40:
            return None
        name = folder.name or "mien"
    elif module.stem.startswith("_") and module.name != "__main__.py":
        return None
    return folder / f"test_{name}.py"


def test_every_module_has_its_test_file() -> None:
    assert len(NEEDS_NO_TEST_FILE) <= 10
    modules = [path.relative_to(ROOT) for path in sorted(ROOT.rglob("*.py"))]
    missing = {
        module.as_posix()
        for module in modules
        if (place := file_of_tests(module)) is not None and not (Path(__file__).parent / place).exists()
    }
    assert missing == NEEDS_NO_TEST_FILE


COORDINATES = {"reporting/display/markup.py", "reporting/svg.py"}
"""Modules that may format numbers themselves: they write the sizes, tints and coordinates of drawings."""


def number_formats(path: Path) -> Iterator[int]:
    """The lines on which code formats a number: in an f-string, by ``str.format``, ``format`` or ``%``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case (
                ast.FormattedValue(format_spec=ast.JoinedStr())
                | ast.BinOp(left=ast.JoinedStr() | ast.Constant(value=str()), op=ast.Mod())
                | ast.Call(func=ast.Name(id="format"))
            ):
                yield node.lineno
            case ast.Attribute(value=ast.Constant(value=str(text)), attr="format") if re.search(r"\{[^{}]*:", text):
                yield node.lineno


def test_texts_and_cells_format_the_numbers_of_pages_and_the_command_line() -> None:
    paths = [path for room in ("reporting", "cli") for path in sorted((ROOT / room).rglob("*.py"))]
    kept = [path for path in paths if "texts" not in path.parts and str(path.relative_to(ROOT)) not in COORDINATES]
    assert len(kept) > 30
    assert [f"{path.relative_to(ROOT)}:{line}" for path in kept for line in number_formats(path)] == []


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ('f"{n:,} faces"', True),
        ('f"{share:.1%}"', True),
        ('"{:+.4f}".format(x)', True),
        ('map("{:g}".format, values)', True),
        ('format(x, ".2f")', True),
        ('"%.2f" % x', True),
        ('f"{name} and {other!r}"', False),
        ('words["best"].format(epoch=3)', False),
        ("5 % 3", False),
    ],
)
def test_the_walk_sees_a_number_format(tmp_path: Path, line: str, is_found: bool) -> None:
    path = tmp_path / "page.py"
    path.write_text(line)
    assert bool(list(number_formats(path))) == is_found
