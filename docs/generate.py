"""Write the documents that come from the code: ``python docs/generate.py``. A test fails when one is out of date."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from pathlib import Path
from typing import Any

from mien.data import layouts
from mien.training import recipes

FOLDER = Path(__file__).parent


def explained(cls: type[Any]) -> dict[str, str]:
    """Each field of a dataclass with the sentence below it."""
    (definition,) = (node for node in ast.parse(inspect.getsource(cls)).body if isinstance(node, ast.ClassDef))
    return {
        field.target.id: str(text.value.value)
        for field, text in zip(definition.body, definition.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }


def value(setting: object) -> str:
    """A setting as one writes it behind ``--set``."""
    if isinstance(setting, tuple):
        return ",".join(f"{part:g}" for part in setting)
    if isinstance(setting, bool):
        return str(setting).lower()
    return f"{setting:g}" if isinstance(setting, float) else str(setting) or "(none)"


RECIPE_FILE = """\
A recipe can also be a TOML file, whose name ends in `.toml`: the recipe that it starts from, and what it changes. `--recipe mine.toml`
reads it wherever a recipe is named; `--set` comes on top. `mien tune` writes its best one so ([tuning](tuning.md)).

```toml
recipe = "tiny"
epochs = 15

[augment]
rotation = 12.5
scale = [0.9, 1.1]
```
"""
"""What the page says of recipes in files."""

LAYOUT_NOTES = """
## Tables and lists

- The separator (comma, semicolon, tab, `|`; in `.txt` and `.lst` also blanks), the encoding (UTF-8, UTF-16, else Windows-1252) and
  whether there is a head are recognised. Excel workbooks (`.xlsx`), lines of JSON (`.jsonl`) and
  documents of JSON (records, columns, or a class for each name) are tables too.
- Columns are known by their usual names, whatever other columns there are; a list without a head by what its cells hold.
- A list names pictures by path, name, name without ending, or number. A list that is given itself may lead to pictures outside of its folder.
  `metadata.jsonl` or `metadata.csv` names those of its own folder.
- Pixels may be separated by blanks, commas or semicolons, stand in brackets, or have a column each. Values from 0 to 1 are multiplied
  by 255. Three values a pixel are red, green and blue, and become gray; a fourth
  is an alpha, and what is transparent becomes white. Where sizes differ, all faces get the most common one; a note tells it.
- Quotes are read strictly: one that is never closed would swallow the rows after it, so the table is refused and the line is named.

## Numbers for labels

Names need no explanation, so a column of names goes before a column of numbers, and so do the class names in a Parquet file's metadata.
Numbers without names mean something else in each data set, and are never guessed silently:

| `--coding` | codes |
|---|---|
| `fer2013` | 0 angry, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral |
| `rafdb` | 1 surprise, 2 fear, 3 disgust, 4 happy, 5 sad, 6 angry, 7 neutral |
| `affectnet` | 0 neutral, 1 happy, 2 sad, 3 surprise, 4 fear, 5 disgust, 6 angry, 7 contempt; 8 to 10 are left out |
| `ferplus` | 0 neutral, 1 happy, 2 surprise, 3 sad, 4 angry, 5 disgust, 6 fear, 7 contempt; 8 and 9 are left out |
| `ckplus` | 0 neutral, 1 angry, 2 contempt, 3 disgust, 4 fear, 5 happy, 6 sad, 7 surprise |
| `alphabetical` | the seven in alphabetical order, or eight with contempt, from 0 or from 1 |
| `ck48` | the folders of CK+48 in alphabetical order from 0: contempt instead of neutral |
| `neutral-first` | 0 neutral, then the other six in alphabetical order |
| `fer2013-from-1`, `rafdb-from-0`, `affectnet-from-1`, `ferplus-from-1`, `neutral-first-from-1` | the same orders, counted from there |
| `0=calm,1=pain` | a name for each code |

- Every verb that reads data takes `--coding`, and Python `mien.read(path, coding="rafdb")` or `coding={0: "calm", 1: "pain"}`.
- Layouts that are data sets of their own (RAF-DB, AffectNet) have their coding. Codes outside it are refused if another coding has them all, and their
  rows are dropped otherwise. The columns `emotion` and `Usage` say FER2013's coding; as people write other labels under these names too, the faces are looked
  at as below, and the data is refused if they clearly say otherwise.
