"""Write the documents that come from the code: ``python docs/generate.py``. A test fails when one is out of date."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import re
import textwrap
import typing
from functools import cached_property
from pathlib import Path
from typing import Any

import mien
from mien import recipes, typed_json
from mien.data import layouts
from mien.training import layers, networks

FOLDER = Path(__file__).parent


def explained(cls: type[Any]) -> dict[str, str]:
    """Each field of a dataclass with the text of its annotation."""
    hints = typing.get_type_hints(cls, include_extras=True)
    return {field.name: hints[field.name].__metadata__[-1] for field in dataclasses.fields(cls)}


def value(setting: object) -> str:
    """A setting as one writes it behind ``--set``."""
    if isinstance(setting, tuple):
        return ",".join(f"{part:g}" for part in setting)
    if isinstance(setting, bool):
        return str(setting).lower()
    return f"{setting:g}" if isinstance(setting, float) else str(setting) or "(none)"


RECIPE_FILE = """\
A recipe can also be a TOML file with a base recipe and changes. `--recipe mine.toml` uses it, and `--set` overrides it. `mien tune` writes its best
recipe in this form ([tuning](tuning.md)).

```toml
recipe = "tiny"
epochs = 15

[augment]
rotation = 12.5
scale = [0.9, 1.1]
```
"""
"""The text of the page on recipe files."""

LAYOUT_NOTES = """
## Tables and lists

- Tables are CSV and similar text files, Excel (`.xlsx`), JSON Lines and JSON (records, columns, or a class for each name). Separator (comma, semicolon,
  tab, `|`; in `.txt` and `.lst` also blanks), encoding (UTF-8, UTF-16, else Windows-1252) and header are detected.
- Columns are recognised by their usual names or, in a list without header, by their content. Of several columns of classes, a note names the one that is
  used: one of names, if it says the same as that of the codes.
- A list names pictures by path, name, name without extension, or number. A list in the given folder names pictures inside it; a list given by path may
  name pictures anywhere. `metadata.jsonl` and `metadata.csv` name those of their own folder. If different pictures have the name, the one in a folder
  of the row's person is taken; otherwise the row is dropped.
- Flags such as `is_train` and `is_test` give the split. A row with two of them, or with neither of both, is dropped.
- Pixels are in one column (separated by blanks, commas or semicolons) or in one column each, which are put in the order of the numbers in their
  headers, with a note. Values from 0 to 1 are multiplied by 255; colour is
  converted to gray, transparency to white; other sizes are resized to the most frequent one, with a note.
- An unclosed quote is an error that gives the line.

## Numeric labels

Class names are preferred to numbers. The same number has different meanings in different data sets:

| `--coding` | codes |
|---|---|
| `fer2013` | 0 angry, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral |
| `rafdb` | 1 surprise, 2 fear, 3 disgust, 4 happy, 5 sad, 6 angry, 7 neutral |
| `affectnet` | 0 neutral, 1 happy, 2 sad, 3 surprise, 4 fear, 5 disgust, 6 angry, 7 contempt; 8 to 10 are dropped |
| `ferplus` | 0 neutral, 1 happy, 2 surprise, 3 sad, 4 angry, 5 disgust, 6 fear, 7 contempt; 8 and 9 are dropped |
| `ckplus` | 0 neutral, 1 angry, 2 contempt, 3 disgust, 4 fear, 5 happy, 6 sad, 7 surprise |
| `alphabetical` | the seven in alphabetical order, or eight with contempt, from 0 or from 1 |
| `ck48` | the folders of CK+48 in alphabetical order from 0: contempt instead of neutral |
| `neutral-first` | 0 neutral, then the other six in alphabetical order |
| `fer2013-from-1`, `rafdb-from-0`, `affectnet-from-1`, `ferplus-from-1`, `neutral-first-from-1` | the same orders, from 1 or 0 |
| `0=calm,1=pain` | a name for each code |

- Without `--coding` (Python `coding="rafdb"` or `coding={0: "calm", 1: "pain"}`), the coding is detected or the data is refused. All commands print
  the coding and the evidence for it.
- RAF-DB, AffectNet and FER2013 (columns `emotion` and `Usage`) have a fixed coding; rows with other codes are dropped. The data is refused if another
  coding fits all codes or, for FER2013's columns, if the faces clearly contradict the coding.
- Otherwise a known coding must have exactly the codes of the data. If several do, the model `tiny` classifies up to 64 faces per code. A coding is
  accepted if it agrees with at least 40% of the predictions and 8 points more than any other (sign test, p ≤ 0.05), and no other order of the
  expressions agrees better. Drawings and other unusual faces need `--coding`.
