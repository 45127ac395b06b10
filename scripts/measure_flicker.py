"""What changes from frame to frame beyond the target's own motion; prints a Markdown table.

    python scripts/measure_flicker.py SOURCE CLIP... [--seconds 2] [--only aot mkl-alone]

SOURCE is a picture. Nothing is written.
"""

import argparse
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np
from measure_video import row, table

from aotface.media.image import read_image
from aotface.metrics.temporal import backward_flow, warped_de
from aotface.options import Options
from aotface.video import averaged
from aotface.video import render as video
from aotface.video.plan import open_clip
from aotface.video.quantise import quantise_towards_previous


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, help="of each clip; all of it when left out")
    parser.add_argument(
        "--only", nargs="*", metavar="WAY", help="as aot or mkl-alone: not all that are compared"
    )
    asked = parser.parse_args()
    flicker(asked.clips, asked)


def flicker(clips: list[Path], asked: argparse.Namespace) -> None:
    """Change from frame to frame along the target's motion, inside the face, and its ratio to the target's own."""
    prepared = video.prepare_source(read_image(asked.source).frame, "largest")
    ways = [("aot", True), ("aot", False), ("mkl", True), ("mkl", False), ("reinhard", False)]
    ways = [way for way in ways if not asked.only or f"{way[0]}{'' if way[1] else '-alone'}" in asked.only]
    table("clip", "frames", "target's own", *(f"`{t}`{'' if s else ', each frame alone'}" for t, s in ways))
    for path in clips:
        clip = open_clip(path, None, asked.seconds)
        tracks = video.analyse(clip)
        targets = [shown(frame) for frame in clip.frames()]
        masks = [face_mask(tracks, i, frame.shape) for i, frame in enumerate(targets)]
        flows = [backward_flow(now, before) for before, now in pairwise(targets)]
        own = change(targets, flows, masks)
        cells = []
        for transfer, steadied in ways:
            scene = video.make_scene(clip, tracks, prepared, Options(transfer=transfer), mark=False)
            frames = made_frames(scene, steadied)
            found = change(frames, flows, masks)
            cells.append(f"{found:.2f} ({found / own:.2f})")
        row(path.name, str(len(targets)), f"{own:.2f}", *cells)


def made_frames(scene: video.Scene, steadied: bool) -> list[np.ndarray]:
    """Finished frames; without steadying, what is averaged over time is each frame's own, and it is rounded by itself."""
    if steadied:
        return [shown(frame) for frame in video.render_frames(scene, scene.clip.first, scene.clip.last)]
    with ExitStack() as patches:
        for name in ("temporal_filter", "filter_mask"):
            patches.enter_context(mock.patch.object(averaged, name, middle))
        patches.enter_context(mock.patch.object(video, "quantise_towards_previous", unmoved))
        return made_frames(scene, True)


def middle(values: list, lights: list) -> Any:
    """In place of a filter: the frame's own."""
    return values[len(values) // 2]


def unmoved(before: Any, *more: Any) -> Any:
    """In place of rounding towards the frame before."""
    return quantise_towards_previous(None, *more)


def shown(frame: Any) -> np.ndarray:
    rgb = frame.rgb
    return (rgb / np.float32(np.iinfo(rgb.dtype).max)).astype(np.float32)


def face_mask(tracks: Any, index: int, shape: tuple[int, ...]) -> np.ndarray | None:
    """The hull of the largest face; None where it is away."""
    faces = [face for track, face in tracks.faces_at(index) if track == 0]
    if not faces:
        return None
    mask = np.zeros(shape[:2], np.uint8)
    hull = cv2.convexHull(np.rint(faces[0].landmarks[:, :2]).astype(np.int32))
    cv2.fillConvexPoly(mask, hull, 255)
    return mask.astype(np.float32) / 255


def change(frames: list[np.ndarray], flows: list[np.ndarray], masks: list[np.ndarray | None]) -> float:
    steps = [
        warped_de(frames[i + 1], frames[i], flow, masks[i + 1])
        for i, flow in enumerate(flows)
        if masks[i] is not None and masks[i + 1] is not None
    ]
    return float(np.mean(steps))


if __name__ == "__main__":
    main()