- Elsewhere the codes have to be exactly those of a known coding. Where they are those of several, the shipped model `tiny` reads up to 64 faces of each code.
  The coding is taken with which it agrees on at least 40% of them, if it leads each other one by at least 8 points (sign test, p ≤ 0.05) and no other order of
  the expressions agrees better. Otherwise the data is refused, with the order that agrees best if there is one. Drawings and other faces that `tiny`
  can't read need `--coding`.
- Measured on FER2013's PublicTest (draws with seed 0, six codings of 0 to 6): with eight faces a class, 353 of 360 draws got the true coding, 7 were
  refused and none
  got a wrong one; of 60 random orders 59 were refused. With sixteen faces a class, 360 of 360 were right, and 60 of 60 random orders refused.
- The choice and its evidence are told by every verb, and stored in `run.json`, the model file, the report and converted Parquet data.
- Few codes, such as 0 and 1, are refused until they have names: `--coding 0=neutral,1=smile`. To keep the numbers as names, write `--coding 0=0,1=1`.

One-hot columns or lists, and votes, are labels too: the class with most votes; a tie, or most votes for `unknown`, drops the row, and a row of zeros
is unlabelled.

## Splits and subjects

Splits are known by the names of folders and files, and by a column (`split`, `set`, `Usage`, `fold`, `subset`, ...) of any table: `train_set`,
`Training`, `Train Data`,
`FER2013Valid`. Columns `is_train`, `is_test`, ... of 1 and 0 tell splits, too. In a column of splits, rows with an
unknown name are dropped; where no name of it is known, it isn't used. A note tells either.

A column `subject`, `person`, `participant`, `actor`, ... or folders of people (`S01/happy/1.png`, `happy/S01/1.png`) say who is on a picture; hold-outs
keep people together. Of several levels of folders the classes are those named by expressions, else those named by words (`bored`, `calm`) and not by
numbers (`S01`, `session2`); between two levels of words, usual words for states decide, else the inner one is taken. Folders above the classes that
are neither people nor splits are told; their rows are read as training rows.

## Arrays

`.npz`, a folder of `.npy`, and HDF5: faces `(N, H, W)`, `(N, H, W, channels)`, `(N, channels, H, W)` or `(N, H x H)`, from 0 to 255 or from 0 to 1;
labels as numbers, text or one-hot. Words of the names tell splits (`x_train`, `y_test`, `Training_pixel`). Python objects in a file (pickles) are
never opened. HDF5, workbooks and YOLO's `data.yaml` need `pip install 'mien[formats]'`.

## Archives

Zip and tar archives, `.csv.gz` and the like are read as they are: unpacked into a temporary folder, read, and deleted; the cache spares this
the next time. In a folder that holds archives and no faces, each archive is unpacked into a folder of its name, so `train.zip` is a split.
An archive is refused if it is encrypted, has a file that would lie outside of the folder, unpacks to more than 100 times its size, or holds
archives within archives within archives. 7z and RAR have to be unpacked first.

## Portraits and photos

A model expects cropped faces. Where pictures show more (JAFFE, KDEF, CAER-S, the original CK+), a note says so; it is decided by the size of the face in
24 of the pictures. `--find-faces` (in Python `mien.read(path, find_faces=True)`) finds the largest face in each picture and cuts it out upright, as
`mien predict` does. Pictures in which no face is found are left out, counted and named.

Boxes (YOLO, COCO, Label Studio, ExpW) are cut at the square around them. Of the original CK+ the frame is read that the file in `Emotion` names.

## What is not read

Pickles, TFRecord, MATLAB and old Excel files (`.xls`) are named with what to save instead. A list in another encoding than those above, such as Big5,
is taken for Windows-1252: pictures whose names have other letters than ASCII are then not found. Save such a list as UTF-8.
"""
"""What the page says of layouts beside their table."""

READING = """\
Every verb that reads data takes `--layout`, `--votes`, `--coding`, `--classes`, `--drop` and `--map`; a run remembers them, so that `--resume`,
`report` and `export` read the data in the same way. In Python they are keywords:
`mien.read("faces", drop=["contempt"], map={"calm": "neutral"})`.

