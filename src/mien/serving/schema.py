"""Models of the API's responses, from which the OpenAPI document is generated."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class Problem(BaseModel):
    """Problem details of an error (RFC 9457)."""

    type: str = Field(description="Always about:blank: the status identifies the problem.")
    title: str = Field(description="The name of the HTTP status.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong and how to fix it, in one sentence.")


class Reading(BaseModel):
    """The prediction for one face."""

    label: str = Field(description="The most probable expression.")
    confidence: float = Field(description="Its probability.", ge=0, le=1)
    abstained: bool = Field(
        description="Whether the confidence is below the server's threshold; if so, don't use the label."
    )
    probabilities: dict[str, float] = Field(description="Calibrated probability by expression; they sum to 1.")


class Face(Reading):
    """One face in a photo."""

    box: tuple[float, float, float, float] = Field(
        description="Left, top, right and bottom in pixels of the photo as shown."
    )
    landmarks: list[tuple[float, float]] = Field(
        description="x and y of the left eye, the right eye, the tip of the nose, the left and the right corner of the mouth, in "
        "pixels of the photo as shown; left and right as seen after rotation."
    )
    detection_score: float = Field(description="Face-detection score.", ge=0, le=1)
    rotated: int = Field(description="Clockwise rotation of the photo that made its faces upright, in degrees.")
    size: float = Field(description="Side of the square that the model sees, in pixels of the photo.")
    sharpness: float = Field(
        description="Standard deviation of the Laplacian by that of the grays; lower is more blurred."
    )
    exposure: float = Field(description="Mean gray of the face, 0 to 255.")
    yaw: float = Field(description="Coarse direction of the head in degrees; positive to the right of the picture.")
    pitch: float = Field(description="Coarse direction of the head in degrees; positive downwards.")
    roll: float = Field(
        description="Rotation of the head in the plane of the picture, in degrees; positive is clockwise."
    )
    unreadable: Literal["", "too_small", "too_blurred", "turned_away"] = Field(
        description="Why the prediction should not be used; empty if it can be."
    )


class Photo(BaseModel):
    """One photo and its faces, the most confident first; or the error."""

    name: str | None = Field(description="The file's name as sent; null if the photo was the complete body.")
    width: int | None = Field(description="Width of the photo as shown (EXIF orientation applied), in pixels.")
    height: int | None = Field(description="Height of the photo as shown, in pixels.")
    rotated: int = Field(description="Clockwise rotation for detection, in degrees: 0, 90, 180 or 270.")
    note: str | None = Field(description="The assumption made to decode it; null if there was none.")
    faces: list[Face]
    error: Problem | None = Field(description="Why this photo couldn't be read; null if it was read.")


class Analysis(BaseModel):
    """The photos of a request, in order."""

    model: str
    prior: dict[str, float] | None = Field(
        description="The class shares in use to which the probabilities are adjusted; null for those of the training."
    )
    photos: list[Photo]


class Crop(BaseModel):
    """One face crop and its prediction; or the error."""

    name: str | None = Field(description="The file's name as sent; null if the crop was the complete body.")
    note: str | None = Field(description="The assumption made to decode it; null if there was none.")
    reading: Reading | None
    error: Problem | None = Field(description="Why this crop couldn't be read; null if it was read.")


class Classification(BaseModel):
    """The crops of a request, in order."""

    model: str
    prior: dict[str, float] | None = Field(
        description="The class shares in use to which the probabilities are adjusted; null for those of the training."
    )
    crops: list[Crop]


class Expression(BaseModel):
    """A class of a model."""

    name: str
    colour: str = Field(description="Its colour in charts and on boxes, as #rrggbb.")


class Model(BaseModel):
    """A model of this server."""

    name: str = Field(description="The name to use in requests.")
    sha256: str = Field(description="SHA-256 of the model file.")
    height: int = Field(description="Height of its input, in pixels; faces of other sizes are resized.")
    width: int
    classes: list[Expression] = Field(description="The classes, in the order of the model's output.")
    offsets: list[float] = Field(
        description="Offset of each class that the server's decision or prior adds to the log-probability."
    )
    device: str = Field(description="Device that the model runs on: cpu, cuda or coreml.")
    on_device: bool = Field(
        description="Whether the page can run it in the browser; if so, its file can be downloaded."
    )


class VideoLimits(BaseModel):
    """Limits of clips."""

    bytes: int = Field(description="Maximum size of a clip.")
    seconds: float = Field(description="Maximum length of a clip.")
    clips: int = Field(description="Maximum number of clips on the server.")
    ttl: float = Field(description="Seconds after the last request about a clip until it is deleted.")


class Limits(BaseModel):
    """Limits of one request."""

    bytes: int = Field(description="Maximum size of the body.")
    pixels: int = Field(description="Maximum size of a picture.")
    files: int = Field(description="Maximum number of files.")
    faces: int = Field(description="Maximum number of faces per photo.")
    seconds: float = Field(description="Maximum time, including the body.")
    video: VideoLimits | None = Field(description="Limits of clips; null if the server accepts none.")


class ReadingOptions(BaseModel):
    """The server's options of detection and prediction."""

    min_confidence: float = Field(description="Minimum face-detection score.")
    abstain: float = Field(description="Minimum probability of a label; faces below are marked as abstained.")
    flip: bool = Field(description="Whether each face is averaged with its mirror image.")
    rotate: bool = Field(description="Whether other orientations are tried if no face is clearly upright.")
    detail: str = Field(description="Search for small faces: low, normal or high.")
    prior: str | None = Field(description="Class shares in use, if the server states them.")
    decision: str = Field(description="Decision rule: argmax, or a decision in the model files.")


class Models(BaseModel):
    """The models of this server, the default first, with the options of prediction and the limits of a request."""

    models: list[Model]
    options: ReadingOptions
    limits: Limits
    key_needed: bool = Field(description="Whether requests need an API key.")


class Segment(BaseModel):
    """A time span in which one face shows one expression."""

    track: int = Field(description="Number of the face.")
    start: float = Field(description="In seconds.")
    end: float
    label: str
    confidence: float = Field(description="Mean of its smoothed probability.", ge=0, le=1)


class VideoResult(BaseModel):
    """The expressions in a clip."""

    frames: int = Field(description="Number of frames that were read.")
    seconds: float = Field(description="Time of the last frame.")
    broken: int = Field(description="Frames that couldn't be decoded.")
    too_large: int = Field(description="Frames above the limit of pixels.")
    missing: int = Field(description="About how many frames the file declares but lacks, as it is cut off.")
    lost: str | None = Field(description="Why it ended early; null if it did not.")
    prior: dict[str, float] | None = Field(description="The class shares to which the probabilities are adjusted.")
    device: str
    offset: float = Field(
        description="Time of the first frame from the start of the file, as players count; all other times count from the first frame."
    )
    segments: list[Segment] = Field(description="By face and time.")


class Video(BaseModel):
    """A clip on the server."""

    id: str = Field(description="Part of its address; whoever knows it can read the results.")
    state: Literal["waiting", "running", "done", "failed"]
    model: str
    seconds: float = Field(description="The time that the analysis has reached.")
    duration: float | None = Field(description="Length of the clip in seconds; null until it is known.")
    result: VideoResult | None = Field(description="The segments; null until it is done.")
    error: Problem | None = Field(description="Why it failed; null if it did not.")


class State(BaseModel):
    """The state of the server."""

    status: str
