"""How mien's models and other packages read what applications meet: corrupted faces, faces from elsewhere, faces out of photos.

    python -m benchmarks.wild FER2013 [--away CKPLUS48] [--peers fer,human] [--models tiny,base] [--limit N] [--json FILE]

For each contender (``contenders.py`` says which, and how they are installed), on the same faces:

- accuracy on FER2013's PublicTest, all rows;
- mean accuracy under corruption (``mien.evaluation.probing.corruptions``, every kind counts the same) on ``--limit`` of these rows;
- accuracy away from home: ``--away``, such as CK+48, of which classes that FER2013 lacks are left out. Nothing is chosen on it;
- for mien's models, accuracy through detection (``through_detection.py``) on ``--limit`` faces, and what it costs.

A peer may have learned from the data that it is judged on here: the table says what the packages state.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.circumstances import circumstances
from benchmarks.contenders import PEERS, ContenderError, label, start
from benchmarks.through_detection import measure as through_detection
from numpy.typing import NDArray

import mien
from mien import emotions, files, tables
from mien.data import cache
from mien.data.faceset import FaceSet
from mien.data.reading import ReadOptions
from mien.evaluation import metrics
from mien.evaluation.judge import default_split, labelled_rows
from mien.evaluation.probing import robustness
from mien.evaluation.probing.corruptions import CORRUPTIONS
from mien.inference import datasets


@dataclass(frozen=True)
class Trial:
    """Faces to read, and which of them belong to what.

    Attributes:
        faces: ``(N, H, W)`` ``uint8``: the test rows, then each corruption's severities of the chosen ones, then those from elsewhere.
        test: FER2013's rows.
        rows: numbers of the rows that are corrupted.
        away: the rows from elsewhere; None leaves them out.
    """

    faces: NDArray[np.uint8]
    test: FaceSet
    rows: NDArray[np.int64]
    away: FaceSet | None

    @classmethod
    def of(cls, test: FaceSet, away: FaceSet | None, limit: int) -> Trial:
        """Corrupt ``limit`` of the test rows."""
        rows = robustness.corrupted_rows(len(test), limit)
        parts = [test.images]
        for each in CORRUPTIONS:
            parts += [each(test.images[rows], level) for level in each.severities if level != each.clean]
        if away is not None:
            parts.append(away.resized(test.size).images)
        return cls(np.concatenate(parts), test, rows, away)

    def judge(self, names: list[str]) -> dict[str, Any]:
        """The scores from the class name that a contender gave each face; an expression that the data doesn't know is wrong."""
        index = {name: code for code, name in enumerate(self.test.classes)}
        said = np.array([index.get(emotions.canonical(name) or "", -1) for name in names])
        test, labels = said[: len(self.test)], self.test.labels[self.rows]
        scores: dict[str, Any] = {"test": _share(test == self.test.labels)}
        place, shares = len(self.test), []
        for each in CORRUPTIONS:
            num = len(each.severities) - 1
            block = said[place : place + num * len(labels)].reshape(num, -1)
            shares.append((block == labels).mean(0))
            place += block.size
        clean = float((test[self.rows] == labels).mean())
        scores["corrupted"] = robustness.summarise(shares, [each.name for each in CORRUPTIONS], clean).to_dict()
        if self.away is not None:
            scores["away"] = _share(said[place:] == self.away.to_classes(self.test.classes).labels)
        return scores


def _share(right: NDArray[np.bool_]) -> dict[str, Any]:
    return {
        "accuracy": float(right.mean()),
        "interval": metrics.wilson(int(right.sum()), len(right)),
        "n": len(right),
    }


