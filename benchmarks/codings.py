"""How often the coding of numeric labels is recognised: faces of FER2013, numbered by each coding of 0 to 6 and by random orders.

    python -m benchmarks.codings DATA [--split public_test] [--draws 60]

Each draw takes some faces of each class. They are numbered by the six known codings of 0 to 6, and once by a random order that is
none of them. The coding is then resolved as ``mien.read`` does, by the predictions of the model ``tiny``.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import mien
from mien.data.faceset import FaceSet
from mien.data.layouts import codes, coding
from mien.emotions import EMOTIONS
from mien.errors import DataError
from mien.inference import datasets

ADVISER = coding.Adviser(datasets.WITNESS, datasets.expressions)
SEVEN = [str(code) for code in range(7)]


def numbered(faceset: FaceSet, order: Sequence[str], rows: Sequence[int]) -> FaceSet:
    """These rows, with the place of their class in an order as label."""
    places = [order.index(faceset.classes[label]) for label in faceset.labels[rows]]
    return FaceSet.from_arrays(faceset.images[rows], np.array(places), SEVEN)


def recognised(faceset: FaceSet) -> str:
    """The name of the coding that is taken, or ``refused``."""
    try:
        chosen = coding.resolve(faceset, adviser=ADVISER).source.coding
    except DataError:
        return "refused"
    return chosen.name if chosen else "refused"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", default="public_test")
    parser.add_argument("--draws", type=int, default=60)
    arguments = parser.parse_args()
    faceset = mien.read(arguments.data).split(arguments.split)
    known = [one for one in codes.fitting(SEVEN) if {one.classes[code] for code in SEVEN} == set(EMOTIONS)]
    orders = {one.name: [one.classes[code] for code in SEVEN] for one in known}
    for per_class in (8, 16):
        rng = np.random.default_rng(0)
        right, others = Counter[str](), Counter[str]()
        for _ in range(arguments.draws):
            rows = [
                int(row)
                for label in range(7)
                for row in rng.choice(np.flatnonzero(faceset.labels == label), per_class, replace=False)
            ]
            for name, order in orders.items():
                found = recognised(numbered(faceset, order, rows))
                right["right" if found == name else "refused" if found == "refused" else "wrong"] += 1
            order = list(rng.permutation(EMOTIONS))
            if order not in orders.values():
                others["refused" if recognised(numbered(faceset, order, rows)) == "refused" else "wrong"] += 1
        print(f"{per_class} faces per class: {len(orders)} codings {dict(right)}; random orders {dict(others)}")


if __name__ == "__main__":
    main()
