"""Photos with the predictions drawn on them: names of the files, and a check that none replaces an input."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mien import files

if TYPE_CHECKING:
    from mien.inference.photo import PhotoResult

WRITTEN = (".jpg", ".jpeg", ".png")
"""Suffixes of the pictures that are written."""


class Drawer:
    """Write each photo with its predictions drawn on it: to a picture file, or into a folder under the photo's name.

    Args:
        out: the picture, or the folder; a missing folder is created.
        photos: the photos as given by the user: files, folders, patterns.
    """

    def __init__(self, out: Path, photos: tuple[str, ...]) -> None:
        alone = len(photos) == 1 and (photos[0] == "-" or Path(photos[0]).is_file())  # a pattern may match many
        self.file = out if alone and out.suffix and not out.is_dir() else None
        self.folder = out
        self.roots = [Path(photo) for photo in photos if Path(photo).is_dir()]
        self._unique = files.UniqueNames()

    def check(self, photos: Iterable[str], inputs: files.Inputs) -> None:
        """Raise an error if a picture would replace a photo.

        Args:
            photos: all photos, in the order in which they will be read.
            inputs: the same photos, as inputs that must not be replaced.

        Raises:
            OutputError: a picture would replace a photo or a file of another kind, or can't be written.
        """
        if self.file is not None:
            files.check(self.file, inputs=[inputs], suffixes=WRITTEN)
            return
        if self.folder.exists():
            files.check(self.folder, "folder")
        unique = files.UniqueNames()
        for photo in photos:
            target = self.folder / self._name(photo, unique)
            if target.exists():
                files.check(target, inputs=[inputs])

    def keep(self, names: Iterable[str]) -> None:
        """Never draw over these pictures, which an earlier part of this job has drawn."""
        self._unique.keep(names)

    def __call__(self, reading: PhotoResult) -> str:
        """Draw a photo's predictions; returns the picture's name in the folder."""
        from mien import images
        from mien.inference import annotate

        assert reading.pixels is not None
        picture = annotate.annotate(reading.pixels, [annotate.mark(face) for face in reading.faces])
        name = self._name(reading.name, self._unique) if self.file is None else self.file.name
        target = self.file or self.folder / name
        if self.file is None:
            target.parent.mkdir(parents=True, exist_ok=True)
        with files.atomic_write(target) as temporary:
            if temporary.suffix.lower() == ".png":
                temporary.write_bytes(images.encode_png(picture))
            else:
                picture.save(temporary, quality=92)
        return name

    def _name(self, photo: str, unique: files.UniqueNames) -> str:
        """The photo's path relative to its folder, with a supported suffix, and a number if the name is taken."""
        path = Path(photo) if photo != "-" else Path("photo.png")
        place = Path(path.name)
        for root in self.roots:
            with contextlib.suppress(ValueError):
                place = path.relative_to(root)
                break
        ending = place.suffix if place.suffix.lower() in WRITTEN else ".png"
        return unique.name(str(place.with_suffix("")), ending)
