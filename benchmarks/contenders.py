"""Other packages that read ready-made crops, and mien's models, each as a process of its own that answers with class names.

Each peer gets an environment of its own with pinned versions (installed once, then kept), and a process of its own that runs
the peer's own preprocessing and classifier, not its face detector.

What runs, with the weights that its package brings: fer, face-api and human (which need node and npm), what-the-face,
facial-emotion-recognition, PyEmotion and facex. What doesn't: deepface, hsemotion-onnx and rmn fetch their weights from elsewhere
at first use, so neither the file nor its version is pinned by the package.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import Any

CALLS = {1: 10, 64: 1}
"""Calls in one turn, by batch size."""

PYTHON_WORKER = """
import json, os, sys, time
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what packages print goes to stderr: stdout is for answers
import numpy as np
faces = np.load(sys.argv[1])
{load}
def answer(value):
    print(json.dumps(value), file=answers, flush=True)
answer([name for i in range(0, len(faces), 64) for name in read(faces[i : i + 64])])
start = 0
for line in sys.stdin:
    batch, calls = map(int, line.split())
    seconds = []
    for _ in range(calls):
        start = start + batch if start + 2 * batch <= len(faces) else 0
        some = faces[start : start + batch]
        wall, cpu = time.perf_counter(), time.process_time()
        read(some)
        seconds.append([(time.perf_counter() - wall) / len(some), (time.process_time() - cpu) / len(some)])
    answer(seconds)
"""
"""Answers with the class name of each face, then a request "batch calls" with wall and processor seconds per face."""

MIEN = """
from mien import Classifier
classifier = Classifier.load(sys.argv[2], threads=1)
def read(faces):
    return [classifier.spec.classes[i] for i in classifier.probabilities(faces).argmax(1)]
