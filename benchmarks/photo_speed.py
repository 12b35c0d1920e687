"""How fast photos and clips are read from start to exit: one photo, a folder, a video; and fer on the same photos.

    python -m benchmarks.photo_speed [--num 500] [--fer PYTHON] [--json FILE]

The photos are drawn faces in soft 1280x720 backgrounds, as JPEG. ``--fer`` names an interpreter that has the package fer; it
then finds and reads faces in the first 100 photos, and mien does so too, one after the other.
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

import scenes
from mien import files
from mien.emotions import EMOTIONS
from mien.training.run import processor

FER = """
import sys, time, json, glob, os
import cv2
from fer.fer import FER
detector = FER()
paths = sorted(glob.glob(sys.argv[1] + "/*.jpg"))[:100]
detector.detect_emotions(cv2.imread(paths[0]))
started = time.perf_counter()
found = sum(len(detector.detect_emotions(cv2.imread(path))) for path in paths)
print(json.dumps({"photos_per_second": len(paths) / (time.perf_counter() - started), "found": found}))
"""

MIEN = """
import sys, time, json, glob
import mien
reader = mien.Reader("base")
paths = sorted(glob.glob(sys.argv[1] + "/*.jpg"))[:100]
reader.analyze(paths[0])
started = time.perf_counter()
found = sum(len(reader.analyze(path)) for path in paths)
print(json.dumps({"photos_per_second": len(paths) / (time.perf_counter() - started), "found": found}))
"""


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


def measure(num: int, fer: str | None) -> dict[str, Any]:
    """All of it, one after the other."""
    mien = Path(sys.executable).with_name("mien")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "photos")
        folder.mkdir()
        num_faces = make_photos(folder, num)
        first = folder / "0000.jpg"
        run(mien, "predict", first)  # warms the disk's cache
        one = min((run(mien, "predict", first) for _ in range(5)), key=lambda result: result["cpu_seconds"])
        out = Path(name, "rows.jsonl")
        many = run(mien, "predict", folder, "-o", out)
        found = sum(json.loads(line)["status"] == "face" for line in out.read_text().splitlines())
        background, face = scenes.background(1280, 720, 1), scenes.face("happy", 240)

        def frames(number: int) -> scenes.Pixels:
            photo = background.copy()
            scenes.paste(photo, face, 200 + 2 * number, 200)
            return photo

        clip = scenes.clip(Path(name, "clip.mp4"), (frames(number) for number in range(300)))
        video = run(mien, "video", clip, "-o", Path(name, "video.jsonl"))
        result: dict[str, Any] = {
            "date": time.strftime("%Y-%m-%d"),
            "processor": processor(),
            "cores": os.cpu_count(),
            "one_photo": one,
            "folder": many
            | {"photos": num, "photos_per_second": num / many["seconds"], "faces": num_faces, "found": found},
            "video_720p": video | {"frames": 300, "frames_per_second": 300 / video["seconds"]},
        }
        if fer:
            for key, python, code in (("mien", sys.executable, MIEN), ("fer", fer, FER)):
                done = subprocess.run([python, "-c", code, folder], capture_output=True, text=True, check=True)
                result[key] = json.loads(done.stdout.splitlines()[-1])
            result["faces_in_100"] = sum(1 + number % 3 for number in range(100))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num", type=int, default=500)
    parser.add_argument("--fer", help="an interpreter with the package fer")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    result = measure(arguments.num, arguments.fer)
    text = json.dumps(result, indent=2)
    print(text)
    if arguments.json:
        files.write_text(arguments.json, text + "\n")


if __name__ == "__main__":
    main()
