"""One pass over a video: its segments, and the requested outputs: rows, a timeline, an annotated copy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mien import files, images
from mien.display import Displayed
from mien.errors import OutputError, VideoError
from mien.inference import records
from mien.inference.classifier import Classifier
from mien.inference.photo import Reader
from mien.inference.records import Writer
from mien.progress import SILENT, Progress
from mien.typed_json import JsonObject
from mien.videos import analysis, pauses, writer
from mien.videos.analysis import SMOOTHING, FrameReading, Segment, Segmenter
from mien.videos.reader import VideoReader
from mien.videos.writer import VideoWriter

if TYPE_CHECKING:
    from mien.display import Axes


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is read of a video, and what is written.

    Attributes:
        start, end: in seconds; None for the end of the video.
        every: analyse every Nth frame only.
        smoothing: seconds over which probabilities are averaged.
        out: file of one row per face and frame, or None.
        annotate: annotated copy, or None.
        sound: whether the copy keeps the sound.
        timeline: PNG with the expressions of each face over time, or None.
        empty_frames: whether a frame without faces gives a row ``no_face``.
        auto_prior: whether the class shares are estimated from the faces of the video, in a first pass.
    """

    start: float = 0.0
    end: float | None = None
    every: int = 1
    smoothing: float = SMOOTHING
    out: Path | None = None
    annotate: Path | None = None
    sound: bool = True
    timeline: Path | None = None
    empty_frames: bool = False
    auto_prior: bool = False

    def check(self) -> None:
        """Check the suffixes of the outputs.

        Raises:
            OutputError: a suffix is unknown.
        """
        if self.out is not None:
            records.format_of(self.out)
        for path, endings in ((self.annotate, writer.ENDINGS), (self.timeline, (".png",))):
            if path is not None and path.suffix.lower() not in endings:
                one_of = "one of " if len(endings) > 1 else ""
                raise OutputError(f"'{path}' must end in {one_of}{', '.join(endings)}: rename it.")


@dataclass(frozen=True)
class VideoResult(Displayed, kind="video"):
    """The expressions in a video; ``to_frame`` has a row for each segment.

    Attributes:
        clip: the video.
        segments: time spans in which one face shows one expression, by face and time.
        frames: number of frames that were read.
        start, last: time of the start and of the last frame, in seconds.
        broken: frames that couldn't be decoded.
        too_large: frames above ``max_pixels``, if a stream changes its size.
        missing: seconds that the file declares but lacks, as it is cut off.
        num_missing: about how many frames these are.
        lost: why a stream ended early, or None.
        prior: class shares that the probabilities were adjusted to; None without.
        stopped: whether Ctrl-C ended the work; the outputs have the results until then.
        device: device of the model.
        offset: time of the first frame in seconds from the start of the file, from which players count; all other times count
            from the first frame.
    """

    clip: str
    segments: tuple[Segment, ...]
    frames: int
    start: float
    last: float
    broken: int
    too_large: int
    missing: float
    num_missing: int
    lost: str | None
    prior: dict[str, float] | None
    stopped: bool
    device: str = "cpu"
    offset: float = 0.0

    def to_dict(self) -> JsonObject:
        """Plain values for JSON."""
        return {
            "clip": self.clip,
            "frames": self.frames,
            "broken": self.broken,
            "too_large": self.too_large,
            "missing": self.num_missing,
            "lost": self.lost,
            "seconds": round(self.last - self.start, 3),
            "prior": self.prior,
            "device": self.device,
            "offset": round(self.offset, 3),
            "segments": [segment.to_dict() for segment in self.segments],
        }

    def plot_timeline(self, ax: Axes | None = None) -> Axes:
        """Draw the expressions of each face over time on ``ax``, or on a new figure."""
        return self._plot("timeline", ax)


