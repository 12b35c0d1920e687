"""Codes of expressions over time: read those of people from ELAN and CSV, write episodes as ELAN files and WebVTT subtitles.

ELAN is the annotation program of the Max Planck Institute for Psycholinguistics (https://archive.mpi.nl/tla/elan); the format is
EAF 3.0.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree

from mien import files
from mien.errors import DataError
from mien.videos import design
from mien.videos.clips import file_name
from mien.videos.summaries import Episode

CODER = "coder"
"""Name of the coder in a table without that column."""

EAF_ATTRIBUTES = {
    "AUTHOR": "mien",
    "DATE": "1970-01-01T00:00:00+00:00",  # constant, so that equal results are equal files
    "FORMAT": "3.0",
    "VERSION": "3.0",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:noNamespaceSchemaLocation": "http://www.mpi.nl/tools/elan/EAFv3.0.xsd",
}


@dataclass(frozen=True)
class CodedSpan:
    """A span of time that somebody gave a label.

    Attributes:
        clip: name of the clip, perhaps without folder or suffix; in ELAN the path of its file.
        coder: who coded it.
        label: the expression, as it was written.
        start, end: in seconds of the clip: from its first frame on, as in mien's tables, or from the start of the file.
        person: whose face it is, as the study names them; empty where the clip shows one person.
        of_file: whether the times count from the start of the file, as those in ELAN and players do.
    """

    clip: str
    coder: str
    label: str
    start: float
    end: float
    person: str = ""
    of_file: bool = False


def read(path: Path) -> list[CodedSpan]:
    """Read codes from an ELAN file (``.eaf``), whose tiers are coders, or a table.

    The table has a row for each span, and the columns ``clip``, ``start``, ``end`` (seconds, or ``0:12.5``), ``label``, and
    perhaps ``coder`` and ``person``. A span without a label is no code.

    Raises:
        DataError: it can't be read, or has no codes.
    """
    spans = list(_read_eaf(path) if path.suffix.lower() == ".eaf" else _read_table(path))
    if not spans:
        raise DataError(f"'{path}' has no codes.")
    wrong = next((span for span in spans if not span.end > span.start >= 0), None)
    if wrong is not None:
        raise DataError(
            f"'{path}' has a span of '{wrong.label}' that ends at {wrong.end:g} s, but starts at {wrong.start:g} s."
        )
    return spans


def _read_table(path: Path) -> Iterator[CodedSpan]:
    needed = ("clip", "start", "end", "label")
    for number, row in enumerate(design.read_table(path), start=2):
        missing = [name for name in needed if name not in row]
        if missing:
            raise DataError(
                f"'{path}' has no column {missing[0]}: it needs {', '.join(needed)}, and perhaps coder and person."
            )
        start, end = design.seconds(row["start"]), design.seconds(row["end"])
        if start is None or end is None:
            raise DataError(f"'{path}' has no time in row {number}: write seconds, or 0:12.5.")
        if row["label"]:
            yield CodedSpan(row["clip"], row.get("coder") or CODER, row["label"], start, end, row.get("person", ""))


def _read_eaf(path: Path) -> Iterator[CodedSpan]:
    try:
        root = ElementTree.parse(path).getroot()
        times = {
            slot.attrib["TIME_SLOT_ID"]: float(slot.attrib["TIME_VALUE"]) / 1000
            for slot in root.iter("TIME_SLOT")
            if "TIME_VALUE" in slot.attrib  # without one, a slot has no time
        }
    except (OSError, ElementTree.ParseError, KeyError, ValueError) as error:
        raise DataError(f"'{path}' is no ELAN file: {error}.") from None
    media = root.find("HEADER/MEDIA_DESCRIPTOR")
    address = "" if media is None else media.get("MEDIA_URL") or media.get("RELATIVE_MEDIA_URL") or ""
    clip = unquote(urlsplit(address).path).lstrip("/") or path.stem
    for tier in root.iter("TIER"):
        for span in tier.iter("ALIGNABLE_ANNOTATION"):
            start, end = times.get(span.get("TIME_SLOT_REF1", "")), times.get(span.get("TIME_SLOT_REF2", ""))
            label = span.findtext("ANNOTATION_VALUE", "").strip()
            if label and start is not None and end is not None:
                yield CodedSpan(clip, tier.get("TIER_ID", CODER), label, start, end, of_file=True)


def write(out: Path, clip: str, episodes: Sequence[Episode], offset: float = 0.0) -> None:
    """Write the episodes of a clip as ``elan/CLIP.eaf``, with a tier for each person, and as ``subtitles/CLIP.vtt``.

    Args:
        out: the folder.
        clip: name of the clip.
        episodes: its episodes.
        offset: time of the first frame in seconds from the start of the file, from which ELAN and players count.

    Raises:
        OutputError: a file can't be written.
    """
    for folder in ("elan", "subtitles"):
        (out / folder).mkdir(exist_ok=True)
    episodes = [replace(one, start=one.start + offset, end=one.end + offset) for one in episodes]
    files.write_text(out / "elan" / f"{file_name(clip)}.eaf", eaf(clip, episodes))
    files.write_text(out / "subtitles" / f"{file_name(clip)}.vtt", webvtt(episodes))


def eaf(clip: str, episodes: Sequence[Episode]) -> str:
    """An ELAN file with a tier for each person; on a tier, an episode ends where the next one starts."""
    spans = [span for name in dict.fromkeys(one.person for one in episodes) for span in _apart(episodes, name)]
    document = ElementTree.Element("ANNOTATION_DOCUMENT", EAF_ATTRIBUTES)
    header = ElementTree.SubElement(document, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    media = {"MEDIA_URL": f"file:///{quote(clip)}", "RELATIVE_MEDIA_URL": f"./{quote(clip)}"}
    ElementTree.SubElement(header, "MEDIA_DESCRIPTOR", media, MIME_TYPE=mimetypes.guess_type(clip)[0] or "video/mp4")
    order = ElementTree.SubElement(document, "TIME_ORDER")
    times = sorted(
        (time, number, side) for number, span in enumerate(spans) for side, time in enumerate((span.start, span.end))
    )
    slots = {(number, side): f"ts{place}" for place, (_, number, side) in enumerate(times, start=1)}
    for time, number, side in times:
        ElementTree.SubElement(order, "TIME_SLOT", TIME_SLOT_ID=slots[number, side], TIME_VALUE=str(round(1000 * time)))
    for person in dict.fromkeys(span.coder for span in spans):
        tier = ElementTree.SubElement(document, "TIER", LINGUISTIC_TYPE_REF="default-lt", TIER_ID=person)
        for number, span in enumerate(spans):
            if span.coder == person:
                ends = {"TIME_SLOT_REF1": slots[number, 0], "TIME_SLOT_REF2": slots[number, 1]}
                above = ElementTree.SubElement(tier, "ANNOTATION")
                inner = ElementTree.SubElement(above, "ALIGNABLE_ANNOTATION", ends, ANNOTATION_ID=f"a{number + 1}")
                ElementTree.SubElement(inner, "ANNOTATION_VALUE").text = span.label
    kind = {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": "default-lt", "TIME_ALIGNABLE": "true"}
    ElementTree.SubElement(document, "LINGUISTIC_TYPE", kind)
    ElementTree.indent(document)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(document, encoding="unicode")}\n'


def _apart(episodes: Sequence[Episode], person: str) -> Iterator[CodedSpan]:
    """The episodes of one person without overlaps."""
    own = [one for one in episodes if one.person == person]
    for number, one in enumerate(own):
        end = min([one.end, *(later.start for later in own[number + 1 :])])
        if end > one.start:
            yield CodedSpan(one.clip, one.person, one.expression, one.start, end)


def webvtt(episodes: Iterable[Episode]) -> str:
    """Subtitles that name the expressions."""
    cues = [
        f"{_clock(one.start)} --> {_clock(one.end)}\n{_plain(one.person)}: {_plain(one.expression)} ({one.mean:.0%})\n"
        for one in episodes
    ]
    return "\n".join(["WEBVTT\n", *cues])


def _clock(seconds: float) -> str:
    milliseconds = round(1000 * seconds)
    return f"{milliseconds // 3_600_000:02}:{milliseconds // 60_000 % 60:02}:{milliseconds // 1000 % 60:02}.{milliseconds % 1000:03}"


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", " ")
