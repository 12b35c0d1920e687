"""Recipes: named functions that return all settings of a training as one typed, checked dataclass."""

from __future__ import annotations

import dataclasses
import json
import os
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mien import checks
from mien.errors import RecipeError
from mien.training import fields, recipe_file


@dataclass(frozen=True)
class Augment:
    """How training faces are varied, each face on its own, anew in every epoch. A strength of 0 turns a part off."""

    flip: float = 0.5
    """Probability of a mirror image; a face is about symmetric, its expression too."""
    geometry: float = 1.0
    """Probability of the warp that the next six describe; flipping is apart."""
    rotation: float = 0.0
    """Largest rotation either way, in degrees."""
    scale: tuple[float, float] = (1.0, 1.0)
    """Smallest and largest magnification."""
    translation: float = 0.0
    """Largest shift either way and per axis, as a share of the side."""
    shear: float = 0.0
    """Largest horizontal shear, as the tangent of its angle."""
    perspective: float = 0.0
    """Largest foreshortening: how much nearer, relative to the centre, an edge may come."""
    blur: float = 0.0
    """Largest standard deviation of the Gaussian blur, in pixels."""
    blur_probability: float = 0.5
    """Probability of a blur."""
    noise: float = 0.0
    """Largest standard deviation of the Gaussian noise, in gray levels of 255."""
    noise_probability: float = 0.5
    """Probability of noise."""
    contrast: tuple[float, float] = (1.0, 1.0)
    """Smallest and largest factor on the distance from the face's mean gray."""
    brightness: float = 0.0
    """Largest gray level, as a share of 255, that is added or taken away."""
    erase: float = 0.0
    """Probability that one rectangle is painted over."""
    erase_side: tuple[float, float] = (0.125, 0.375)
    """Smallest and largest side of that rectangle, as a share of the face's side."""
    corruption: float = 0.0
    """Probability of each of the following parts, which imitate bad pictures; every part is drawn on its own."""
    crop: float = 0.0
    """Largest error of the crop's place and size, as a share of the side."""
    turn: float = 0.0
    """Largest further rotation either way, in degrees."""
    gamma: tuple[float, float] = (1.0, 1.0)
    """Smallest and largest gamma; below 1 is lighter."""
    side_light: float = 0.0
    """Largest share of the light that is missing on one side."""
    cover: float = 0.0
    """Largest side of what hides a part of the face, as a share of its side; bands over eyes or mouth have their own size."""
    motion: float = 0.0
    """Longest motion blur, in pixels of a 48x48 face."""
    defocus: float = 0.0
    """Largest radius of the defocus, in pixels of a 48x48 face."""
    resolution: float = 1.0
    """Smallest share of a side's pixels that is left; 1 is off."""
    faded: float = 1.0
    """Smallest factor on the contrast; 1 is off."""
    shot: float = 0.0
    """Largest standard deviation of shot noise at white, in gray levels of 255."""
    speckle: float = 0.0
    """Largest standard deviation of speckle, as a share of the gray level."""
    jpeg: int = 100
    """Lowest JPEG quality; 100 is off."""

    def __post_init__(self) -> None:
        checks.check_fields(self, RecipeError, "augment.")
        for name in ("flip", "geometry", "blur_probability", "noise_probability", "erase", "corruption"):
            _check(0 <= getattr(self, name) <= 1, f"augment.{name}", getattr(self, name), "a probability from 0 to 1")
        for name, top in (
            ("rotation", 180),
            ("translation", 1),
            ("shear", 1),
            ("blur", 8),
            ("noise", 255),
            ("brightness", 1),
            ("crop", 0.5),
            ("turn", 180),
            ("side_light", 1),
            ("cover", 1),
            ("motion", 24),
            ("defocus", 12),
            ("shot", 255),
            ("speckle", 2),
        ):
            _check(0 <= getattr(self, name) <= top, f"augment.{name}", getattr(self, name), f"a number from 0 to {top}")
        _check(0 <= self.perspective < 0.9, "augment.perspective", self.perspective, "a number from 0 to below 0.9")
        for name in ("resolution", "faded"):
            _check(0.01 <= getattr(self, name) <= 1, f"augment.{name}", getattr(self, name), "a number from 0.01 to 1")
        _check(
            type(self.jpeg) is int and 1 <= self.jpeg <= 100,
            "augment.jpeg",
            self.jpeg,
            "a whole number from 1 to 100",
        )
        for name, top in (("scale", 10), ("contrast", 10), ("erase_side", 1), ("gamma", 10)):
            low, high = getattr(self, name)
            _check(
                0 < low <= high <= top,
                f"augment.{name}",
                f"{low},{high}",
                f"two numbers, 0 < smallest <= largest <= {top}",
            )