| option | what it does |
|---|---|
| `--map A=B` | calls class A of the data B; two classes with one name become one, and their votes add up |
| `--drop CLASS` | leaves a class out |
| `--classes A,B,C` | keeps these classes only, in this order |

`--map` comes first, then `--drop`, then `--classes`. What was left out or renamed is counted in every record (`changes`, `num_dropped`).

Two or more folders with pictures are classes, whatever the pictures are called, unless a table labels the pictures or the folders are called after people
(`subject01`). Without such folders, expressions in the pictures' own names are the classes (`happy_001.png`). A set gets mien's names of the
expressions (`Happiness` becomes `happy`) if all its names are known, or at least five of the expressions and most of its names. Any other
set keeps its own names: `joy` beside `boredom` stays `joy`, and `calm` is not `neutral`.

**Leakage.** Whenever data is read, faces that stand in two of its splits, or twice in one, are counted (pixel for pixel; blank pictures apart), and every verb
says so. `train`, `study` and `tune` refuse data

- in which any face of the split that chooses the epoch (`valid`, or `valid_split`) also stands in `train`: the choice would be wrong;
- in which more than a tenth of another split also stands in `train`, or in the split that chooses: its scores would say little of new faces.

Up to a tenth is allowed, as in FER2013 (7.8% of PublicTest stands in Training): scores are then given without the copies, too.
`mien data audit DATA --write CLEAN.parquet` writes the data without copies; `--allow-leakage` trains all the same.
"""
"""What the page says before the table of how data is read."""


def recipes_page() -> str:
    """All recipes side by side, and what each field means."""
    made = [make() for make in recipes.RECIPES.values()]
    lines = [
        "# Recipes",
        "",
        "A recipe is a named function in `mien.training.recipes` that returns all settings of a training.",
        "Change a field with `--set field=value`, such as `--set epochs=15 --set augment.scale=0.9,1.1`;",
        "`--set augment=none` turns all augmentation off. `--set augment=robust` imitates bad pictures too: sensor noise, blur, motion,",
        "low resolution, JPEG, odd light, hidden parts, crops that are off; `--set augment=strong` does so twice as often.",
        "`mien data info DATA --augmented sheet.png --set augment=robust` shows what the network would see.",
        "",
        "`--set init=base` starts from a model's weights, `--set teacher=base --set distil=0.5` learns from its probabilities too. With",
        "`--set teacher_sees=view` the teacher is asked about the crop that the network gets, before it is corrupted;",
        "`--set teacher_views=16` repeats crops after 16 epochs, so that it is asked 16 times and not in every epoch.",
        "",
        *RECIPE_FILE.splitlines(),
        "",
    ]
    for recipe in made:
        lines += [f"- **{recipe.name}**: {' '.join(str(inspect.getdoc(recipes.RECIPES[recipe.name])).split())}"]
    lines += [
        "",
        "| field | " + " | ".join(recipe.name for recipe in made) + " | what it is |",
        "|---" * (len(made) + 2) + "|",
    ]
    for name, text in explained(recipes.Recipe).items():
        if name not in ("name", "augment"):
            cells = [value(getattr(recipe, name)) for recipe in made]
            lines.append(f"| `{name}` | {' | '.join(cells)} | {text} |")
    for name, text in explained(recipes.Augment).items():
        cells = [value(getattr(recipe.augment, name)) for recipe in made]
        lines.append(f"| `augment.{name}` | {' | '.join(cells)} | {text} |")
    assert len(explained(recipes.Recipe)) == len(dataclasses.fields(recipes.Recipe))
    return "\n".join(lines) + "\n"


def layouts_page() -> str:
    """Every layout that can be read."""
    lines = [
        "# Layouts of labelled faces",
        "",
        "`mien` recognises a layout by its content, so you name a path and nothing else. `mien data info PATH` tells which",
        "one it took, how it mapped class names, and which rows it dropped and why; `--layout NAME` forces one.",
        "",
        READING,
        "Layouts are tried in this order:",
        "",
        "| name | what it is |",
        "|---|---|",
        *(f"| `{layout.name}` | {layout.about} |" for layout in layouts.LAYOUTS),
    ]
    return "\n".join(lines) + "\n" + LAYOUT_NOTES


PAGES = {"recipes.md": recipes_page, "layouts.md": layouts_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
        print(FOLDER / name)
