"""What the JSON of a run folder must look like: checked where it is read, so that damaged or hostile files end in one sentence."""

from __future__ import annotations

import json
from typing import Any

from mien import checks

Shape = type | dict[str, Any] | list[Any]
"""A type, the needed keys of an object with their shapes, or a list with the one shape of what is in it."""

ROWS: dict[str, Any] = {"rows": int, "counts": [int]}

RECORD: Shape = {
    "recipe": dict,
    "device": str,
    "precision": str,
    "threads": int,
    "settings": [str],
    "data": {
        "path": str,
        "hash": str,
        "classes": [str],
        "train": {**ROWS, "faces_hash": str},
        "valid": {**ROWS, "hash": str, "from": str},
        "mean": float,
        "std": float,
    },
}
"""``run.json``."""

EPOCH: Shape = {
    "epoch": int,
    "learning_rate": float,
    "train_loss": float,
    "train_accuracy": float,
    "valid_loss": float,
    "valid_accuracy": float,
    "seconds": float,
    "images_per_second": float,
}
"""A line of ``history.jsonl``."""

LAYER: Shape = {"name": str, "kind": str, "output": [int], "parameters": int, "macs": int, "reason": dict}
NETWORK: Shape = {
    "layers": [LAYER],
    **dict.fromkeys(("parameters", "macs", "input_bytes", "activation_bytes", "parameter_bytes"), int),
}
"""``network.json``."""

STATE: Shape = {"history": [EPOCH]}
"""What goes with the tensors of ``checkpoint.safetensors``."""

BEST: Shape = {"epoch": int}
"""What goes with the tensors of ``best.safetensors``."""


def parse(text: str, shape: Shape) -> Any:
    """The value that a JSON text stands for.

    Raises:
        ValueError: it is no JSON, or not of that shape; the message says what and where.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    check(value, shape)
    return value


def check(value: Any, shape: Shape, where: str = "it") -> None:
    """See that a value has a shape.

    Raises:
        ValueError: it hasn't; the message says what and where.
    """
    kind = shape if isinstance(shape, type) else type(shape)
    sound = type(value) is kind or (kind is float and type(value) is int)
    if not sound or (kind is float and not checks.is_finite(value)):
        raise ValueError(f"{where} should be {_NAMES[kind]}")
    if isinstance(shape, dict):
        for key, inner in shape.items():
            if key not in value:
                raise ValueError(f"{where} lacks '{key}'")
            check(value[key], inner, key)
    elif isinstance(shape, list):
        for item in value:
            check(item, shape[0], f"each of {where}")


_NAMES = {
    dict: "an object",
    list: "a list",
    str: "a text",
    int: "a whole number",
    float: "a number",
}
