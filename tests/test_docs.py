"""The documents: those that come from the code are up to date, and the README's commands run."""

from __future__ import annotations

import importlib.util
import inspect
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import experimental
import mien
import scenes
from mien import cli
from mien.data import store
from mien.evaluation.probing import robustness, saliency
from mien.inference import pretrained
from mien.run import Run
from mien.scale import tuning
from mien.training import job

ROOT = Path(__file__).parents[1]


def generator() -> object:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_up_to_date() -> None:
    for name, page in generator().PAGES.items():  # type: ignore[attr-defined] # loaded from a path
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == page(), f"run  make docs  ({name} is out of date)"


def exit_code(arguments: list[str]) -> int:
    try:
        cli.main(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


@pytest.fixture
def few_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports measure robustness and saliency on few faces and masks."""
    monkeypatch.setattr(robustness, "MOST_ROWS", 35)
    monkeypatch.setattr(saliency, "NUM_MASKS", 16)


def readme_commands() -> list[str]:
    """The lines that start with ``mien`` in the README's first block of commands, in order."""
    block = re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    return [line.removeprefix("$ ") for text in block for line in text.splitlines() if line.startswith("$ mien ")]


@pytest.mark.usefixtures("few_probes")
def test_the_readmes_commands_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crop: Path) -> None:
    monkeypatch.chdir(tmp_path)
    crop.rename(tmp_path / "face.png")
    photo = scenes.save(scenes.scene(), tmp_path / "party.jpg")
    (tmp_path / "album").mkdir()
    scenes.save(scenes.background(64, 64), tmp_path / "album" / "tree.jpg")
    scenes.clip(tmp_path / "interview.mp4", [scenes.scene(width=320, height=240, side=150)] * 5)
    commands = readme_commands()
    assert len(commands) >= 6
    for command in commands:
        assert exit_code(shlex.split(command, comments=True)[1:]) == 0, command
    test = mien.read("faces.parquet").split("test")
    accuracy = mien.load("run/model.onnx").score(test.images, test.label_names)
    assert len(mien.analyze(photo)) == 1
    assert accuracy > 0.6  # a linear model on the pixels stays below 0.55; a worse training shows here


def snippets(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL)


def test_the_readmes_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faces_file: Path) -> None:
    """The homework, which takes minutes, is asked for only."""
    monkeypatch.chdir(tmp_path)
    Path("album").mkdir()
    scenes.save(scenes.scene(), Path("album") / "party.jpg")
    store.write_folders(mien.read(faces_file).split("train"), Path("clinic"))
    homework = inspect.signature(mien.homework)
    asked: list[inspect.BoundArguments] = []
    monkeypatch.setattr(mien, "homework", lambda *given, **named: asked.append(homework.bind(*given, **named)))
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert len(names["found"][0].faces) == 1
    assert mien.load("clinic.onnx").classes == names["adapted"].faces.classes
    assert [str(bound.arguments["data"]) for bound in asked] == ["course/train.csv"]


def run_at(run: Run) -> Callable[..., Run]:
    """A training that gives a copy of a run, in the folder that it is asked for."""

    def start(data: object, recipe: object, out: Path, **options: object) -> Run:
        if not Path(out).exists():
            shutil.copytree(run.folder, out)
        return Run.open(out)

    return start


