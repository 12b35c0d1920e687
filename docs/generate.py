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
        "They are tried in this order:",
        "",
        "| name | what it is |",
        "|---|---|",
        *(f"| `{layout.name}` | {layout.about} |" for layout in layouts.LAYOUTS),
    ]
    return "\n".join(lines) + "\n"


PAGES = {"recipes.md": recipes_page, "layouts.md": layouts_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
        print(FOLDER / name)
