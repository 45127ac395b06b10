"""Measure the watermark on real pictures: how faithful the picture stays, how often the mark is read back.

    python scripts/measure_watermark.py --folder PICTURES --limit 200 --unmarked 1000

Prints a Markdown table. Every picture is marked once and damaged in each of the ways below; the unmarked
pictures are random crops of random size, half of them damaged in a random way as well.
"""

import argparse
import io
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from aotface.errors import InputError
from aotface.media.image import read_image
from aotface.provenance import watermark
from aotface.types import Frame

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"}
SMALLEST_CROP = 96


def encoded(frame: Frame, format: str, quality: int) -> Frame:
    stream = io.BytesIO()
    Image.fromarray(frame).save(stream, format, quality=quality)
    return np.asarray(Image.open(stream))


def jpeg(frame: Frame, quality: int) -> Frame:
    return encoded(frame, "JPEG", quality)


def resize(frame: Frame, factor: float) -> Frame:
    size = (round(frame.shape[1] * factor), round(frame.shape[0] * factor))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)


def crop(frame: Frame, share: float) -> Frame:
    height, width = (round(side * share) for side in frame.shape[:2])
    top, left = (frame.shape[0] - height) * 3 // 7, (frame.shape[1] - width) * 2 // 7
    return frame[top : top + height, left : left + width]


DAMAGES: dict[str, Callable[[Frame], Frame]] = {
    "none": lambda frame: frame,
    "JPEG 90": lambda frame: jpeg(frame, 90),
    "JPEG 75": lambda frame: jpeg(frame, 75),
    "JPEG 60": lambda frame: jpeg(frame, 60),
    "WebP 75": lambda frame: encoded(frame, "WEBP", 75),
    "brighter by 20, contrast x 0.8": lambda frame: cv2.convertScaleAbs(frame, alpha=0.8, beta=20),
    "half size": lambda frame: resize(frame, 0.5),
    "JPEG 75, then half size": lambda frame: resize(jpeg(frame, 75), 0.5),
    "half size, then JPEG 75": lambda frame: jpeg(resize(frame, 0.5), 75),
    "crop to 75 % of each side": lambda frame: crop(frame, 0.75),
    "crop to 50 %, JPEG 75": lambda frame: jpeg(crop(frame, 0.5), 75),
    "size x 0.83, JPEG 85": lambda frame: jpeg(resize(frame, 0.83), 85),
    "size x 1.37, crop to 60 %": lambda frame: crop(resize(frame, 1.37), 0.6),
    "mirrored": lambda frame: frame[:, ::-1],
    "turned by 2 degrees": lambda frame: np.asarray(
        Image.fromarray(frame).rotate(2, Image.Resampling.BICUBIC)
    ),
}


def pictures(folder: Path, limit: int, side: int | None, seed: int) -> list[Frame]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    np.random.default_rng(seed).shuffle(paths)
    found: list[Frame] = []
    for path in paths:
        if len(found) == limit:
            break
        try:
            frame = read_image(path).frame
        except InputError:
            continue
        if frame.dtype == np.uint8:
            found.append(resize(frame, side / min(frame.shape[:2])) if side else frame)
    return found


def psnr(before: Frame, after: Frame) -> float:
    error = np.mean((before.astype(np.float64) - after) ** 2)
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def measure_marked(frames: list[Frame]) -> None:
    scores: dict[str, list[float]] = {name: [] for name in DAMAGES}
    fidelity, seconds = [], []
    for frame in frames:
        start = time.process_time()
        marked = watermark.embed(frame)
        seconds.append((time.process_time() - start) / frame[..., 0].size * 1e6)
        fidelity.append(psnr(frame, marked))
        for name, damage in DAMAGES.items():
            scores[name].append(watermark.detect(damage(marked)).score)
    print(
        f"{len(frames)} pictures, PSNR mean {np.mean(fidelity):.1f} dB, lowest {min(fidelity):.1f} dB, ",
        end="",
    )
    print(f"marking {np.median(seconds):.3f} CPU seconds per megapixel (median)\n")
    print("| damage | read back | lowest score | median score |\n|---|---|---|---|")
    for name, values in scores.items():
        rate = np.mean(np.array(values) > watermark.THRESHOLD)
        print(f"| {name} | {100 * rate:.1f} % | {min(values):.1f} | {np.median(values):.1f} |")


def measure_unmarked(frames: list[Frame], number: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = []
    for _ in range(number):
        frame = frames[rng.integers(len(frames))]
        side = int(rng.integers(min(SMALLEST_CROP, min(frame.shape[:2])), min(frame.shape[:2]) + 1))
        top, left = (int(rng.integers(whole - side + 1)) for whole in frame.shape[:2])
        part = frame[top : top + side, left : left + side]
        if rng.random() < 0.5:
            part = list(DAMAGES.values())[rng.integers(len(DAMAGES))](part)
        scores.append(watermark.detect(part).score)
    alarms = sum(score > watermark.THRESHOLD for score in scores)
    print(f"\n{number} unmarked crops: {alarms} false alarms; highest score {max(scores):.2f}, ", end="")
    print(f"median {np.median(scores):.2f}, threshold {watermark.THRESHOLD}; ", end="")
    print(f"bound of the chance per picture {watermark.false_alarm(watermark.THRESHOLD):.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True, help="pictures, also in its subfolders")
    parser.add_argument("--limit", type=int, default=200, help="how many pictures to mark")
    parser.add_argument("--unmarked", type=int, default=1000, help="how many unmarked crops to try")
    parser.add_argument("--side", type=int, help="resize the pictures to this short side first")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    frames = pictures(options.folder, options.limit, options.side, options.seed)
    if not frames:
        parser.error(f"no 8-bit pictures in {options.folder}")
    measure_marked(frames)
    if options.unmarked:
        measure_unmarked(frames, options.unmarked, options.seed)


if __name__ == "__main__":
    main()