@pytest.mark.usefixtures("few_probes")
def test_the_snippets_on_python_run_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run, faces_file: Path
) -> None:
    """All are run as they are, but a training gives the session's run, and a search the one of other tests."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(faces_file, "faces.parquet")
    scenes.save(scenes.scene(), Path("party.jpg"))
    scenes.clip(Path("interview.mp4"), [scenes.scene(width=320, height=240, side=150)] * 3)
    Path("codes.csv").write_text("clip,start,end,label\ninterview,0,1,happy\n")
    for name in ("start", "start_or_resume"):
        monkeypatch.setattr(job, name, run_at(run))
    monkeypatch.setattr(job, "resume", lambda folder, **options: Run.open(folder))
    monkeypatch.setattr(tuning, "run", lambda sweep, progress: experimental.sweep())
    names: dict[str, Any] = {}
    for snippet in snippets("python.md"):
        exec(compile(snippet, "docs/python.md", "exec"), names)
    assert len(list(names["found"])) == 1
    assert names["evaluation"].accuracy == pytest.approx(
        mien.load("tiny").score(names["test"].images, names["test"].label_names)
    )
    assert names["scores"].shape == (3,)
    assert mien.load("searched.onnx").classes == tuple(sorted(names["faces"].classes))
    for page in ("run/report.html", "crossval.html", "explain.html", "homework/homework.html"):
        assert Path(page).read_text(encoding="utf-8").lower().startswith("<!doctype html>")
    assert Path("predictions.csv").exists()


def test_the_snippets_on_python_use_every_verb() -> None:
    code = "".join(snippets("python.md"))
    verbs = [
        name for name in mien.__all__ if callable(getattr(mien, name)) and not isinstance(getattr(mien, name), type)
    ]
    assert [name for name in verbs if f"mien.{name}(" not in code] == []


def test_the_reference_has_every_public_name() -> None:
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    heads = re.findall(r"^### (.*)$", page, re.MULTILINE)
    assert set(heads) == {f"mien.{name}" for name in mien.__all__ if name not in ("__version__", "SILENT")} | {
        "mien.sklearn.ExpressionClassifier"
    }
    assert "    epochs: int = 0," in page.partition("### mien.homework")[2].partition("###")[0]


def documented_commands() -> Iterator[tuple[str, list[str]]]:
    """Each line of code in the documents that starts with ``mien VERB``, with its page, as arguments."""
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *pretrained.FOLDER.glob("*.md")]:
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"^```(?:console|bash|sh|)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        for line in [line for block in blocks for line in block.splitlines()] + re.findall(
            r"`(mien [a-z][^`\n]*)`", text
        ):
            if (command := line.removeprefix("$ ")).startswith("mien "):
                yield page.name, shlex.split(command, comments=True)[1:]


def test_every_command_in_the_documents_has_a_verb_and_options_that_exist() -> None:
    wrong, count = [], 0
    for page, arguments in documented_commands():
        command: click.Command | None = cli.cli
        words = list(arguments)
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            command = command.get_command(click.Context(command), words.pop(0))
        count += 1
        known = (
            set() if command is None else {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
        )
        given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        if command is None or given - known - {"--help", "-h"}:
            wrong.append(f"{page}: mien {' '.join(arguments)}")
    assert wrong == []
    assert count > 150


def test_the_page_on_research_runs_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables, commands and Python of the page, on drawn films whose expressions are those of its codes."""
    monkeypatch.chdir(tmp_path)
    films = {"anna-calm": ["surprise"], "anna-film": ["surprise", "happy", "happy"], "ben-film": ["happy"] * 3}
    for name, shown in films.items():
        Path("clips").mkdir(exist_ok=True)
        seconds = [scenes.scene((expression,), width=320, height=240, side=150) for expression in shown]
        scenes.clip(Path(f"clips/{name}.mp4"), [photo for photo in seconds for _ in range(5)], rate=5)
    Path("talk").mkdir()
    cut = [scenes.scene(("happy",), width=320, height=240, side=150, seed=seed) for seed in (0, 9)]
    scenes.clip(Path("talk/talk.mp4"), [photo for photo in cut for _ in range(5)], rate=5)
    page = (ROOT / "docs" / "video-research.md").read_text(encoding="utf-8")
    tables = re.findall(r"```csv\n(.*?)```", page, re.DOTALL)
    for name, table in zip(("conditions.csv", "blocks.csv", "codes.csv"), tables, strict=True):
        Path(name).write_text(table)
    commands = re.findall(r"^\$ (mien .*)$", page, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        assert exit_code(shlex.split(command)[1:]) == 0, command
    names: dict[str, Any] = {}
    for snippet in snippets("video-research.md"):
        exec(compile(snippet, "docs/video-research.md", "exec"), names)
    assert len(names["happy"]) == 3
    assert [one.summary.person for one in names["study"].results] == ["anna", "anna", "ben"]
    agreement = mien.agree("study", "codes.csv")
    assert agreement.pairs[0].kappa.value > 0.8  # of the raters
    assert agreement.pairs[1].agreement.value > 0.8


def test_every_relative_link_leads_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_contribution_guide_names_every_room_and_verb() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in (ROOT / "src" / "mien").glob("*/__init__.py")}
    assert rooms == set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    verbs = re.search(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert verbs is not None
    assert [verb for verb in verbs[1].split() if verb != "clean" and f"`make {verb}`" not in text] == []


def test_workflows_and_hooks_run_verbs_of_the_makefile() -> None:
    verbs = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    used = set()
    for path in [*(ROOT / ".github" / "workflows").glob("*.yml"), ROOT / ".pre-commit-config.yaml"]:
        for line in re.findall(r"(?:run|entry): make ([a-z ]+)", path.read_text(encoding="utf-8")):
            used |= set(line.split())
    assert {"check", "portable", "test", "lowest", "page", "web", "package", "site", "docs", "lint"} == used
    assert used <= verbs


def test_the_citation_has_the_version() -> None:
    assert f"\nversion: {mien.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