@dataclass(frozen=True)
class Recipe:
    """All settings of one training; with the data and the seed it determines the result, bit for bit on one CPU."""

    name: str
    """The recipe's name."""
    network: Literal["report", "large", "large_wide", "large_deep", "base", "tiny"]
    """The network, a name out of ``networks.NETWORKS``."""
    image_size: int
    """Height and width that faces are resized to, in pixels."""
    epochs: int
    """Most passes over the training rows; the schedules are stretched over them."""
    grow_from: int = 0
    """Height and width in the first epochs, which grow to image_size: early epochs cost less; 0 has the full size throughout."""
    grown: float = 0.6
    """Share of the epochs after which the full size is reached."""
    batch_size: int = 128
    """Faces per step."""
    optimizer: Literal["sgd", "adamw"] = "sgd"
    """SGD with momentum, or AdamW."""
    learning_rate: float = 0.1
    """Peak learning rate."""
    momentum: float = 0.9
    """Momentum of SGD, or the first beta of AdamW."""
    nesterov: bool = True
    """Whether SGD looks ahead (Nesterov's momentum)."""
    weight_decay: float = 5e-4
    """Decay of the weights; biases and batch-norm parameters never decay."""
    muon: float = 0.0
    """Peak learning rate of Muon, which then trains the hidden convolutions, in radians per step; 0 leaves them to the optimizer."""
    schedule: Literal["one_cycle", "cosine", "constant"] = "one_cycle"
    """Learning rate over time: up and linearly down to zero, up and down as a cosine, or up and constant."""
    warmup: float = 0.15
    """Share of all steps in which the learning rate climbs linearly to its peak."""
    label_smoothing: float = 0.0
    """Share of the target spread evenly over all classes."""
    votes: float = 0.0
    """Share of the target that follows the votes of people, where the data has them; the rest follows the label."""
    votes_head: float = 0.0
    """Weight of a second head that learns the votes of people, where the data has them; it isn't shipped, but shapes the features."""
    init: str = ""
    """A model of the same network whose weights training starts from: a name, a model file or a run folder; empty starts at random."""
    teacher: str = ""
    """Models whose probabilities the network learns from too (distillation): names, model files or run folders, or a run's answers.safetensors."""
    distil: float = 0.0
    """Share of the target that follows the teacher."""
    teacher_sees: Literal["face", "view", "corrupted"] = "face"
    """What the teacher is asked about: each face once, as it is; the network's own crop before it is corrupted; or after it."""
    teacher_views: int = 0
    """Crops come again after so many epochs, so the teacher's answers are computed once and kept; 0 has new crops in every epoch."""
    class_weights: float = 0.0
    """Power of one over a class's share by which its part of the loss is weighted; 0 none, 1 all classes weigh the same."""
    focal: float = 0.0
    """How much rows that are read well already count less in the loss (focal loss); 0 is plain cross-entropy."""
    balanced_sampling: float = 0.0
    """How far epochs draw rare classes more often: 0 each row once, 1 all classes equally often."""
    ema: float = 0.0
    """Decay per step of the moving average of the weights that is judged and shipped; 0 ships the last weights."""
    dropout: float = 1.0
    """Factor on the dropout probabilities of the network: a short training needs less of it than a long one."""
    sync_norm: bool = False
    """Where several processes train together: whether batch norms look at the whole batch, which costs time, or each at its part."""
    clip_norm: float = 0.0
    """Largest norm of the gradient; 0 leaves it alone."""
    hold_out: float = 0.12
    """Share of the training rows held out to choose the best epoch, to stop and to fit the temperature."""
    valid_split: str = ""
    """A split of the data to use instead of a hold-out; empty holds out, unless the data has a split ``valid``."""
    stop_accuracy: float = 0.0
    """Stop once hold-out accuracy passes this; 0 never does."""
    keep: Literal["best", "last"] = "best"
    """Which epoch's weights are shipped: those of the best hold-out accuracy, or the last."""
    patience: int = 0
    """Stop after this many epochs without a better hold-out accuracy; 0 never does."""
    split_seed: int = 0
    """Seed of the hold-out, apart from ``seed``, so that runs of several seeds are compared and averaged on the same rows."""
    seed: int = 0
    """Seed of initial weights, order, augmentation and dropout."""
    augment: Augment = field(default_factory=Augment)
    """How training faces are varied."""

    def __post_init__(self) -> None:
        checks.check_fields(self, RecipeError)
        _check(16 <= self.image_size <= 512, "image_size", self.image_size, "a whole number from 16 to 512")
        _check(1 <= self.epochs <= 100_000, "epochs", self.epochs, "a whole number from 1 to 100,000")
        _check(2 <= self.batch_size <= 65_536, "batch_size", self.batch_size, "a whole number from 2 to 65,536")
        _check(0 < self.learning_rate <= 100, "learning_rate", self.learning_rate, "a number above 0, at most 100")
        _check(not self.nesterov or self.momentum > 0, "nesterov", self.nesterov, "false where momentum is 0")
        for name in ("muon", "class_weights", "balanced_sampling"):
            _check(0 <= getattr(self, name) <= 1, name, getattr(self, name), "a number from 0 to 1")
        _check(
            self.grow_from == 0 or 16 <= self.grow_from <= self.image_size,
            "grow_from",
            self.grow_from,
            f"0, or a whole number from 16 to {self.image_size}",
        )
        for name in ("votes_head", "focal"):
            _check(0 <= getattr(self, name) <= 10, name, getattr(self, name), "a number from 0 to 10")
        _check(self.distil == 0 or self.teacher != "", "distil", self.distil, "0 where there is no teacher")
        _check(self.distil > 0 or self.teacher == "", "distil", self.distil, "above 0 where there is a teacher")
        _check(
            self.teacher_sees == "face" or self.teacher != "",
            "teacher_sees",
            self.teacher_sees,
            "face where there is no teacher",
        )
        _check(
            self.teacher_views >= 0 and (self.teacher_views == 0 or self.teacher_sees != "face"),
            "teacher_views",
            self.teacher_views,
            "0, or a number of views where teacher_sees is view or corrupted",
        )
        _check(0 <= self.weight_decay <= 1, "weight_decay", self.weight_decay, "a number from 0 to 1")
        _check(0 <= self.clip_norm < float("inf"), "clip_norm", self.clip_norm, "0 or a number above it")
        _check(0 < self.hold_out < 0.9, "hold_out", self.hold_out, "a share above 0 and below 0.9")
        _check(self.patience >= 0, "patience", self.patience, "0 or a number of epochs")
        for name in ("seed", "split_seed"):
            _check(
                0 <= getattr(self, name) < 2**31, name, getattr(self, name), "a whole number from 0 to 2,147,483,647"
            )
        for name in ("momentum", "ema", "label_smoothing", "stop_accuracy"):
            _check(0 <= getattr(self, name) < 1, name, getattr(self, name), "a number from 0 to below 1")
        for name in ("warmup", "votes", "distil", "grown", "dropout"):
            _check(0 <= getattr(self, name) <= 1, name, getattr(self, name), "a share from 0 to 1")