"""

# fer and facex ask TensorFlow for nothing but its TFLite interpreter, which is to be had alone, under another name.
TFLITE = """
import functools, types
from ai_edge_litert.interpreter import Interpreter
for name in ("tensorflow", "tensorflow.keras", "tensorflow.keras.models"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["tensorflow"].lite = types.SimpleNamespace(Interpreter=functools.partial(Interpreter, num_threads=1))
sys.modules["tensorflow.keras.models"].load_model = None  # fer's other network, which is not its default
"""

# A crop is what fer cuts out with offsets=(0, 0); these are the lines of detect_emotions from there on. It takes
# a batch, but runs it face by face.
FER = """
import cv2
from fer.fer import FER
cv2.setNumThreads(1)
fer, names = FER(), FER._get_labels()
def read(faces):
    scaled = (np.array([cv2.resize(face, (64, 64)) for face in faces], "float32") / 255.0 - 0.5) * 2.0
    return [names[int(i)] for i in fer._classify_emotions(scaled).argmax(1)]
"""

FACEX = """
import facex
classifier = facex.EmotionClassifier(os.path.join(facex.__path__[0], "assets", "model_optimized.tflite"))
def read(faces):
    return [max(scores, key=scores.get) for scores in map(classifier.detect_emotion, faces)]
"""

# PyPI's torchvision has operators compiled for CUDA, without which its __init__ fails beside a torch for the CPU.
# Both peers need only its transforms, which are plain Python: so its __init__ is passed over.
VISION = """
import importlib.util, types
import torch
found = importlib.util.find_spec("torchvision")
sys.modules["torchvision"] = torchvision = types.ModuleType("torchvision")
torchvision.__path__ = found.submodule_search_locations
"""

WHAT_THE_FACE = """
from PIL import Image
from what_the_face_classification.inference import Image_classifier
classifier = Image_classifier()
classifier.net.eval()
def read(faces):
    with torch.inference_mode():
        scores = classifier.net(torch.stack([classifier.transform(Image.fromarray(face)) for face in faces]))
    return [classifier.classes[i] for i in scores.argmax(1)]
"""

# Its detector would be made along with its classifier, and its weights, saved on a GPU, load only on one.
FACIAL = """
import functools
sys.modules["facenet_pytorch"] = types.SimpleNamespace(MTCNN=lambda **options: None)
torch.load = functools.partial(torch.load, map_location="cpu")
from facial_emotion_recognition import EmotionRecognition
classifier = EmotionRecognition("cpu")
def read(faces):
    with torch.inference_mode():
        scores = classifier.network(torch.stack([classifier.transform(face) for face in faces]))
    return [classifier.emotions[int(i)] for i in scores.argmax(1)]
"""

NODE_WORKER = """
const fs = require("fs"), path = require("path");
console.log = console.info = console.warn = console.error;  // stdout is for answers
const answer = (value) => fs.writeSync(1, JSON.stringify(value) + "\\n");
const main = async () => {
  const tf = require("@tensorflow/tfjs"), wasm = require("@tensorflow/tfjs-backend-wasm");
  wasm.setThreadsCount(1);
  await tf.setBackend("wasm");
  const npy = fs.readFileSync(process.argv[1]), pixels = npy.subarray(10 + npy.readUInt16LE(8));
  const shape = npy.toString("latin1", 0, 128).match(/\\((\\d+), (\\d+), (\\d+)\\)/).slice(1).map(Number);
  const count = shape[0], size = shape[1] * shape[2];
  const grays = (start, end) => tf.tensor4d(pixels.subarray(start * size, end * size), [end - start, shape[1], shape[2], 1], "int32");
{load}
  const names = [];
  for (let i = 0; i < count; i += 64) names.push(...(await read(i, Math.min(i + 64, count))));
  answer(names);
  let start = 0;
  for await (const line of require("readline").createInterface({ input: process.stdin })) {
    const [batch, calls] = line.split(" ").map(Number), seconds = [];
    for (let call = 0; call < calls; call++) {
      start = start + 2 * batch <= count ? start + batch : 0;
      const end = Math.min(start + batch, count), wall = performance.now(), cpu = process.cpuUsage();
      await read(start, end);
      const taken = performance.now() - wall, used = process.cpuUsage(cpu);
      seconds.push([taken / 1e3 / (end - start), (used.user + used.system) / 1e6 / (end - start)]);
    }
    answer(seconds);
  }
};
main().catch((error) => { console.error(String(error).split("\\n")[0]); process.exit(1); });
"""

FACE_API = """
  const { nets } = require("@vladmandic/face-api/dist/face-api.node-wasm.js");
  const home = path.dirname(require.resolve("@vladmandic/face-api/package.json"));
  await nets.faceExpressionNet.loadFromDisk(path.join(home, "model"));
  const read = async (start, end) => {
    const inputs = tf.tidy(() => tf.unstack(tf.image.grayscaleToRGB(grays(start, end))));
    const scores = await nets.faceExpressionNet.predictExpressions(inputs);
    tf.dispose(inputs);
    return scores.map((score) => score.asSortedArray()[0].expression);
  };
"""

# What src/gear/emotion.ts does with a face that its detector has cut out, for a batch: it takes one face at a time itself.
HUMAN = """
  const home = path.join(process.cwd(), "node_modules/@vladmandic/human/models");  // it exports no path to them
  const stored = JSON.parse(fs.readFileSync(path.join(home, "emotion.json")));
  const weights = fs.readFileSync(path.join(home, "emotion.bin"));
  const model = await tf.loadGraphModel({ load: async () => ({
    modelTopology: stored.modelTopology, weightSpecs: stored.weightsManifest.flatMap((group) => group.weights),
    weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.byteLength) }) });
  const classes = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"];
  const read = async (start, end) => {
    const best = tf.tidy(() => {
      const resized = tf.image.resizeBilinear(grays(start, end), [64, 64], false);
      return model.execute(resized.div(255).sub(0.5).mul(2)).argMax(1);
    });
    const codes = Array.from(await best.data());
    best.dispose();
    return codes.map((code) => classes[code]);
  };
"""


# Its module makes its detector and a banner along with its classifier.
PYEMOTION = """
import functools
sys.modules["facenet_pytorch"] = types.SimpleNamespace(MTCNN=lambda **options: None)
sys.modules["art"] = types.ModuleType("art")
sys.modules["termcolor"] = types.SimpleNamespace(colored=str, cprint=print)
torch.load = functools.partial(torch.load, weights_only=False)
from PyEmotion.main import DetectFace
classifier = DetectFace("cpu")
def read(faces):
    with torch.inference_mode():
        scores = classifier.network(torch.stack([classifier.transform(face) for face in faces]))
    return [classifier.emotions[int(i)] for i in scores.argmax(1)]
