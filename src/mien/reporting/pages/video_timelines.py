"""The timelines of a page of clips: of each person in each clip, with faces and the film where they are at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import quote

from mien.reporting.pictures import data_url, markup
from mien.reporting.texts import Texts
from mien.reporting.timeline import Film, timeline
from mien.videos import study_folder, thumbnails
from mien.videos.study import PersonInClip, VideoStudy
from mien.videos.summaries import ClipSummary
from mien.videos.thumbnails import Place

MOST_TIMELINES = 200
"""Maximum number of timelines on a page: those with most readable time."""

PLAYED = (".mp4", ".m4v", ".mov", ".webm", ".ogv")
"""Suffixes of films that browsers play."""


@dataclass(frozen=True)
class Person:
    """One person in one clip: a heading, what was read, and the timeline.

    Attributes:
        title, text, svg: heading, what was read, and the drawing.
        film: address of the film from the page, for the first person in a clip that is at hand; else empty.
        film_id: id of the element that plays the clip; empty without one.
    """

    title: str
    text: str
    svg: str
    film: str = ""
    film_id: str = ""


def timelines(study: VideoStudy, t: Texts) -> tuple[list[Person], int]:
    """The persons of a page, and the number of those that are left out, which have least readable time."""
    grouped = _by_clip(study)
    most = sorted(grouped, key=lambda results: -sum(one.summary.readable_seconds for one in results))[:MOST_TIMELINES]
    shown = [results for results in grouped if results in most]
    films, persons = _films(study, shown), list[Person]()
    for clip in dict.fromkeys(results[0].summary.clip for results in shown):
        of_clip = [results for results in shown if results[0].summary.clip == clip]
        faces = _faces(clip, of_clip, study)
        persons += [_person(results, study, films.get(clip), faces, t) for results in of_clip]
    return _once(persons), len(grouped) - len(shown)


def named(summary: ClipSummary, t: Texts) -> str:
    """The person and the clip; a person who is a track has the clip in the name."""
    if summary.person == summary.clip or summary.person.startswith(f"{summary.clip}#"):
        return summary.person
    return t("video_study.person_in_clip", person=summary.person, clip=summary.clip)


def _by_clip(study: VideoStudy) -> list[list[PersonInClip]]:
    """The results of each person in each clip; several if the clip has blocks."""
    found: dict[tuple[str, str], list[PersonInClip]] = {}
    for one in study.results:
        found.setdefault((one.summary.clip, one.summary.person), []).append(one)
    return list(found.values())


def _films(study: VideoStudy, shown: Sequence[Sequence[PersonInClip]]) -> dict[str, Film]:
    """The clips that lie in the folder of the page or beside that folder, in a format that browsers play."""
    found: dict[str, Film] = {}
    for clip in dict.fromkeys(results[0].summary.clip for results in shown):
        record = study_folder.record_of(study.folder, clip)
        source = PurePosixPath("/" if record is None else record.source)
        near = not source.is_absolute() and ".." not in source.parts[1:] and source.suffix.lower() in PLAYED
        if near and (study.folder / source).is_file():
            found[clip] = Film(quote(str(source)), f"film-{len(found) + 1}", study.offsets.get(clip, 0.0))
    return found


def _once(persons: Sequence[Person]) -> list[Person]:
    """The persons; of those in one clip, the first one has the film."""
    seen: set[str] = set()
    found = []
    for one in persons:
        found.append(replace(one, film="") if one.film in seen else one)
        seen.add(one.film)
    return found


def _person(
    results: Sequence[PersonInClip], study: VideoStudy, film: Film | None, faces: Mapping[Place, str], t: Texts
) -> Person:
    summary = results[0].summary
    seconds = sum(one.summary.seconds for one in results)
    read = sum(one.summary.readable_seconds for one in results)
    key = "video_study.read" if read else "video_study.never_read"
    episodes = sum(len(one.episodes) for one in results)
    blocks = bool(study.settings.design.blocks_of(summary.clip))
    return Person(
        named(summary, t),
        t(key, share=read / seconds if seconds else 0.0, seconds=seconds, episodes=episodes),
        markup(
            timeline(
                results,
                study.classes,
                t,
                blocks=blocks,
                faces=faces,
                film=film,
            )
        ),
        "" if film is None else film.address,
        "" if film is None else film.id,
    )


def _faces(clip: str, of_clip: Sequence[Sequence[PersonInClip]], study: VideoStudy) -> dict[Place, str]:
    """Pictures of all persons in a clip, as data URLs."""
    if not study.settings.design.faces:
        return {}
    places = [place for results in of_clip for one in results for place in one.places]
    found = thumbnails.of_clip(study.folder, clip, places)
    return {place: data_url(picture, "jpeg") for place, picture in found.items()}
