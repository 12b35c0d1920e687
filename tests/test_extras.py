"""What is said where the packages of an extra are missing, on the command line and in Python."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mien import cli, extras
from mien.errors import MissingExtraError

ROOT = Path(__file__).parents[1]

WITHOUT = """
import importlib.abc, sys
class Without(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Without())
{code}
"""


def without(hidden: set[str], code: str) -> str:
    """What standard error says at last of code that runs where some packages are not installed."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(hidden=hidden, code=code)], capture_output=True, text=True
    )
    assert done.returncode == 1, done
    return done.stderr.strip().splitlines()[-1]


ALL = {name for packages in extras.PACKAGES.values() for name in packages}


@pytest.mark.parametrize(
    ("verb", "names"),
    [
        (["train", "f.csv"], "train"),
        (["study", "labels", "f.csv", "--out", "s"], "train,report"),
        (["tune", "f.csv", "--out", "t"], "train,report,scale"),
        (["train", "f.csv", "--workers", "2"], "train,scale"),
        (["train", "f.csv", "--log", "mlflow"], "train,mlflow"),
        (["study", "labels", "f.csv", "--engine", "ray", "--out", "s"], "train,report,scale"),
        (["decide", "tiny", "f.csv", "-o", "d.onnx"], "report,adapt"),
        (["adapt", "tiny", "f.csv", "-o", "a.onnx"], "adapt"),
        (["crossval", "f.csv", "--out", "c"], "adapt,report"),
        (["crossval", "f.csv", "--method", "init", "--out", "c"], "train,report"),
        (["evaluate", "tiny", "f.csv"], "report"),
        (["explain", "tiny", "f.csv", "-o", "e.html"], "report"),
        (["summary", "vgg", "--classes", "5"], "train"),
        (["video", "clip.mp4"], "video"),
        (["serve"], "serve"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_verb_names_all_that_it_needs_at_once(verb: list[str], names: str) -> None:
    said = without(ALL, f"from mien.cli import main; main({verb})")
    assert said.startswith("mien: This needs the package")
    assert f"run  pip install 'mien[{names}]', or in a checkout of mien  pip install '.[{names}]'" in said
    for extra in names.split(","):
        assert all(f"'{package}'" in said for package in extras.PACKAGES[extra])


@pytest.mark.parametrize(
    ("code", "extra"),
    [
        ("from mien.training import job", "train"),
        ("from mien.training import adapt", "adapt"),
        ("from mien.training.logistic import fit", "adapt"),
        ("from mien.evaluation import judge", "report"),
        ("from mien import Evaluation", "report"),
        ("from mien.videos.reader import VideoReader", "video"),
        ("from mien.videos import writer", "video"),
        ("from mien.serving import server", "serve"),
        ("from mien.scale import scoring", "scale"),
        ("from mien.training.job import start", "train"),
        ("import mien.training.networks", "train"),
        ("from mien.evaluation.evaluation import Evaluation", "report"),
        ("from mien.serving.server import run", "serve"),
        ("from mien.scale.tuning import Sweep", "scale,train,report"),
        ("from mien.experiments import studies", "train,report"),
        ("from mien.experiments.studies import run", "train,report"),
        ("from mien.scale import studying", "scale,train,report"),
        ("from mien.experiments import crossval", "adapt,report"),
    ],
)
def test_python_says_the_same(code: str, extra: str) -> None:
    said = without(ALL, code)
    assert said.startswith("mien.errors.MissingExtraError: This needs the package")
    assert f"run  pip install 'mien[{extra}" in said


def test_what_is_there_is_not_named() -> None:
    said = without({"ray", "optuna"}, "from mien.cli import main; main(['tune', 'f.csv', '--out', 't'])")
    assert said == (
        "mien: This needs the packages 'ray' and 'optuna', which are not installed: "
        "run  pip install 'mien[scale]', or in a checkout of mien  pip install '.[scale]'"
    )


def test_a_module_keeps_its_own_loader() -> None:
    from mien import recipes

    assert recipes.__spec__ is not None
    assert type(recipes.__loader__).__name__ == type(recipes.__spec__.loader).__name__ == "SourceFileLoader"
    assert inspect.getsource(recipes.Recipe).startswith("@dataclass")


def test_a_module_that_is_not_there_is_no_missing_extra() -> None:
    assert extras.missing(ModuleNotFoundError("No module named 'mien.nope'", name="mien.nope")) is None
    with pytest.raises(ImportError, match="cannot import name 'nope'"):
        from mien.training import nope  # type: ignore[attr-defined] # noqa: F401 # it is the test
    with pytest.raises(MissingExtraError, match="'torch'"), extras.needed("train"):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")


def test_the_table_is_that_of_the_package() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(extras.PACKAGES) == set(declared) - {"dev", "docs", "hooks", "release", "heic"}
    assert set(extras.NEEDS) <= set(cli.verbs())
    assert {extra for names in extras.NEEDS.values() for extra in names} <= set(extras.PACKAGES)
    imported = {"scikit-learn": "sklearn", "pyyaml": "yaml", "av": "av", "markdown-it-py": "markdown_it"}
    for extra, packages in extras.PACKAGES.items():
        for requirement in declared[extra]:
            name = requirement.partition(">=")[0].partition("[")[0]
            assert imported.get(name, name.replace("-", "_")) in packages


def test_a_training_needs_only_its_own_extra(faces_file: Path, tmp_path: Path) -> None:
    others = ALL - set(extras.PACKAGES["train"])
    words = ["train", str(faces_file), "--recipe", "demo", "--set", "epochs=1", "--set", "image_size=16"]
    hide = (
        f"import sys; sys.modules.update(dict.fromkeys({others!r}))"  # PyTorch looks for some of them, and finds none
    )
    code = f"{hide}; from mien.cli import main; main({[*words, '--out', str(tmp_path / 'run')]})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "model.onnx").exists()


def test_a_crossvalidation_by_adapting_needs_no_pytorch(faces_file: Path, tmp_path: Path) -> None:
    others = ALL - {*extras.PACKAGES["adapt"], *extras.PACKAGES["report"]}
    words = [
        "crossval",
        str(faces_file),
        "--model",
        "tiny",
        "--folds",
        "2",
        "--no-faces",
        "--out",
        str(tmp_path / "out"),
    ]
    code = WITHOUT.format(hidden=others, code=f"from mien.cli import main; main({words})")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "crossval.json").exists()