def measure(names: list[str], trial: Trial, folder: Path) -> list[dict[str, Any]]:
    """Each contender reads all faces, one after the other."""
    results = []
    with tempfile.TemporaryDirectory() as temporary:
        crops = Path(temporary) / "faces.npy"
        np.save(crops, trial.faces)
        for name in names:
            learned = PEERS[name].learned_from if name in PEERS else "FER2013 Training, FER+"
            result: dict[str, Any] = {"contender": label(name), "learned_from": learned}
            try:
                contender = start(name, crops, folder)
                try:
                    result |= trial.judge(contender.answer())
                finally:
                    contender.close()
            except (ContenderError, OSError) as error:
                result["error"] = str(error)
            print(f"{result['contender']}: {result.get('error', 'read')}", file=sys.stderr)
            results.append(result)
    return results


def table(results: list[dict[str, Any]]) -> str:
    """The contenders side by side, as a table of Markdown."""
    heads = ["", "PublicTest", "corrupted", "away", "through detection", "learned from, as the package states"]
    rows = []
    for result in results:
        through = result.get("through_detection")
        detected = f"{through['through']:.1%} of {through['ready_made']:.1%}" if through else ""
        cells = [result["contender"], result.get("error", "")]
        if "test" in result:
            low, high = result["corrupted"]["accuracy_interval"]
            away = f"{result['away']['accuracy']:.1%}" if "away" in result else ""
            corrupted = f"{result['corrupted']['accuracy']:.1%} ({low:.1%} to {high:.1%})"
            cells = [result["contender"], f"{result['test']['accuracy']:.1%}", corrupted, away, detected]
        rows.append([*cells, *[""] * (5 - len(cells)), result["learned_from"]])
    lines = [f"| {' | '.join(row)} |" for row in [heads, ["---"] * len(heads), *rows]]
    return "\n".join(lines)


def by_kind(results: list[dict[str, Any]]) -> str:
    """Accuracy under each corruption."""
    good = [result for result in results if "corrupted" in result]
    rows = [
        [each.name, *(f"{100 * result['corrupted']['kinds'][each.name]:.1f}" for result in good)]
        for each in CORRUPTIONS
    ]
    return tables.render(["accuracy under", *(result["contender"] for result in good)], rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--away", type=Path, help="labelled faces from elsewhere, such as CK+48")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--environments", type=Path, default=(cache.folder() or Path()) / "peers", metavar="FOLDER")
    parser.add_argument("--models", default="tiny,base", help="names of pretrained models or paths of model files")
    parser.add_argument("--limit", type=int, default=400, help="rows that are corrupted, and faces laid into photos")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    models = [name for name in arguments.models.split(",") if name]
    peers = [name for name in arguments.peers.split(",") if name]
    if unknown := set(peers) - set(PEERS):
        parser.error(f"no such peer: {', '.join(unknown)}; known are {', '.join(PEERS)}")
    everything = mien.read(arguments.data)
    test = labelled_rows(everything, default_split(everything))
    away = arguments.away and _away(arguments.away, test.classes)
    trial = Trial.of(test, away, arguments.limit)
    results = measure([*models, *peers], trial, arguments.environments)
    for model, result in zip(models, results[: len(models)], strict=True):
        found = through_detection(arguments.data, default_split(everything), arguments.limit, model)
        result["through_detection"] = {
            "n": found["n"],
            "found": found["found"],
            "ready_made": found["ready_made"]["found"],
            "through": found["through_detection"]["aligned"]["found"],
        }
    setup = circumstances(*models) | {"limit": arguments.limit, "away": away and len(away)}
    print("\n".join(f"{key}: {value}" for key, value in setup.items()))
    print(table(results), by_kind(results), sep="\n\n")
    if arguments.json:
        pins = {name: [*PEERS[name].bare, *PEERS[name].needs] for name in peers}
        files.write_json(arguments.json, {**setup, "pins": pins, "results": results})


def _away(path: Path, known: tuple[str, ...]) -> FaceSet:
    """The labelled faces of the classes that are known at home."""
    faceset = datasets.read(path)
    strange = [name for name in faceset.classes if name not in known]
    return labelled_rows(datasets.read(path, ReadOptions.of(drop=strange)) if strange else faceset, "all")


if __name__ == "__main__":
    main()
