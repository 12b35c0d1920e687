"""All settings of a training as two typed, checked dataclasses."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from mien.checks import Between, Ordered, check_fields
from mien.errors import RecipeError
from mien.typed_json import JsonObject


@dataclass(frozen=True)
class Augment:
    """Random augmentation of the training faces, drawn for each face and epoch. A strength of 0 turns a part off."""

    flip: Annotated[float, Between(0, 1), "Probability of a mirror image."] = 0.5
    geometry: Annotated[
        float,
        Between(0, 1),
        "Probability of the geometric transform: rotation, scale, translation, shear, perspective.",
    ] = 1.0
    rotation: Annotated[float, Between(0, 180), "Largest rotation in either direction, in degrees."] = 0.0
    scale: Annotated[tuple[float, float], Ordered(10), "Smallest and largest magnification."] = (1.0, 1.0)
    translation: Annotated[float, Between(0, 1), "Largest shift along each axis, as a share of the side."] = 0.0
    shear: Annotated[float, Between(0, 1), "Largest horizontal shear, as the tangent of its angle."] = 0.0
    perspective: Annotated[
        float,
        Between(0, 0.9, below=True),
        "Largest perspective distortion: change of depth at a corner, relative to the depth of the centre.",
    ] = 0.0
    blur: Annotated[float, Between(0, 8), "Largest standard deviation of the Gaussian blur, in pixels."] = 0.0
    blur_probability: Annotated[float, Between(0, 1), "Probability of a blur."] = 0.5
    noise: Annotated[
        float, Between(0, 255), "Largest standard deviation of the Gaussian noise, in gray levels (0 to 255)."
    ] = 0.0
    noise_probability: Annotated[float, Between(0, 1), "Probability of noise."] = 0.5
    contrast: Annotated[
        tuple[float, float], Ordered(10), "Smallest and largest contrast factor, around the face's mean gray level."
    ] = (1.0, 1.0)
    brightness: Annotated[
        float, Between(0, 1), "Largest change of brightness in either direction, as a share of 255."
    ] = 0.0
    erase: Annotated[float, Between(0, 1), "Probability of random erasing (one rectangle of uniform gray)."] = 0.0
    erase_side: Annotated[
        tuple[float, float], Ordered(1), "Smallest and largest side of the erased rectangle, as a share of the side."
    ] = (0.125, 0.375)
    corruption: Annotated[
        float,
        Between(0, 1),
        "Probability of each of the following corruptions, drawn independently.",
    ] = 0.0
    crop: Annotated[
        float, Between(0, 0.5), "Largest error of the crop's position and size, as a share of the side."
    ] = 0.0
    turn: Annotated[float, Between(0, 180), "Largest additional rotation in either direction, in degrees."] = 0.0
    gamma: Annotated[tuple[float, float], Ordered(10), "Smallest and largest gamma; below 1 is lighter."] = (1.0, 1.0)
    side_light: Annotated[float, Between(0, 1), "Largest loss of light on the darker side, as a share."] = 0.0
    cover: Annotated[
        float,
        Between(0, 1),
        "Largest side of an occluder, as a share of the face's side; bands over eyes or mouth have their own size.",
    ] = 0.0
    motion: Annotated[float, Between(0, 24), "Longest motion blur, in pixels of a 48x48 face."] = 0.0
    defocus: Annotated[float, Between(0, 12), "Largest radius of the defocus blur, in pixels of a 48x48 face."] = 0.0
    resolution: Annotated[float, Between(0.01, 1), "Smallest factor of downsampling per side; 1 is off."] = 1.0
    faded: Annotated[float, Between(0.01, 1), "Smallest contrast factor of faded images; 1 is off."] = 1.0
    shot: Annotated[
        float, Between(0, 255), "Largest standard deviation of shot noise at white, in gray levels (0 to 255)."
    ] = 0.0
    speckle: Annotated[float, Between(0, 2), "Largest standard deviation of speckle noise, relative to gray level."] = (
        0.0
    )
    jpeg: Annotated[int, Between(1, 100), "Lowest JPEG quality; 100 is off."] = 100

    def __post_init__(self) -> None:
        check_fields(self, RecipeError, "augment.")


@dataclass(frozen=True)
class Recipe:
    """All settings of one training. On one CPU, recipe, data and seed determine the result exactly."""

    name: Annotated[str, "The recipe's name."]
    network: Annotated[
        Literal["vgg", "large", "large_wide", "large_deep", "base", "tiny"],
        "The network; see ``networks.NETWORKS``.",
    ]
    image_size: Annotated[int, Between(16, 512), "Height and width that faces are resized to, in pixels."]
    epochs: Annotated[int, Between(1, 100_000), "Passes over the training rows; schedules scale with it."]
    resize_from: Annotated[
        int,
        Between(0, 512),
        "Size of the faces in the first epochs, in pixels; it grows to image_size (progressive resizing). 0 is off.",
    ] = 0
    resize_until: Annotated[float, Between(0, 1), "Share of the epochs after which faces have full size."] = 0.6
    batch_size: Annotated[int, Between(2, 65_536), "Faces per step."] = 128
    optimizer: Annotated[Literal["sgd", "adamw"], "SGD with momentum, or AdamW."] = "sgd"
    learning_rate: Annotated[float, Between(0, 100, above=True), "Peak learning rate."] = 0.1
    momentum: Annotated[float, Between(0, 1, below=True), "Momentum of SGD, or the first beta of AdamW."] = 0.9
    nesterov: Annotated[bool, "Use Nesterov momentum in SGD."] = True
    weight_decay: Annotated[float, Between(0, 1), "Weight decay; biases and batch-norm parameters have none."] = 5e-4
    muon: Annotated[
        float,
        Between(0, 1),
        "Peak learning rate of Muon for the hidden convolutions, in radians per step; 0 uses the optimizer for them too.",
    ] = 0.0
    schedule: Annotated[
        Literal[
            "linear",
            "cosine",
            "constant",
        ],
        "Learning rate after the warmup: linear or cosine decay to zero, or constant.",
    ] = "linear"
    warmup: Annotated[
        float, Between(0, 1), "Share of all steps in which the learning rate rises linearly to its peak."
    ] = 0.15
    label_smoothing: Annotated[
        float, Between(0, 1, below=True), "Share of the target spread evenly over all classes."
    ] = 0.0
    votes: Annotated[
        float,
        Between(0, 1),
        "Weight of the distribution of annotators' votes in the target, if the data has votes.",
    ] = 0.0
    auxiliary_head: Annotated[
        float,
        Between(0, 10),
        "Loss weight of an auxiliary head trained on annotators' votes; it is not part of the model file.",
    ] = 0.0
    init: Annotated[
        str,
        "Initial weights, from a model of the same network: name, model file or run folder; empty is random.",
    ] = ""
    teacher: Annotated[
        str,
        "Teachers for distillation: names, model files or run folders, separated by commas; or answers.safetensors of a run.",
    ] = ""
    distillation_weight: Annotated[float, Between(0, 1), "Weight of the teacher's probabilities in the target."] = 0.0
    teacher_sees: Annotated[
        Literal[
            "face",
            "view",
            "corrupted",
        ],
        "Input of the teacher: the original face, the student's crop (view), or the crop with corruptions (corrupted).",
    ] = "face"
    teacher_views: Annotated[
        int,
        Between(0, 100_000),
        "Number of epochs after which crops repeat, so that the teacher's outputs are computed once; 0 never repeats.",
    ] = 0
    class_weights: Annotated[
        float,
        Between(0, 1),
        "Exponent of the loss weight, (1 / class frequency)^a; 0 is off.",
    ] = 0.0
    focal: Annotated[
        float,
        Between(0, 10),
        "Gamma of the focal loss; 0 is cross-entropy.",
    ] = 0.0
    balanced_sampling: Annotated[
        float,
        Between(0, 1),
        "Oversampling of rare classes: 0 draws each row once, 1 draws all classes equally often.",
    ] = 0.0
    ema: Annotated[
        float,
        Between(0, 1, below=True),
        "Decay per step of the exponential moving average of the weights, which is evaluated and exported; 0 is off.",
    ] = 0.0
    dropout: Annotated[
        float,
        Between(0, 1),
        "Factor on the dropout probabilities of the network.",
    ] = 1.0
    sync_norm: Annotated[
        bool,
        "Synchronize batch-norm statistics over all processes.",
    ] = False
    clip_norm: Annotated[float, Between(0, 1e9), "Maximum gradient norm (clipping); 0 is off."] = 0.0
    hold_out: Annotated[
        float,
        Between(0, 0.9, above=True, below=True),
        "Share of the training rows held out to choose the epoch, to stop early and to fit the temperature.",
    ] = 0.12
    valid_split: Annotated[
        str, "Split of the data used instead of a hold-out; empty uses ``valid`` if the data has it, else a hold-out."
    ] = ""
    stop_accuracy: Annotated[
        float, Between(0, 1, below=True), "Stop when hold-out accuracy exceeds this; 0 is off."
    ] = 0.0
    keep: Annotated[
        Literal["best", "last"],
        "Epoch whose weights are exported: the best by hold-out accuracy, or the last.",
    ] = "best"
    patience: Annotated[
        int, Between(0, 100_000), "Stop after this many epochs without a better hold-out accuracy; 0 is off."
    ] = 0
    split_seed: Annotated[
        int,
        Between(0, 2**31 - 1),
        "Seed of the hold-out; runs with different training seeds share the hold-out.",
    ] = 0
    seed: Annotated[int, Between(0, 2**31 - 1), "Seed of initial weights, order, augmentation and dropout."] = 0
    augment: Annotated[Augment, "Augmentation of the training faces."] = field(default_factory=Augment)

    def __post_init__(self) -> None:
        check_fields(self, RecipeError)
        has_teacher = self.teacher != ""
        for holds, name, needed in (
            (not self.nesterov or self.momentum > 0, "nesterov", "false where momentum is 0"),
            (
                self.resize_from == 0 or 16 <= self.resize_from <= self.image_size,
                "resize_from",
                f"0, or an integer from 16 to {self.image_size}",
            ),
            (self.distillation_weight == 0 or has_teacher, "distillation_weight", "0 where there is no teacher"),
            (
                self.distillation_weight > 0 or not has_teacher,
                "distillation_weight",
                "above 0 where there is a teacher",
            ),
            (self.teacher_sees == "face" or has_teacher, "teacher_sees", "face where there is no teacher"),
            (self.teacher_views == 0 or self.teacher_sees != "face", "teacher_views", "0 where teacher_sees is face"),
        ):
            if not holds:
                raise RecipeError(f"{name}={getattr(self, name)} doesn't fit: it must be {needed}.")

    def to_dict(self) -> JsonObject:
        """A dictionary for JSON."""
        values: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return values

    @classmethod
    def from_dict(cls, values: JsonObject) -> Recipe:
        """Convert the result of ``to_dict`` back.

        Raises:
            RecipeError: a field is missing, unknown or out of range.
        """
        try:
            parts: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value for key, value in values["augment"].items()
            }
            return cls(**{**values, "augment": Augment(**parts)})
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise RecipeError(f"The recipe doesn't fit this version of mien: {error}.") from None
