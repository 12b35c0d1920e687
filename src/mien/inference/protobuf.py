"""Whether an ONNX file has weights in other files, read from its protocol buffers without the package onnx.

onnxruntime would take such weights from the working folder, and the hash of the model file wouldn't cover them. The numbers of fields are those
of onnx.proto3 (ONNX 1.17); the encoding is that of https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Iterator

PARTS = {
    "model": {7: "graph", 25: "function"},
    "function": {7: "node"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
"""Each message to those of its fields that may have a tensor in them, by number."""

EXTERNAL_DATA, DATA_LOCATION = 13, 14
"""Fields of a tensor: where its values are in another file, and whether they are."""

VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5
"""Kinds of encoding of a field."""


def has_weights_elsewhere(content: bytes) -> bool:
    """Whether a tensor of an ONNX file is in another file; also where the file can't be parsed."""
    try:
        return _has(memoryview(content), "model")
    except (IndexError, ValueError, RecursionError):
        return True


def _has(message: memoryview, kind: str) -> bool:
    for number, value in _fields(message):
        if kind == "tensor" and (number == EXTERNAL_DATA or (number == DATA_LOCATION and value != 0)):
            return True
        if number in PARTS[kind] and isinstance(value, memoryview) and _has(value, PARTS[kind][number]):
            return True
    return False


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of a message: number, and value."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        size = {FIXED_64: 8, FIXED_32: 4}.get(tag & 7, 0)
        if tag & 7 == VARINT:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        if tag & 7 == BYTES:
            size, at = _varint(message, at)
        elif not size:
            raise ValueError("a kind of encoding that ONNX doesn't use")
        if at + size > len(message):
            raise ValueError("a field is longer than its message")
        yield tag >> 3, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of variable length, and the place after it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number is too long")
