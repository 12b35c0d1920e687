"""Four pictures and the lists that name them, as people write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mien.data.faceset import FaceSet

if TYPE_CHECKING:
    from tests.data.conftest import Maker

CLASSES = ["happy", "sad", "surprise", "happy"]


def classes(faces: FaceSet) -> list[str]:
    """The class of each row by name."""
    return [faces.classes[label] for label in faces.labels]


def write_pictures(make: Maker) -> None:
    """The pictures, in a folder ``faces``."""
    for number in range(len(CLASSES)):
        make.picture(f"faces/img_{number}.png", number)


def lines(make: Maker, header: str, row: str, name: str = "list.csv", encoding: str = "utf-8") -> None:
    """A list whose rows are ``row`` with ``{n}`` the number of the picture and ``{c}`` its class."""
    text = "".join(line + "\n" for line in [header, *(row.format(n=n, c=c) for n, c in enumerate(CLASSES))] if line)
    make.file(name, text.encode(encoding))