- Measured on FER2013's PublicTest (`python -m benchmarks.codings fer2013`, 2026-11-27; 60 draws, seed 0, six codings of 0 to 6): with 8 faces per class,
  359 of 360 got the true coding and 1 was refused; of 60 random orders, 58 were refused. With 16, all were right and all orders refused.
- Numbers beside names of expressions are refused, unless `--coding` states their meaning.
- Few codes, such as 0 and 1, need names: `--coding 0=neutral,1=smile`; `--coding 0=0,1=1` keeps the numbers.

One-hot columns and votes are labels too: the class with most votes. A tie or a majority for `unknown` drops the row; a row of zeros is unlabelled.

## Splits and persons

Splits are recognised by the names of folders and files (`train_set`, `Train Data`, `FER2013Valid`), by a column (`split`, `set`, `Usage`, `fold`,
`subset`, ...), or by columns `is_train`, `is_test`, ... of 1 and 0. Rows with an unknown split name are dropped, and a column without a known name is
ignored; both give a note.

Persons are recognised by a column (`subject`, `person`, `participant`, `actor`, ...) or by folders (`S01/happy/1.png`, `happy/S01/1.png`). A hold-out
has all pictures of a person or none. With several levels of folders, the classes are the level of expressions, else of words (`bored`) rather than
numbers (`session2`), else the inner level. Unknown folder names above the classes give a note; their pictures are training rows.

## Arrays

`.npz`, folders of `.npy`, and HDF5: faces `(N, H, W)`, `(N, H, W, channels)`, `(N, channels, H, W)` or `(N, H x H)`, from 0 to 255 or from 0 to 1;
labels as numbers, text or one-hot. The names give the splits (`x_train`, `y_test`, `Training_pixel`). Pickled objects are never loaded. HDF5, Excel and
YOLO's `data.yaml` need `pip install 'mien[formats]'`.

## Archives

Zip, tar, `.csv.gz` and similar are unpacked to a temporary folder, read and cached. In a folder with archives only, each is a folder of its name:
`train.zip` is a split. Encrypted archives, paths outside of the folder, archives that unpack to more than 100 times their size and more than 256 MiB,
and more than two levels of nesting are
refused. Unpack 7z and RAR first.

## Portraits and photos

Models need cropped faces. A note warns if pictures show more (JAFFE, KDEF, CAER-S, the original CK+), based on the face size in 24 of them.
`--find-faces` crops the largest face of each picture, as `mien predict` does. Pictures without a face are dropped, counted and named. Boxes (YOLO, COCO,
Label Studio, ExpW) are enlarged to squares. From the original CK+, the frame named in `Emotion` is used.

## Not supported

Pickles, TFRecord, MATLAB and `.xls`: the error message gives the alternative. Save lists in other encodings, such as Big5, as UTF-8.
"""
"""The text of the page after the table of layouts."""

READING = """\
All commands that read data have these options, and Python has them as keywords (`mien.read("faces", drop=["contempt"], map={"calm": "neutral"})`). A
run stores them for `--resume`, `report` and `export`.

| option | what it does |
|---|---|
| `--layout NAME` | sets the layout |
| `--votes PATH` | joins FER+ votes (`fer2013new.csv`) to FER2013 |
| `--coding NAME` | sets the meaning of numeric labels (see below) |
| `--find-faces` | crops the largest face of each picture (see below) |
| `--map A=B` | renames class A to B; classes with the same name are merged and their votes added |
| `--drop CLASS` | drops a class |
| `--classes A,B,C` | keeps only these classes, in this order |

`--map` is applied before `--drop`, and `--drop` before `--classes`. The JSON outputs count the changes (`changes`, `num_dropped`).

**Classes.** Two or more folders with pictures are classes, unless a table has the labels or the folders are named after persons (`subject01`). Without
such folders, expressions in file names are the classes (`happy_001.png`). Class names are converted to mien's (`Happiness` to `happy`) if all are known,
or at least five expressions and most of the names. Otherwise they are kept: `joy` beside `boredom` stays `joy`.

**Leakage.** All commands count faces that occur in two splits, or twice in one (equal pixels, except blank pictures). `train`, `study`,
`tune`, `adapt` and `homework` refuse data if

- a face of the split that chooses the epoch (`valid`, or `valid_split`) is in `train`;
- more than a tenth of another split is in `train`, or in the split that chooses the epoch.