def report() -> Recipe:
    """The report's own: its network, its five augmentations, batch 128, SGD, stop when the hold-out passes 66%.

    The report says: random 12% held out, 64x64, horizontal flip, rotation, Gaussian blur, Gaussian noise and perspective,
    up to 1000 epochs, of which it took about 300. It leaves open the learning rate, the momentum and the strength of each
    augmentation; 0.01, 0.9 and the values below are ours.
    """
    return Recipe(
        name="report",
        network="report",
        image_size=64,
        epochs=1000,
        learning_rate=0.01,
        nesterov=False,
        weight_decay=0.0,
        schedule="constant",
        warmup=0.0,
        stop_accuracy=0.66,
        augment=Augment(rotation=15.0, blur=1.0, noise=10.0, perspective=0.2),
    )


def base() -> Recipe:
    """The one to start with: a compact residual network that trains on a CPU in an hour to four.

    What some of its choices are worth, measured with ``tiny``, is in docs/experiments.md.
    """
    return Recipe(
        name="base",
        network="base",
        image_size=48,
        epochs=80,
        grow_from=32,
        muon=0.03,
        label_smoothing=0.1,
        votes_head=0.5,
        hold_out=0.06,
        ema=0.998,
        augment=Augment(
            geometry=0.9,
            rotation=12.0,
            scale=(0.82, 1.15),
            translation=0.07,
            shear=0.1,
            contrast=(0.7, 1.3),
            brightness=0.15,
            erase=0.5,
        ),
    )


