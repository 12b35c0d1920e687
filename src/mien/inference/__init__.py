"""Inference: run a model file on faces, with numpy, Pillow and onnxruntime only."""

from typing import TYPE_CHECKING

from mien.extras import modules_of

if not TYPE_CHECKING:
    __getattr__ = modules_of(__name__, "video")
