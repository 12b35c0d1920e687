"""What the API answers, as models from which its OpenAPI document is made."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="Always about:blank: the status names the problem.")
    title: str = Field(description="The HTTP status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong and what to do, in one sentence.")


class Reading(BaseModel):
    """What was read on one face."""

    label: str = Field(description="The most probable expression.")
    confidence: float = Field(description="Its probability.", ge=0, le=1)
    abstained: bool = Field(description="Whether that is less than the server asks for: then don't use the label.")
    probabilities: dict[str, float] = Field(description="Calibrated, by expression; they sum to 1.")


class Face(Reading):
    """One face in a photo."""

    box: tuple[float, float, float, float] = Field(
        description="Left, top, right and bottom in pixels of the photo as shown."
    )
    landmarks: list[tuple[float, float]] = Field(
        description="x and y of the eye at the left, the eye at the right, the nose's tip, the mouth's left and right corner, in "
        "pixels of the photo as shown; left and right as seen once it is turned."
    )
    detection_score: float = Field(description="How sure it is that this is a face.", ge=0, le=1)
    rotated: int = Field(description="By how many degrees, clockwise, the photo was turned to read its faces.")


class Photo(BaseModel):
    """One photo and its faces, the most confident first; or why it couldn't be read."""

    name: str | None = Field(description="The file's name as sent; null where the photo was the whole body.")
    width: int | None = Field(description="Of the photo as shown (EXIF orientation applied), in pixels.")
    height: int | None = Field(description="Of the photo as shown, in pixels.")
    rotated: int = Field(description="By how many degrees, clockwise, it was turned: 0, 90, 180 or 270.")
    note: str | None = Field(description="What had to be guessed to decode it; null where nothing was.")
    faces: list[Face]
    error: Problem | None = Field(description="Why this photo couldn't be read; null where it could.")


class Analysis(BaseModel):
    """The photos of a request, in its order."""

    model: str
    prior: dict[str, float] | None = Field(
        description="The class shares in use that were allowed for; null where they are those of training."
    )
    photos: list[Photo]


class Crop(BaseModel):
    """One ready-made crop of a face and what was read on it; or why it couldn't be read."""

    name: str | None = Field(description="The file's name as sent; null where the crop was the whole body.")
    note: str | None = Field(description="What had to be guessed to decode it; null where nothing was.")
    reading: Reading | None
    error: Problem | None = Field(description="Why this crop couldn't be read; null where it could.")


class Classification(BaseModel):
    """The crops of a request, in its order."""

    model: str
    prior: dict[str, float] | None = Field(
        description="The class shares in use that were allowed for; null where they are those of training."
    )
    crops: list[Crop]


class Expression(BaseModel):
    """An expression that a model knows."""

    name: str
    colour: str = Field(description="Its colour in charts and on boxes, as #rrggbb.")


class Model(BaseModel):
    """A model that answers here."""

    name: str = Field(description="How a request names it.")
    sha256: str = Field(description="Of the model file.")
    height: int = Field(description="Of its faces, in pixels; others are resized.")
    width: int
    classes: list[Expression] = Field(description="In the model's order.")
    offsets: list[float] = Field(
        description="What the server's decision or prior adds to the log-probability of each class."
    )
    on_device: bool = Field(
        description="Whether the page can run it in the browser itself; its file can then be fetched."
    )


class Limits(BaseModel):
    """What one request may have."""

    bytes: int
    pixels: int
    files: int
    faces: int
    seconds: float


class ReadingOptions(BaseModel):
    """How faces are found and read here."""

    min_confidence: float = Field(description="Least detection score of a face.")
    abstain: float = Field(description="Least probability of a label that may be used.")
    flip: bool = Field(description="Whether each face is averaged with its mirror image.")
    rotate: bool = Field(description="Whether a photo whose best face is not clearly upright is turned.")
    detail: str = Field(description="How closely photos are looked at for small faces: low, normal or high.")
    prior: str | None = Field(description="Class shares in use, where the server states some.")
    decision: str = Field(description="How the models answer: argmax, or a decision that they hold.")


class Models(BaseModel):
    """The models that answer here, the default first, how they read, and the limits of a request."""

    models: list[Model]
    options: ReadingOptions
    limits: Limits
    key_needed: bool = Field(description="Whether requests must carry an API key.")


class State(BaseModel):
    """How the server is."""

    status: str
