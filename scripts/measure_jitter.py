"""Jitter of the followed landmarks in videos: how much they shake where the face rests.

    python scripts/measure_jitter.py VIDEO...

Prints a row for each video's largest face: frames followed, and the median second difference of its landmarks, in
thousandths of the distance between the outer corners of the eyes, over the still 30 % of its frames and over all of them.
"""

import sys
from pathlib import Path

import numpy as np

from aotface.video.plan import open_clip
from aotface.video.render import analyse

STILL = 0.3
"""Share of the frames, those with the least motion, that count as still."""

SECONDS = 2.0
"""How much of each video is looked at."""


def jitter(landmarks: np.ndarray, frames: np.ndarray) -> tuple[float, float]:
    """In the still frames, and in all, for landmarks of n x 468 x 2 pixels."""
    eyes = np.linalg.norm(landmarks[:, 33] - landmarks[:, 263], axis=1).mean()
    whole = frames[2:] - frames[:-2] == 2
    speed = np.abs(landmarks[2:] - landmarks[:-2]).mean((1, 2))[whole]
    second = np.linalg.norm(landmarks[2:] - 2 * landmarks[1:-1] + landmarks[:-2], axis=2).mean(1)[whole]
    still = second[speed <= np.quantile(speed, STILL)]
    return float(np.median(still) / eyes * 1000), float(np.median(second) / eyes * 1000)


if __name__ == "__main__":
    print("| video | frames | followed | still | all |\n|---|---:|---:|---:|---:|")
    for name in sys.argv[1:]:
        tracks = analyse(open_clip(Path(name), None, SECONDS))
        face = tracks.tracks[0]
        still, every = jitter(face.landmarks[..., :2].astype(np.float64), face.frames)
        print(f"| {Path(name).name} | {tracks.count} | {len(face.frames)} | {still:.2f} | {every:.2f} |")
