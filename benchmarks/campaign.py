"""Steps that share a budget of seconds: results are written after each, and a step that would not fit is left out."""

from __future__ import annotations

import json
import shutil
import time
import traceback
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mien import files

MOST_BYTES = 16 * 2**20
"""Largest file that ``pack`` makes: what brings results back may take no larger ones."""


@dataclass(frozen=True)
class Step:
    """One part of a campaign.

    Attributes:
        name: by which its result is found.
        work: does it and gives its result, fit for JSON.
        seconds: the least that it takes, estimated when its turn comes.
        needs: names of the steps without whose results it can't be done.
    """

    name: str
    work: Callable[[], dict[str, Any]]
    seconds: Callable[[], float]
    needs: tuple[str, ...] = ()


class Campaign:
    """Steps done one after the other; those that are done already are not done again.

    Args:
        folder: where run folders and ``results.json`` stay, so that the same command goes on.
        out: where what is worth taking along is packed.
        budget: seconds from now within which steps are begun.
        setup: what the results depend on beside the code.
    """

    def __init__(self, folder: Path, out: Path, budget: float, setup: Mapping[str, Any]) -> None:
        self.folder, self.out, self.budget = folder, out, budget
        self.began = time.monotonic()
        self.file = folder / "results.json"
        out.mkdir(parents=True, exist_ok=True)
        (folder / "runs").mkdir(parents=True, exist_ok=True)
        known = json.loads(self.file.read_text(encoding="utf-8")) if self.file.exists() else {}
        self.results: dict[str, Any] = {**setup, "steps": known.get("steps", {})}

    @property
    def left(self) -> float:
        """Seconds of the budget that are left."""
        return self.budget - (time.monotonic() - self.began)

    def result(self, name: str) -> dict[str, Any] | None:
        """What a step gave; None where it isn't done."""
        found: dict[str, Any] = self.results["steps"].get(name, {})
        return found if "seconds" in found else None

    def do(self, step: Step) -> None:
        """Do a step, unless it is done, has no room, or lacks what it needs; note which, and pack what is there."""
        if self.result(step.name):
            print(f"{step.name}: done before", flush=True)
            return
        missing = [name for name in step.needs if not self.result(name)]
        expected, left = step.seconds(), self.left
        if missing:
            found: dict[str, Any] = {"skipped": f"needs {', '.join(missing)}"}
        elif expected > left:
            found = {"skipped": f"takes about {expected:.0f} s, of which {left:.0f} s are left"}
        else:
            found = self._tried(step)
        self.results["steps"][step.name] = found
        files.write_json(self.file, self.results)
        self.pack()
        print(f"{step.name}: {json.dumps(_short(found))}; {self.left:.0f} s left", flush=True)

    def _tried(self, step: Step) -> dict[str, Any]:
        started = time.monotonic()
        try:
            found = step.work()
        except Exception as error:  # a step that fails must not cost the others: the machine may not come again
            traceback.print_exc()
            return {"failed": f"{type(error).__name__}: {error}"}
        return {"seconds": time.monotonic() - started, **found}

    def pack(self) -> None:
        """Put results, histories and models into ``out``, in few files: what is large apart, the rest in one archive."""
        shutil.copyfile(self.file, self.out / "results.json")
        with (
            files.atomic_write(self.out / "runs.zip") as temporary,
            zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as zipped,
        ):
            for path in sorted(self.folder.glob("runs/*/*")):
                name = path.relative_to(self.folder / "runs")
                is_small_model = path.name == "model.onnx" and path.stat().st_size < MOST_BYTES // 4
                if is_small_model or path.suffix in (".json", ".jsonl"):
                    zipped.write(path, name)
                elif path.name in ("model.onnx", "answers.safetensors"):
                    self._take(path, f"{name.parent}-{path.name}")

    def _take(self, path: Path, name: str) -> None:
        if path.stat().st_size > MOST_BYTES:
            print(f"{path} has {path.stat().st_size:,} bytes and stays: more than {MOST_BYTES:,}", flush=True)
        elif not (self.out / name).exists():
            shutil.copyfile(path, self.out / name)


def _short(found: Mapping[str, Any]) -> dict[str, Any]:
    """A result without its long parts, for a line."""
    return {
        key: round(value, 4) if isinstance(value, float) else value
        for key, value in found.items()
        if not isinstance(value, dict | list)
    }