def tiny() -> Recipe:
    """The smallest: a tenth of base's parameters and a fourteenth of its arithmetic, with milder augmentation, as it overfits less.

    The shipped one also learns from base: ``--set teacher=base --set distil=0.5``.
    """
    augment = Augment(
        rotation=10.0, scale=(0.9, 1.1), translation=0.06, contrast=(0.8, 1.2), brightness=0.1, erase=0.25
    )
    return dataclasses.replace(base(), name="tiny", network="tiny", augment=augment)


def large() -> Recipe:
    """For a GPU: 4.5 times base's parameters, and longer training. How well it reads hasn't been measured yet."""
    return dataclasses.replace(base(), name="large", network="large", epochs=120, ema=0.999)


def demo() -> Recipe:
    """For a try on drawn faces: the tiny network on small batches with mild augmentation."""
    augment = Augment(rotation=8.0, scale=(0.95, 1.05), translation=0.06)
    return dataclasses.replace(
        tiny(),
        name="demo",
        epochs=12,
        grow_from=0,
        batch_size=32,
        learning_rate=0.05,
        votes_head=0.0,
        ema=0.98,
        hold_out=0.12,
        augment=augment,
    )


RECIPES: dict[str, Callable[[], Recipe]] = {"report": report, "large": large, "base": base, "tiny": tiny, "demo": demo}
"""Recipe name to the function that returns it."""


@checks.checked
def get(name: str | os.PathLike[str], settings: str | Iterable[str] = ()) -> Recipe:
    """Return a recipe by name, changed by settings such as ``"epochs=15"`` or ``"augment.scale=0.9,1.1"``.

    Args:
        name: a key of ``RECIPES``, or the path of a recipe's file, which ends in ``.toml`` (see ``recipe_file``).
        settings: changes, on top of those of the file.

    Raises:
        ArgumentError: the name is no text and no path.
        RecipeError: there is no such recipe or field, or the value doesn't fit; the message says what would.
    """
    own: list[str] = []
    name = os.fspath(name)
    if name.endswith(".toml"):
        name, own = recipe_file.read(name, _kinds())
    if name not in RECIPES:
        raise RecipeError(f"There is no recipe '{name}': choose {', '.join(RECIPES)}, or a recipe's file (.toml).")
    return changed(RECIPES[name](), [*own, *([settings] if isinstance(settings, str) else settings)])


def _kinds() -> dict[str, Any]:
    """The annotation of each setting, those of ``augment`` with that before their names."""
    parts = {f"augment.{name}": kind for name, kind in typing.get_type_hints(Augment).items()}
    return {
        name: kind for name, kind in typing.get_type_hints(Recipe).items() if name not in ("name", "augment")
    } | parts


def write(path: str | os.PathLike[str], recipe: Recipe, notes: Sequence[str] = ()) -> None:
    """Write a recipe as a file that ``get`` reads: the name that it has in ``RECIPES``, and what is changed.

    Args:
        path: where to; it ends in ``.toml``.
        recipe: one of ``RECIPES``, or one made of it by settings.
        notes: lines that say where it comes from.

    Raises:
        OutputError: the file can't be written.
    """
    original = RECIPES[recipe.name]()
    values = {name: new for name, new, old in _pairs(recipe, original) if name != "augment" and new != old}
    parts = {name: new for name, new, old in _pairs(recipe.augment, original.augment) if new != old}
    recipe_file.write(path, recipe.name, {**values, "augment": parts}, notes)