`mien homework DATA TEST` compares the two paths in the same way.
Up to a tenth is accepted (FER2013: 7.8%); scores are then also given without the copies. `mien data audit DATA --write CLEAN.parquet` removes copies
([audit](audit.md)); `--allow-leakage` trains anyway.
"""
"""The text of the page before the table of layouts."""


def recipes_page() -> str:
    """All recipes side by side, and what each field means."""
    made = [make() for make in recipes.RECIPES.values()]
    lines = [
        "# Recipes",
        "",
        "A recipe holds all settings of a training. `mien train DATA --recipe base` uses one;",
        "`--set field=value` changes a field, such as `--set epochs=15 --set augment.scale=0.9,1.1`.",
        "",
        "| to | set |",
        "|---|---|",
        "| train without augmentation | `augment=none` |",
        "| train for bad pictures (noise, blur, small, JPEG, dark, covered, badly cropped) | `augment=robust`; doubled probabilities: `augment=strong` |",
        "| fine-tune a model (recipe `finetune`; the same as `mien train DATA --init base`) | `init=base` |",
        "| use a teacher (distillation) | `teacher=base distillation_weight=0.5` |",
        "| give the teacher the network's crops, before they are corrupted | `teacher_sees=view` |",
        "| repeat these crops after 16 epochs (faster) | `teacher_views=16` |",
        "",
        "`mien data info DATA --augmented sheet.png --set augment=robust` draws the augmented inputs of the network.",
        "",
        *RECIPE_FILE.splitlines(),
        "",
    ]
    for recipe in made:
        lines += [f"- **{recipe.name}**: {' '.join(str(inspect.getdoc(recipes.RECIPES[recipe.name])).split())}"]
    rows = {
        prefix + name: ([value(getattr(part, name)) for part in parts], text)
        for prefix, cls, parts in (
            ("", recipes.Recipe, made),
            ("augment.", recipes.Augment, [recipe.augment for recipe in made]),
        )
        for name, text in explained(cls).items()
        if name not in ("name", "augment")
    }
    lines += [
        "",
        "## Fields that differ",
        "",
        "| field | " + " | ".join(recipe.name for recipe in made) + " | what it is |",
        "|---" * (len(made) + 2) + "|",
        *(
            f"| `{name}` | {' | '.join(cells)} | {text} |"
            for name, (cells, text) in rows.items()
            if len(set(cells)) > 1
        ),
        "",
        "## Fields that are the same in all recipes",
        "",
        "| field | value | what it is |",
        "|---|---|---|",
        *(f"| `{name}` | {cells[0]} | {text} |" for name, (cells, text) in rows.items() if len(set(cells)) == 1),
    ]
    assert len(explained(recipes.Recipe)) == len(dataclasses.fields(recipes.Recipe))
    return "\n".join(lines) + "\n"


def layouts_page() -> str:
    """Every layout that can be read."""
    lines = [
        "# Layouts of labelled faces",
        "",
        "Give the path of your data: mien detects the layout by its content. `mien data info PATH` prints the layout, the classes,",
        "and the dropped rows with reasons.",
        "",
        READING,
        "Layouts are tried in this order:",
        "",
        "| name | what it is |",
        "|---|---|",
        *(f"| `{layout.name}` | {layout.about} |" for layout in layouts.LAYOUTS),
    ]
    return "\n".join(lines) + "\n" + LAYOUT_NOTES


PLAIN_TYPES = (
    ("str | os.PathLike[str]", "path"),
    ("Path_", "path"),
    ("NDArray[np.uint8]", "array"),
    ("NDArray[np.str_]", "array"),
    ("NDArray[np.float32]", "array"),
    ("NDArray[np.float64]", "array"),
    ("NDArray[Any]", "array"),
    ("Data", "path | FaceSet"),
    ("Language", "'en' | 'zh-TW'"),
    ("Method", "'adapt' | 'init' | 'train'"),
    ("Engine", "'local' | 'ray'"),
    ("images.Source", "path | bytes | picture | array"),
)
"""Annotations as the reference shows them."""

DEFAULTS = {"DEFAULT": "ReadOptions()", "SILENT": "mien.SILENT", "AUTO": "Hardware()"}
"""Names of constants that are defaults, and what they are."""


def annotation(text: str) -> str:
    """An annotation as the reference shows it."""
    for old, new in PLAIN_TYPES:
        text = re.sub(rf"(?<![\w.]){re.escape(old)}(?![\w.])", new, text)
    return re.sub(r"Annotated\[(\w+), .*?\)\]", r"\1", text)


def declaration(name: str, function: Any) -> list[str]:
    """The call of a function, one argument per line."""
    definition = typing.cast(
        ast.FunctionDef, ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function)))).body[0]
    )
    arguments = definition.args
    blanks: list[ast.expr | None] = [None] * (len(arguments.args) - len(arguments.defaults))
    lines = [
        one(*pair)
        for pair in zip(arguments.args, [*blanks, *arguments.defaults], strict=True)
        if pair[0].arg not in ("self", "cls")
    ]
    lines += ["*,"] if arguments.kwonlyargs else []
    lines += [one(*pair) for pair in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    lines += [f"**{arguments.kwarg.arg},"] if arguments.kwarg else []
    returned = f" -> {annotation(ast.unparse(definition.returns))}" if definition.returns else ""
    return [f"{name}(", *(f"    {line}" for line in lines), f"){returned}"] if lines else [f"{name}(){returned}"]


def one(argument: ast.arg, default: ast.expr | None) -> str:
    """An argument with its type and its default."""
    kind = f": {annotation(ast.unparse(argument.annotation))}" if argument.annotation else ""
    text = "" if default is None else ast.unparse(default)
    return f"{argument.arg}{kind}{f' = {DEFAULTS.get(text, text)}' if text else ''},"


def described(documented: Any) -> list[str]:
    """A docstring in Markdown: its paragraphs, its arguments and errors as lists."""
    text = str(inspect.getdoc(documented)).replace("``", "`")
    lines: list[str] = []
    for part in text.split("\n\n"):
        head, *rest = part.splitlines()
        if head.startswith(">>>"):
            continue
        if head in ("Args:", "Raises:", "Attributes:", "Returns:"):
            items = re.sub(r"\n +", " ", textwrap.dedent("\n".join(rest)))
            lines += [HEADS[head], ""] if HEADS[head] else []
            lines += [
                *(
                    re.sub(r"^([\w, ]+): ", r"- `\1`: ", item) if head != "Returns:" else f"Returns {item}"
                    for item in items.splitlines()
                ),
                "",
            ]
        else:
            lines += [" ".join(part.split()), ""]
    return lines


HEADS = {"Args:": "", "Raises:": "Errors:", "Attributes:": "Attributes:", "Returns:": ""}
"""Heads of the lists of a docstring."""


def reference() -> str:
    """A section for each function and each class."""
    from mien.sklearn import ExpressionClassifier

    lines: list[str] = []
    things = {
        f"mien.{name}": getattr(mien, name)
        for name in sorted(mien.__all__, key=str.lower)
        if callable(getattr(mien, name)) and not name.isupper()
    }
    things["mien.sklearn.ExpressionClassifier"] = ExpressionClassifier
    functions = {name: thing for name, thing in things.items() if not inspect.isclass(thing)}
    for name, function in functions.items():
        lines += [f"### {name}", "", "```", *declaration(name, function), "```", "", *described(function)]
    for name, cls in things.items():
        if name not in functions:
            lines += [f"### {name}", "", *described(cls), *members(cls)]
    return "\n".join(lines)


def members(cls: type[Any]) -> list[str]:
    """The public methods and properties of a class, each with the first sentence of its docstring."""
    lines = []
    for owner in reversed([base for base in cls.__mro__ if base.__module__.startswith("mien.")]):
        for name, member in vars(owner).items():
            documented = getattr(member, "__func__", member)
            text = (
                inspect.getdoc(documented)
                if callable(documented) or isinstance(member, property | cached_property)
                else None
            )
            if name.startswith("_") or not text:
                continue
            call = "()" if callable(documented) else ""
            lines.append(f"- `{name}{call}`: {' '.join(text.split(chr(10) * 2)[0].split())}".replace("``", "`"))
    return [*lines, ""] if lines else []


def python_page() -> str:
    """The page on Python as it is, with its reference made anew."""
    text = (FOLDER / "python.md").read_text(encoding="utf-8")
    before, _, after = text.partition("<!-- reference: begin -->")
    return f"{before}<!-- reference: begin -->\n\n{reference()}<!-- reference: end -->{after.partition('<!-- reference: end -->')[2]}"


def stored_layers() -> str:
    """The layers of the catalogue's networks, one network a line."""
    usual = {name: recipes.get(name) for name in recipes.RECIPES if name in networks.NETWORKS}
    found = {name: layers.computed(recipe, layers.NUM_CLASSES) for name, recipe in usual.items()}
    lines = [f"{json.dumps(name)}: {json.dumps(typed_json.to_json(record))}" for name, record in found.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


PAGES = {
    "recipes.md": recipes_page,
    "layouts.md": layouts_page,
    "python.md": python_page,
    f"../src/mien/training/{layers.STORED}": stored_layers,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
        print(FOLDER / name)
