"""`refine` on swaps of an independent tool: detail kept, tone reached; one line for each picture.

    python scripts/measure_refine.py DATA OUT [--count 12]

DATA holds ``portraits/index.csv``. Each triple lays one portrait of ``val`` over another by thin plates through landmarks
and an estimated hairline, in other colours, under a soft mask. OUT shows real people: publish none of it.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from aotface.colour_space import srgb_to_lab
from aotface.compose.pipeline import refine
from aotface.datasets.portraits import read_portraits
from aotface.face.align import crop_matrix, invert
from aotface.face.detect import detect
from aotface.face.parse import visible_at
from aotface.media.image import read_image
from aotface.options import DEFAULTS
from aotface.types import Face, Frame, Mask

SEED, LONGEST = 11, 640
OVAL_STEP = 7


def main() -> None:
    """Measure all triples."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=12)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    folder = asked.data / "portraits"
    rows = read_portraits(folder)
    rng = np.random.default_rng(SEED)
    print("| triple | fine detail | correlation | tone before | tone after |\n|---|---:|---:|---:|---:|")
    for number in range(asked.count):
        first, second = (rows[k] for k in rng.choice(len(rows), 2, replace=False))
        seed = int(rng.integers(1 << 30))
        frames = [_small(read_image(folder / row.file).frame) for row in (first, second)]
        faces = [detect(frame)[:1] for frame in frames]
        if not all(faces):
            continue
        target, face = frames[1], faces[1][0]
        swapped, mask = _swap(frames[0], faces[0][0], target, face, seed)
        done = refine(swapped, target, DEFAULTS, mark=False).frame
        where, skin = mask > 0.02, _skin(target, face) * mask > 0.9
        detail = [_fine(one)[where] for one in (done, swapped)]
        ratio = float(np.sqrt((detail[0] ** 2).mean() / (detail[1] ** 2).mean()))
        alike = float(np.corrcoef(*detail)[0, 1])
        tones = [
            srgb_to_lab(one[skin].astype(np.float32) / 255).mean(axis=0) for one in (swapped, done, target)
        ]
        apart = [float(np.linalg.norm(tone - tones[2])) for tone in tones[:2]]
        print(f"| {number} | {ratio:.3f} | {alike:.3f} | {apart[0]:.1f} | {apart[1]:.2f} |", flush=True)
        sheet = np.hstack([target, swapped, done])
        cv2.imwrite(str(asked.out / f"{number:02d}.png"), sheet[..., ::-1])


def _small(frame: Frame) -> Frame:
    scale = LONGEST / max(frame.shape[:2])
    if scale >= 1:
        return frame
    return np.asarray(cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def _swap(source: Frame, own: Face, target: Frame, face: Face, seed: int) -> tuple[Frame, Mask]:
    """Another tool's swap, and where it shows."""
    rng = np.random.default_rng(seed)
    here, there = (_points(one) for one in (own, face))
    height, width = target.shape[:2]
    grid = 96
    x, y = np.meshgrid(np.linspace(0, width - 1, grid), np.linspace(0, height - 1, grid))
    spline = RBFInterpolator(there, here, kernel="thin_plate_spline", smoothing=1.0)
    places = spline(np.stack([x.ravel(), y.ravel()], axis=1)).reshape(grid, grid, 2).astype(np.float32)
    large = cv2.resize(places, (width, height), interpolation=cv2.INTER_CUBIC)
    warped = cv2.remap(source, large[..., 0], large[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    gains, gamma = rng.uniform(0.8, 1.2, 3), rng.uniform(0.85, 1.2)
    other = np.clip((warped / 255) ** gamma * gains * rng.uniform(0.8, 1.15), 0, 1)
    hull = cv2.convexHull(np.round(there).astype(np.int32))
    filled = cv2.fillConvexPoly(np.zeros((height, width), np.float32), hull, (1.0,))
    size = float(np.ptp(there[:, 1]))
    mask = np.clip(2 * cv2.GaussianBlur(filled, (0, 0), 0.03 * size) - 1, 0, 1)
    laid = target / 255 + mask[..., None] * (other - target / 255)
    return np.rint(np.clip(laid, 0, 1) * 255).astype(np.uint8), mask


def _points(face: Face) -> np.ndarray:
    """Some landmarks, and a hairline above the mesh's edge."""
    points = face.landmarks[:, :2].astype(np.float64)
    up = 0.28 * (points[10] - points[168])
    rim = points[[54, 67, 109, 10, 338, 297, 284]]
    return np.concatenate([points[::OVAL_STEP], rim + up, points[[152, 234, 454]]])


def _skin(target: Frame, face: Face) -> Mask:
    """Visible skin of the mesh, in the frame."""
    back = invert(crop_matrix(face.landmarks))
    size = target.shape[1::-1]
    hull = cv2.convexHull(np.round(face.landmarks[:, :2]).astype(np.int32))
    mesh = cv2.fillConvexPoly(np.zeros(target.shape[:2], np.float32), hull, (1.0,))
    return np.asarray(mesh * cv2.warpAffine(visible_at(target, face), back, size), np.float32)


def _fine(frame: Frame) -> np.ndarray:
    luma = frame.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return np.asarray(luma - cv2.GaussianBlur(luma, (0, 0), 1.4))


if __name__ == "__main__":
    main()