def changed(recipe: Recipe, settings: Iterable[str]) -> Recipe:
    """The recipe with settings such as ``"epochs=15"`` changed; ``augment=NAME`` comes before parts of it, wherever it stands.

    Raises:
        RecipeError: there is no such field, or the value doesn't fit.
    """
    changes: dict[str, Any] = {}
    augment: dict[str, Any] = {}
    for setting in settings:
        if not isinstance(setting, str):
            raise RecipeError(f"{setting!r:.60} is no setting: write it as a text such as 'epochs=15'.")
        key, equals, text = setting.partition("=")
        key = key.strip()
        if not equals:
            raise RecipeError(f"'{setting}' is no setting: write it as field=value, such as epochs=15.")
        if key == "augment":
            recipe = dataclasses.replace(recipe, augment=_augment_by_word(text))
        elif key.startswith("augment."):
            augment[key.removeprefix("augment.")] = fields.parse(
                Augment, key.removeprefix("augment."), text, "augment."
            )
        else:
            changes[key] = fields.parse(Recipe, key, text, "")
    return dataclasses.replace(recipe, **changes, augment=dataclasses.replace(recipe.augment, **augment))


def changes(recipe: Recipe) -> list[str]:
    """The settings that make this recipe of the one of its name: ``get(recipe.name, changes(recipe)) == recipe``."""
    if recipe.name not in RECIPES:
        return []  # a recipe of one's own, made in Python: no settings of the command line make it
    original = RECIPES[recipe.name]()
    changed = [
        f"{name}={fields.as_text(new)}"
        for name, new, old in _pairs(recipe, original)
        if name != "augment" and new != old
    ]
    return changed + augment_changes(recipe.augment, original.augment)


def augment_changes(augment: Augment, original: Augment) -> list[str]:
    """The settings that make one augmentation of another."""
    return [f"augment.{name}={fields.as_text(new)}" for name, new, old in _pairs(augment, original) if new != old]


def _pairs(new: Recipe | Augment, old: Recipe | Augment) -> list[tuple[str, Any, Any]]:
    return [(field.name, getattr(new, field.name), getattr(old, field.name)) for field in dataclasses.fields(new)]


def to_dict(recipe: Recipe) -> dict[str, Any]:
    """The recipe as plain numbers, strings and lists, fit for JSON."""
    values: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(recipe)))
    return values


def from_dict(values: Mapping[str, Any]) -> Recipe:
    """The recipe that ``to_dict`` wrote.

    Raises:
        RecipeError: a field is missing, unknown or out of range.
    """
    try:
        parts: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in values["augment"].items()
        }
        return Recipe(**{**values, "augment": Augment(**parts)})
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise RecipeError(f"This is no recipe of this version of mien: {error}.") from None


def no_augment() -> Augment:
    """Faces as they are."""
    return Augment(flip=0.0)


def robust() -> Augment:
    """``base``'s crops, of which two thirds look like bad pictures of one kind or another."""
    return dataclasses.replace(
        base().augment,
        contrast=(0.6, 1.5),
        brightness=0.25,
        blur=3.0,
        blur_probability=0.12,
        noise=45.0,
        noise_probability=0.15,
        corruption=0.08,
        crop=0.12,
        turn=45.0,
        gamma=(0.4, 2.5),
        side_light=0.8,
        cover=0.45,
        motion=8.0,
        defocus=3.5,
        resolution=0.16,
        faded=0.1,
        shot=40.0,
        speckle=0.4,
        jpeg=5,
    )


def strong() -> Augment:
    """``robust`` with every kind of bad picture twice as often."""
    return dataclasses.replace(robust(), blur_probability=0.24, noise_probability=0.3, corruption=0.16)


AUGMENTS: dict[str, Callable[[], Augment]] = {"none": no_augment, "robust": robust, "strong": strong}
"""What ``augment=`` knows by name."""


def _augment_by_word(text: str) -> Augment:
    name = text.strip().lower()
    if name not in AUGMENTS:
        raise RecipeError(
            f"augment={text} doesn't fit: choose {', '.join(AUGMENTS)}, or set a part such as augment.flip=0.5."
        )
    return AUGMENTS[name]()


def _check(holds: bool, name: str, value: object, needed: str) -> None:
    """NaN compares false with everything, so it fails every check."""
    if not holds:
        raise RecipeError(f"{name}={value} doesn't fit: it must be {needed}.")