def run(reader: Reader, clip: str, plan: Plan, *, progress: Progress = SILENT) -> VideoResult:
    """Analyse a video and write the requested outputs. After the first frame, Ctrl-C ends the work but not the outputs.

    Args:
        reader: detects the faces and predicts them.
        clip: a file, a URL, or the number of a webcam.
        plan: what is read and written.
        progress: receives the time that is reached, and the estimated shares.

    Raises:
        VideoError: the video can't be read, or is a stream and must be read twice.
        OutputError: an output can't be written.
    """
    plan.check()
    open_clip = partial(VideoReader, clip, start=plan.start, end=plan.end, max_pixels=reader.options.max_pixels)
    if plan.auto_prior:
        reader.classifier = _with_estimated_prior(reader, open_clip, plan.every, progress)
    with ExitStack() as stack:
        opened = stack.enter_context(open_clip())
        outputs = _Outputs(plan.start, plan.empty_frames, Segmenter(pauses.after(plan.every / opened.rate)))
        if plan.out is not None:
            columns = records.track_columns(reader.classifier.classes)
            outputs.rows = stack.enter_context(records.opened(plan.out, records.format_of(plan.out), columns))
        if plan.annotate is not None:
            outputs.copy = stack.enter_context(writer.opened(plan.annotate, opened, sound=plan.sound))
        on_audio = None if outputs.copy is None else outputs.copy.hear
        readings = analysis.read_video(reader, opened, every=plan.every, smoothing=plan.smoothing, on_audio=on_audio)
        outputs.take(_counted(readings, opened.duration, progress), reader.classifier.prior_in_words)
    segments = outputs.segmenter.finish()
    if plan.timeline is not None:
        with files.atomic_write(plan.timeline) as temporary:
            drawn = writer.draw_timeline(segments, plan.start, outputs.last)
            temporary.write_bytes(images.encode_png(drawn))
    return _result(clip, opened, outputs, segments, reader.classifier)


def _result(
    clip: str, opened: VideoReader, outputs: _Outputs, segments: Sequence[Segment], classifier: Classifier
) -> VideoResult:
    return VideoResult(
        clip=clip,
        segments=tuple(segments),
        frames=outputs.num_frames,
        start=outputs.start,
        last=outputs.last,
        broken=opened.num_broken,
        too_large=opened.num_large,
        missing=opened.missing,
        num_missing=round(opened.missing * opened.rate),
        lost=opened.lost,
        prior=classifier.prior_by_class,
        device=classifier.device,
        stopped=outputs.stopped,
        offset=opened.offset,
    )


class _Outputs:
    """Collect the predictions of a video, and pass them to the outputs.

    Args:
        start: start time in seconds.
        empty_frames: as in ``Plan``.
        segmenter: joins the predictions into segments.
    """

    def __init__(self, start: float, empty_frames: bool, segmenter: Segmenter) -> None:
        self.empty_frames, self.segmenter = empty_frames, segmenter
        self.rows: Writer | None = None
        self.copy: VideoWriter | None = None
        self.start = self.last = start
        self.num_frames, self.stopped = 0, False

    def take(self, readings: Iterable[FrameReading], shares: str | None) -> None:
        """Process all predictions; ``shares`` is the prior as text."""
        try:
            for reading in readings:
                self.num_frames, self.last = self.num_frames + 1, reading.frame.time
                if self.copy is not None:
                    self.copy.add(reading)
                if reading.fresh:
                    self.segmenter.add(reading)
                    if self.rows is not None:
                        for row in reading.rows(with_empty=self.empty_frames):
                            self.rows.write(row if shares is None else row | {"prior": shares})
        except KeyboardInterrupt:
            if not self.num_frames:
                raise
            self.stopped = True


def _with_estimated_prior(
    reader: Reader, open_clip: partial[VideoReader], every: int, progress: Progress
) -> Classifier:
    """A classifier with the class shares among the video's faces, estimated in a first pass."""
    if not Path(*open_clip.args).is_file():
        raise VideoError(
            "The prior 'auto' reads the clip twice, so it must be a file: state the shares for a live stream."
        )
    with open_clip() as opened:
        classifier = reader.classifier.with_prior(analysis.estimate_prior(reader, opened, every=every))
    progress.line(f"class shares estimated from the clip's faces: --prior {classifier.prior_in_words}")
    return classifier


def _counted(readings: Iterable[FrameReading], duration: float | None, progress: Progress) -> Iterator[FrameReading]:
    """Report the time that is reached."""
    for number, reading in enumerate(readings):
        yield reading
        if number % 10 == 0:
            progress.video(reading.frame.time, duration)
