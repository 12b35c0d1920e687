"""Using models: predict (photos), video, video_study, merge_tracks, agree."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from mien.api.data import Language
from mien.api.experimenting import Engine
from mien.checks import Between, checked
from mien.progress import Progress
from mien.shown import SHOWN

if TYPE_CHECKING:
    from mien.experiments.coder_agreement import CoderAgreement
    from mien.inference.classifier import Classifier
    from mien.inference.predictions import Predictions
    from mien.videos.clip_reader import ReadAll
    from mien.videos.job import VideoResult
    from mien.videos.study import VideoStudy

AUTO = "auto"
"""The prior that is estimated from the faces themselves."""


Path_ = str | os.PathLike[str]


@checked
def predict(
    photos: Path_ | Sequence[Path_],
    model: str | os.PathLike[str] | Classifier = "base",
    *,
    out: Path_ | None = None,
    crops: bool = False,
    keep_pixels: bool = False,
    progress: Progress = SHOWN,
    **options: Any,
) -> Predictions:
    """Detect the faces in photos and predict their expressions. A photo that can't be read is a result with an error.

    For one photo in memory, see ``analyze``; for more photos than fit into memory, the command line (``mien predict``).

    Args:
        photos: a file, a folder, a pattern such as ``"album/*.jpg"``, or several of these.
        model: a pretrained model's short name, the path of a model file, or a loaded model.
        out: also write the rows to this file: ``.jsonl``, ``.csv``, ``.parquet`` or ``.json``.
        crops: each picture is one face crop already, so no face is detected.
        keep_pixels: keep the photos in the results, so that a notebook shows them.
        progress: receives one step per photo.
        options: options of prediction, such as ``abstain=0.5``, ``flip=True`` or ``detail="high"``; see ``inference.options``.
            ``prior="auto"`` estimates the class shares from the faces.

    Raises:
        DataError: there are no pictures, or too few faces to estimate the class shares.
        ArgumentError: there is no such option, or a value is invalid.
        OutputError: ``out`` can't be written, or is one of the photos.
    """
    from mien import files
    from mien.errors import DataError
    from mien.inference import records, stream
    from mien.inference.options import Options
    from mien.inference.photo import Reader
    from mien.inference.predictions import Predictions

    auto = options.get("prior") == AUTO
    reader = Reader(model, Options.of(**{**options, "prior": None} if auto else options), threads=1)
    given = [photos] if isinstance(photos, str | os.PathLike) else photos
    listing = list(stream.expand(os.fspath(path) for path in given))
    if not listing:
        raise DataError(f"There are no pictures at '{', '.join(map(str, given))}': name files, folders or patterns.")
    form = None if out is None else records.format_of(Path(out))
    if out is not None:
        files.check(Path(out), inputs=[files.Inputs(listing, within=False)], suffixes=[f".{form}"])
    read = stream.read_photos(reader, listing, crops=crops, keep_pixels=keep_pixels)
    steps = progress.bar(range(len(listing)), "photos")
    found = Predictions(tuple(result for _, result in zip(steps, read, strict=True)))
    if auto:
        found = found.with_prior(reader.classifier, abstain=reader.options.abstain)
    if out is not None and form is not None:
        with records.opened(Path(out), form, records.columns(reader.classifier.classes)) as writer:
            for row in found.to_dict()["rows"]:
                writer.write(row)
    return found


@checked
def video(
    clip: Path_,
    model: str | os.PathLike[str] | Classifier = "base",
    *,
    out: Path_ | None = None,
    annotate: Path_ | None = None,
    sound: bool = True,
    timeline: Path_ | None = None,
    every: int = 1,
    start: float = 0.0,
    end: float | None = None,
    smoothing: float = 0.3,
    progress: Progress = SHOWN,
    **options: Any,
) -> VideoResult:
    """Predict the expressions in a video, face by face. Ctrl-C ends it; the result has what was read until then.

    Args:
        clip: a file, a URL such as ``rtsp://camera/stream``, or the number of a webcam.
        model: a pretrained model's short name, the path of a model file, or a loaded model.
        out: also write a row for each face and frame: ``.jsonl``, ``.csv``, ``.parquet`` or ``.json``.
        annotate: also write a copy with boxes and labels: ``.mp4``, ``.mov`` or ``.mkv``.
        sound: whether the copy keeps the sound.
        timeline: also draw the expressions of each face over time (``.png``).
        every: use every Nth frame.
        start, end: in seconds; None for the end of the video.
        smoothing: seconds over which probabilities are averaged; 0 is off.
        progress: receives the time that is reached.
        options: options of prediction, as for ``predict``.

    Raises:
        VideoError: the video can't be read.
        ArgumentError: there is no such option, or a value is invalid.
        OutputError: an output can't be written.
    """
    from mien.inference.options import Options
    from mien.inference.photo import Reader
    from mien.videos import job

    auto = options.get("prior") == AUTO
    reader = Reader(model, Options.of(**{**options, "prior": None} if auto else options))
    plan = job.Plan(
        start=start,
        end=end,
        every=every,
        smoothing=smoothing,
        out=_path(out),
        annotate=_path(annotate),
        sound=sound,
        timeline=_path(timeline),
        auto_prior=auto,
    )
    return job.run(reader, os.fspath(clip), plan, progress=progress)


@checked
def video_study(
    clips: Path_ | Sequence[Path_],
    out: Path_,
    model: str | os.PathLike[str] | Classifier = "base",
    *,
    conditions: Path_ | None = None,
    baseline: str | None = None,
    single: bool = False,
    episodes: Mapping[str, float] | None = None,
    every: int = 1,
    start: float = 0.0,
    end: float | None = None,
    smoothing: float = 0.3,
    engine: Engine = "local",
    workers: Annotated[int, Between(1, 1024)] | None = None,
    faces: bool = True,
    lang: Language = "en",
    progress: Progress = SHOWN,
    **options: Any,
) -> VideoStudy:
    """Read several clips, and summarise the expressions by person, clip and condition.

    A repeated call reads only the clips that the folder does not have yet or that have changed, goes on inside a clip whose
    reading was interrupted, and makes the summaries anew; persons named with ``merge_tracks`` are kept. The results don't depend
    on the number of workers.

    Args:
        clips: files and folders of clips.
        out: the output folder: rows, tables with their codebook, ELAN files, subtitles and a page.
        model: a pretrained model's short name, the path of a model file, or a loaded model.
        conditions: table with a row for each clip: ``clip``, ``condition``, and perhaps ``person`` (needs ``single``); or with a
            row for each block of a clip, which also has ``start`` and ``end`` in seconds.
        baseline: calm time of each clip, such as ``"0:00-0:10"``, or the name of a calm clip or condition.
        single: whether each clip shows one person; the largest face of each frame counts.
        episodes: ``threshold`` (a probability), ``shortest`` and ``gap`` (seconds), as in ``mien.videos.summaries.EpisodeRule``.
        every: use every Nth frame.
        start, end: in seconds of each clip; None for the end.
        smoothing: seconds over which probabilities are averaged; 0 is off.
        engine: ``"local"``, or ``"ray"`` for a Ray cluster, whose nodes need access to the clips and ``out``.
        workers: number of clips read at the same time, each in a process of its own; None for one per core.
        faces: whether the page shows some faces of each person.
        lang: language of the page.
        progress: receives a line per clip, and the time that is reached.
        options: options of prediction, as for ``predict``.

    Raises:
        DataError: there are no clips, none can be read, or the table or the baseline doesn't fit them.
        ArgumentError: there is no such option, or a value is invalid.
        OutputError: the folder has rows that were read with other options, or can't be written.
    """
    from mien.inference.options import Options
    from mien.inference.photo import Reader
    from mien.videos import clips as listing
    from mien.videos import design, job, study
    from mien.videos.summaries import EpisodeRule

    given = [clips] if isinstance(clips, str | os.PathLike) else clips
    found = listing.expand(os.fspath(clip) for clip in given)
    made = design.Design(
        conditions=() if conditions is None else design.read_conditions(Path(conditions)),
        baseline=None if baseline is None else design.parse_baseline(baseline),
        single=single,
        rule=EpisodeRule(**(episodes or {})),
        faces=faces,
    )
    auto = options.get("prior") == AUTO
    wanted = Options.of(**{**options, "prior": None} if auto else options)
    read_all, threads = _readers(engine, workers, len(found), wanted.device)
    reader = Reader(model, wanted, threads=threads)
    plan = job.Plan(start=start, end=end, every=every, smoothing=smoothing, auto_prior=auto)
    result = study.run(reader, found, Path(out), plan, made, read_all=read_all, progress=progress)
    return _with_page(result, lang, progress)


@checked
def merge_tracks(
    folder: Path_,
    persons: Mapping[str, Sequence[str]] | Path_,
    *,
    lang: Language = "en",
    progress: Progress = SHOWN,
) -> VideoStudy:
    """Give tracks of a video study to persons by hand, and summarise again; no clip is read.

    Args:
        folder: the output folder of ``video_study``.
        persons: for each person the tracks, as ``"CLIP#TRACK"``; or a copy of ``tracks.csv`` whose column ``person`` was filled
            in by hand.
        lang: language of the page.
        progress: receives lines for the user.

    Raises:
        DataError: the folder has no study, or not these clips, a track is given twice, or the table doesn't fit.
        ArgumentError: a track is written otherwise.
        OutputError: the folder can't be written.
    """
    from mien.errors import OutputError
    from mien.videos import design, study

    if isinstance(persons, str | os.PathLike):
        table = Path(persons)
        if table.resolve() == (Path(folder) / "tracks.csv").resolve():
            raise OutputError(f"'{table}' is written anew by this call: copy it to another file, such as persons.csv.")
        named = design.read_persons(table)
    else:
        named = design.named_tracks(persons)
    return _with_page(study.merge(Path(folder), named), lang, progress)


@checked
def agree(
    folder: Path_, codes: Path_ | Sequence[Path_], *, uncoded: str | None = None, block: float = 10.0
) -> CoderAgreement:
    """Compare the expressions of a video study with codes of people, by overlap in time.

    Args:
        folder: the output folder of ``video_study``.
        codes: ELAN files (``.eaf``, a tier for each coder) or tables with the columns ``clip``, ``start``, ``end``, ``label``,
            and perhaps ``coder`` and ``person``.
        uncoded: label of the time of a coded clip that a coder gave none, such as ``"neutral"``; None leaves it out.
        block: length of the blocks of time that the bootstrap draws, in seconds; with ten clips or more, it draws clips.

    Raises:
        DataError: the codes can't be read, or don't fit the clips.
        ArgumentError: ``block`` is not positive.
    """
    from mien.experiments import coder_agreement
    from mien.videos import coding

    paths = [codes] if isinstance(codes, str | os.PathLike) else codes
    spans = [span for path in paths for span in coding.read(Path(path))]
    return coder_agreement.measure(Path(folder), spans, uncoded=uncoded, block=block)


def _with_page(result: VideoStudy, lang: Language, progress: Progress) -> VideoStudy:
    """Write the page of a study, where the packages for pages are installed."""
    from mien.errors import MissingExtraError

    try:
        result.write_page(result.folder / "index.html", lang=lang)
    except MissingExtraError as error:
        progress.line(f"The page was left out. {error}")
    return result


def _readers(engine: Engine, workers: int | None, num_clips: int, device: str) -> tuple[ReadAll, int]:
    """The function that reads clips, and the threads of each of its processes."""
    if engine == "ray":
        from mien.scale import filming

        return filming.on_ray(workers), 1
    from mien.videos.parallel import Places

    places = Places.of(num_clips, workers, device)
    return places.read_all, places.threads


def _path(given: Path_ | None) -> Path | None:
    return None if given is None else Path(given)
