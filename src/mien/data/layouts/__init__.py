"""Layouts of labelled faces: ``read`` detects the layout by its content and reads it; ``catalogue`` lists all."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from mien import images
from mien.checks import checked
from mien.data import archives, classes, folds, leakage, portraits
from mien.data import cache as cached
from mien.data.faceset import FaceSet
from mien.data.layouts import arrays, coding, filekinds, tables
from mien.data.layouts.catalogue import LAYOUTS
from mien.data.layouts.coding import Adviser
from mien.data.layouts.layout import Layout
from mien.data.layouts.survey import Survey
from mien.data.portraits import Asked, Finder
from mien.data.reading import ReadFields, ReadOptions
from mien.emotions import ALL_EMOTIONS
from mien.errors import ArgumentError, DataError, UnknownLayoutError

__all__ = ["LAYOUTS", "Adviser", "Layout", "ReadOptions", "read"]

_MAX_NESTING = 2  # archives within an archive are unpacked, but no deeper levels


@checked
def read(
    path: str | os.PathLike[str],
    options: ReadOptions | None = None,
    *,
    cache: bool = True,
    finder: Finder | None = None,
    adviser: Adviser | None = None,
    **fields: Unpack[ReadFields],
) -> FaceSet:
    """Read labelled faces of any known layout.

    Args:
        path: a file or a folder.
        options: how to read it; by default everything is detected.
        cache: keep the packed result in the user's cache folder, so that the next read is fast.
        finder: detects faces in photos; without it portraits are neither recognised nor cropped.
        adviser: the model that identifies the coding of numeric labels; without it ambiguous codings are refused.
        fields: single options instead, by name, such as ``layout="folders"``, ``size=48``, ``votes="fer2013new.csv"``,
            ``classes=["happy", "sad"]``, ``drop=["contempt"]``, ``map={"calm": "neutral"}``; see ``ReadOptions``.

    Returns:
        A FaceSet. Its ``source`` lists what was dropped, assumed or renamed.

    Raises:
        UnknownLayoutError: no layout is recognised.
        DataError: the data can't be read, has no usable face, or has several layouts.
        MissingExtraError: the layout needs a package that isn't installed.
        ArgumentError: an argument has the wrong type.
    """
    if options is not None and fields:
        raise ArgumentError(f"Give either options, or {', '.join(fields)} as keyword arguments, not both.")
    options = ReadOptions.of(**fields) if options is None else options
    if options.size is not None and not 1 <= options.size <= images.MAX_FACE_SIDE:
        raise DataError(f"A size of {options.size} is not possible: choose 1 to {images.MAX_FACE_SIDE} pixels.")
    if options.find_faces and finder is None:
        raise DataError("find_faces needs the face detector: read the data with mien.read, or leave find_faces out.")
    with portraits.reading_with(Asked(finder, options.find_faces, options.size or portraits.SIDE)):
        faceset = coding.resolve(_faceset(Path(path), options, cache), options.coding, adviser)
        faceset = classes.choose(faceset, options)
    if options.fold:
        faceset = folds.take(faceset, options.fold)
    leaks = leakage.find(faceset)
    added = [*_own_classes(faceset), *(str(found) for found in (*faceset.source.changes, *leaks))]
    source = replace(faceset.source, options=options, leaks=leaks, notes=(*faceset.source.notes, *added))
    return replace(faceset, source=source)


def _own_classes(faceset: FaceSet) -> list[str]:
    """A note on classes that are no known expressions, which may be misspelt, unless the coding names them."""
    stated = faceset.source.coding
    known = {*ALL_EMOTIONS, *(stated.classes.values() if stated else ())}
    counts = zip(faceset.classes, faceset.counts().tolist(), strict=True)
    own = sorted(name for name, count in counts if count and name not in known)
    return [f"Names of no known expression were taken for classes of their own: {', '.join(own)}."] if own else []


def _faceset(path: Path, options: ReadOptions, cache: bool, nesting: int = 0) -> FaceSet:
    try:
        survey = Survey(path)
        if packed := _packed(survey):
            if nesting == _MAX_NESTING:
                raise DataError(
                    f"'{path}' holds archives within archives within an archive: unpack it and name the folder."
                )
            return _from_archives(survey, packed, options, cache, nesting)
        chosen = _named(options.layout) if options.layout is not None else _recognised(survey)
        if options.votes is not None:
            chosen = _with_votes(chosen, options.votes)
        if cache and (survey.path.is_dir() or chosen.self_contained or options.votes is not None):
            return _through_cache(survey, chosen, options)
        return chosen.read(survey, options)
    except OSError as error:
        raise DataError(f"'{error.filename or path}' can't be read: {error.strerror or error}.") from None


def _packed(survey: Survey) -> list[Path]:
    """The archives with the data: the given one, or those of a folder without faces of its own."""
    if not survey.path.is_dir():
        return [survey.path] if archives.is_archive(survey.path) else []
    found = [file for file in survey.ending(archives.SUFFIXES) if archives.is_archive(file)]
    if (
        not found
        or survey.pictures
        or survey.parquet
        or tables.matches_fer2013(survey)
        or tables.matches_course(survey)
    ):
        return []
    return found


def _from_archives(survey: Survey, packed: list[Path], options: ReadOptions, cache: bool, nesting: int) -> FaceSet:
    """Unpack archives into a temporary folder and read the result; the cache key depends on their content."""
    key = _cache_key(survey, options, options.layout)
    faceset = cached.load(key) if cache else None
    if faceset is None:
        beside = [(file, survey.relative(file)) for file in survey.visible if file not in packed]
        with archives.unpacked(packed, beside if survey.path.is_dir() else ()) as (folder, notes):
            try:
                faceset = _faceset(folder, options, False, nesting + 1)
            except DataError as error:
                raise type(error)(str(error).replace(str(folder), str(survey.path))) from None
        inner = tuple(note.replace(str(folder), str(survey.path)) for note in faceset.source.notes)
        faceset = replace(faceset, source=replace(faceset.source, notes=(*notes, *inner)))
        if cache:
            cached.save(key, faceset)
    return replace(faceset, source=replace(faceset.source, path=str(survey.path)))


def _through_cache(survey: Survey, layout: Layout, options: ReadOptions) -> FaceSet:
    try:
        key = _cache_key(survey, options, layout.name)
    except OSError:  # a file can't be read: the reader drops it, or reports it
        return layout.read(survey, options)
    faceset = cached.load(key)
    if faceset is not None:
        return replace(faceset, source=replace(faceset.source, path=str(survey.path)))
    faceset = layout.read(survey, options)
    cached.save(key, faceset)
    return faceset


def _cache_key(survey: Survey, options: ReadOptions, layout: str | None) -> str:
    votes = "" if options.votes is None else cached.fingerprint(options.votes)
    place = survey.path.resolve()
    # Names can decide splits, so renamed files are read again.
    names = place.name if place.is_dir() else f"{place.parent.name}/{place.name}"
    asked = json.dumps(
        {**options.for_readers(), "layout": layout, "votes": votes, "finder": portraits.asked().finder is not None}
    )
    return cached.key(cached.fingerprint(survey.path, survey.contents), asked, names)


def _named(name: str) -> Layout:
    for layout in LAYOUTS:
        if layout.name == name:
            return layout
    known = ", ".join(layout.name for layout in LAYOUTS)
    raise UnknownLayoutError(f"There is no layout '{name}': choose one of {known}.")


def _recognised(survey: Survey) -> Layout:
    fitting = [layout for layout in LAYOUTS if layout.matches(survey)]
    if not fitting:
        raise _nothing_fits(survey)
    if len(fitting) > 1 and fitting[0].holds != fitting[-1].holds and not arrays.hold_faces(survey):
        fitting = [layout for layout in fitting if layout.name != "arrays"]  # weights of a model, say, beside a table
    kinds = {layout.holds: layout.name for layout in reversed(fitting)}
    if survey.path.is_dir() and len(kinds) > 1:
        found = " and ".join(f"{kind} ({name})" for kind, name in sorted(kinds.items()))
        raise DataError(
            f"'{survey.path}' holds several data sets: {found}. Name one of them, or choose one with --layout NAME."
        )
    return fitting[0]


def _with_votes(layout: Layout, votes: Path) -> Layout:
    if layout.name not in ("fer2013-csv", "ferplus"):
        raise DataError(f"FER+ votes join to fer2013.csv only; the data is of layout '{layout.name}'. Leave votes out.")
    if not votes.is_file():
        raise DataError(f"The file of votes '{votes}' doesn't exist: check the spelling of the path.")
    return _named("ferplus")


def _nothing_fits(survey: Survey) -> DataError:
    path = survey.path
    problem = next((table.problem for table in survey.tables if table.problem), "")
    if problem and len(survey.visible) == 1:
        return DataError(problem)
    if path.is_file() and survey.pictures:
        return UnknownLayoutError(f"'{path}' is one picture: name a folder or a table of labelled faces.")
    foreign = next((text for file in survey.visible if (text := filekinds.foreign(file))), "")
    if foreign and not survey.pictures:
        return UnknownLayoutError(foreign)
    what = survey.describe()
    if path.is_file() and survey.tables:
        table = survey.tables[0]
        heads = ", ".join(head[:20] for head in table.header[:8])
        if not table.first:
            return DataError(f"'{path}' has one line ({heads}) and no rows: download or export it again.")
        what = f"is a table with the columns {heads}; none holds pixels, or names pictures that are there"
    hint = " To use its folder names as classes, add --layout folders." if survey.pictures else ""
    packed = next((file for file in survey.visible if path.is_dir() and archives.is_archive(file)), None)
    if packed is not None:
        hint = f" '{packed.name}' was not unpacked, as there are pictures or tables beside it: name the archive itself to read it."
    known = ", ".join(layout.name for layout in LAYOUTS)
    return UnknownLayoutError(f"'{path}' {what}, which fits no known layout of faces ({known}).{hint}")