"""


@dataclass(frozen=True)
class Peer:
    """A package to compare with.

    Attributes:
        worker: the program that runs it, or its part that goes into ``PYTHON_WORKER``; it doesn't import mien.
        bare: the package, pinned, and what else is installed without its dependencies.
        needs: what is installed with its dependencies.
        batches: it takes more than one face a call.
        learned_from: what the package says that it learned from.
    """

    worker: str
    bare: tuple[str, ...]
    needs: tuple[str, ...]
    batches: bool = True
    learned_from: str = "not stated"

    @property
    def on_node(self) -> bool:
        """Whether it is a package of npm."""
        return self.worker in (FACE_API, HUMAN)


_OPENCV = ("numpy==2.2.6", "opencv-python-headless==4.12.0.88")
_PACKAGES = ("pillow==12.0.0", "setuptools==80.9.0")
_TFJS = ("@tensorflow/tfjs@4.22.0", "@tensorflow/tfjs-backend-wasm@4.22.0")
_LITERT = ("ai-edge-litert==2.3.0", *_OPENCV)
# On Linux, PyPI's torch brings gigabytes of CUDA: PIP_EXTRA_INDEX_URL can name PyTorch's index of builds for the CPU.
_TORCH, _VISION = ("torch==2.13.0", *_OPENCV, *_PACKAGES), "torchvision==0.28.0"

PEERS = {
    "fer": Peer(TFLITE + FER, ("fer==25.10.3",), ("requests==2.32.5", *_LITERT, *_PACKAGES)),
    "human": Peer(HUMAN, ("@vladmandic/human@3.3.6",), _TFJS),
    "face-api": Peer(FACE_API, ("@vladmandic/face-api@1.7.15",), _TFJS),
    "what-the-face": Peer(
        VISION + WHAT_THE_FACE,
        ("what-the-face-classification==0.0.27", _VISION),
        _TORCH,
        learned_from="FER2013 and CK+",
    ),
    "facial-emotion-recognition": Peer(VISION + FACIAL, ("facial-emotion-recognition==0.3.4", _VISION), _TORCH),
    "PyEmotion": Peer(VISION + PYEMOTION, ("PyEmotion==1.0.0", _VISION), _TORCH),
    "facex": Peer(TFLITE + FACEX, ("facex==1.1.0",), ("scikit-image==0.25.2", *_LITERT), batches=False),
}


class ContenderError(Exception):
    """A contender that can't be installed or run; the message is what a program said last."""

    def __init__(self, errors: str, code: int) -> None:
        lines = [line for line in errors.splitlines() if line.strip() and "log of this run" not in line]
        super().__init__(f"{lines[-1].strip()[:160] if lines else 'no word'} (exit status {code})")


def run(*command: object) -> None:
    """Run a program that says nothing unless it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise ContenderError(done.stderr, done.returncode)


def install(name: str, folder: Path) -> Path:
    """Make a peer's environment, unless it is there."""
    peer, home = PEERS[name], folder.absolute() / f"peer-{name}"
    wanted, done = "\n".join([*peer.bare, *peer.needs]), home / "installed.txt"
    if done.is_file() and done.read_text() == wanted:
        return home
    print(f"installing {peer.bare[0]} in {home}", file=sys.stderr)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    if peer.on_node:
        run("npm", "install", "--prefix", home, "--ignore-scripts", *peer.bare, *peer.needs)
    else:
        run(sys.executable, "-m", "venv", home)
        # As published, fer alone brings 3.6 GB: TensorFlow for its interpreter, PyTorch for another face detector.
        run(home / "bin" / "pip", "install", "--no-deps", *peer.bare)
        run(home / "bin" / "pip", "install", *peer.needs)
    done.write_text(wanted)
    return home


class Contender:
    """A process that names the expression of each face, then takes requests for timings."""

    def __init__(self, command: list[str], folder: Path | None = None, batches: Iterable[int] = CALLS) -> None:
        self.seconds: dict[int, list[list[float]]] = {batch: [] for batch in batches}
        env = os.environ | {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
        self._errors = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 # open as long as the process
        self._process = subprocess.Popen(
            command, stdin=PIPE, stdout=PIPE, stderr=self._errors, cwd=folder, env=env, text=True
        )

    def answer(self, request: str = "") -> Any:
        """What it answers to a request, at first to none."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # then no answer comes either
            self._process.stdin.write(request)
            self._process.stdin.flush()
        if line := self._process.stdout.readline():
            return json.loads(line)
        code = self._process.wait()
        self._errors.seek(0)
        raise ContenderError(self._errors.read(), code)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()


def start(name: str, crops: Path, folder: Path) -> Contender:
    """Start a peer or a model of mien's."""
    if name not in PEERS:
        return Contender([sys.executable, "-c", PYTHON_WORKER.replace("{load}", MIEN), str(crops), name])
    peer, home = PEERS[name], install(name, folder)
    if peer.on_node:
        return Contender(["node", "-e", NODE_WORKER.replace("{load}", peer.worker), str(crops)], home)
    command = [str(home / "bin" / "python"), "-I", "-c", PYTHON_WORKER.replace("{load}", peer.worker), str(crops)]
    return Contender(command, home, CALLS if peer.batches else (1,))


def label(name: str) -> str:
    """A contender's name in tables: with its version, or as one of mien's."""
    return f"{name} {re.split('==|@', PEERS[name].bare[0])[-1]}" if name in PEERS else f"mien {name}"
