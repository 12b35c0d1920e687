"""How fast photos and clips are read from start to exit: one photo, a folder, a video; and fer on the same photos.

    python -m benchmarks.photo_speed [--num 500] [--json FILE] [--fer PYTHON --data FER2013]

The photos are drawn faces in soft 1280x720 backgrounds, as JPEG. ``--fer`` names an interpreter that has the package fer (and what
it needs): it then finds and reads the faces of PublicTest in scenes (``through_detection.scene``), and mien does so too, one
after the other. A face counts as found where the centre of a box lies on it; other boxes are false.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))

import numpy as np
from benchmarks import through_detection
from benchmarks.circumstances import circumstances

import mien
import scenes
from mien import files
from mien.emotions import EMOTIONS

FER = """
import sys, time, json, glob
import cv2
from fer.fer import FER
detector = FER()
def read(path):
    return [(x, y, x + w, y + h) for x, y, w, h in (r["box"] for r in detector.detect_emotions(cv2.imread(path)))]
"""

MIEN = """
import sys, time, json, glob
import mien
reader = mien.Reader("base")
def read(path):
    return [face.box for face in reader.analyze(path)]
"""

TURN = """
paths = sorted(glob.glob(sys.argv[1] + "/*.jpg"))
read(paths[0])
started = time.perf_counter()
boxes = [[[float(side) for side in box] for box in read(path)] for path in paths]
print(json.dumps({"seconds": time.perf_counter() - started, "boxes": boxes}))
"""


def beside_fer(fer: str, data: Path, num: int = 400) -> dict[str, Any]:
    """Photos per second, faces found and false boxes of both, on the same scenes with one face each."""
    faces = mien.read(data).split("public_test").images
    centres = []
    with tempfile.TemporaryDirectory() as folder:
        for row in range(num):
            photo, back = through_detection.scene(faces[row], np.random.default_rng((0, row)))
            centres.append(np.linalg.solve(back[:, :2], np.array([24.0, 24.0]) - back[:, 2]))
            scenes.save(photo, Path(folder, f"{row:04}.jpg"), quality=95)
        result: dict[str, Any] = {"faces": num}
        for name, python, code in (("mien", sys.executable, MIEN), ("fer", fer, FER)):
            done = subprocess.run([python, "-c", code + TURN, folder], capture_output=True, text=True, check=True)
            answer = json.loads(done.stdout.splitlines()[-1])
            hits = [
                [np.hypot((b[0] + b[2]) / 2 - c[0], (b[1] + b[3]) / 2 - c[1]) < (b[2] - b[0]) / 2 for b in boxes]
                for boxes, c in zip(answer["boxes"], centres, strict=True)
            ]
            result[name] = {
                "photos_per_second": num / answer["seconds"],
                "found": sum(map(any, hits)) / num,
                "false_boxes": sum(len(hit) - any(hit) for hit in hits),
            }
    return result


def make_photos(folder: Path, num: int) -> int:
    """Write the photos, one to three faces each; returns how many faces there are."""
    sizes = (90, 140, 200, 260)
    faces = {(e, side): scenes.face(e, side, 3 + n) for n, e in enumerate(EMOTIONS) for side in sizes}
    total = 0
    for number in range(num):
        photo = scenes.background(1280, 720, number % 20)
        for place in range(1 + number % 3):
            side = sizes[(number + place) % 4]
            scenes.paste(photo, faces[EMOTIONS[(number + place) % 7], side], 60 + 410 * place, 80 + 37 * (number % 9))
            total += 1
        scenes.save(photo, folder / f"{number:04}.jpg", quality=90)
    return total


def run(*command: str | Path) -> dict[str, float]:
    """Seconds, processor seconds and peak memory (MiB) of a command, from start to exit."""
    started = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} failed")
    return {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024,
    }


def measure(num: int) -> dict[str, Any]:
    """All of it, one after the other."""
    command = Path(sys.executable).with_name("mien")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "photos")
        folder.mkdir()
        num_faces = make_photos(folder, num)
        first = folder / "0000.jpg"
        run(command, "predict", first)  # warms the disk's cache
        one = min((run(command, "predict", first) for _ in range(5)), key=lambda result: result["cpu_seconds"])
        out = Path(name, "rows.jsonl")
        many = run(command, "predict", folder, "-o", out)
        found = sum(json.loads(line)["status"] == "face" for line in out.read_text().splitlines())
        background, face = scenes.background(1280, 720, 1), scenes.face("happy", 240)

        def frames(number: int) -> scenes.Pixels:
            photo = background.copy()
            scenes.paste(photo, face, 200 + 2 * number, 200)
            return photo

        clip = scenes.clip(Path(name, "clip.mp4"), (frames(number) for number in range(300)))
        video = run(command, "video", clip, "-o", Path(name, "video.jsonl"))
        result: dict[str, Any] = {
            **circumstances("base"),
            "one_photo": one,
            "folder": many
            | {"photos": num, "photos_per_second": num / many["seconds"], "faces": num_faces, "found": found},
            "video_720p": video | {"frames": 300, "frames_per_second": 300 / video["seconds"]},
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num", type=int, default=500)
    parser.add_argument("--fer", help="an interpreter with the package fer")
    parser.add_argument("--data", type=Path, help="FER2013, for its faces")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if bool(arguments.fer) != bool(arguments.data):
        parser.error("--fer and --data go together")
    result = measure(arguments.num)
    if arguments.fer:
        result["beside_fer"] = beside_fer(arguments.fer, arguments.data)
    text = json.dumps(result, indent=2)
    print(text)
    if arguments.json:
        files.write_text(arguments.json, text + "\n")


if __name__ == "__main__":
    main()
