"""Measure the visibility network on the test set drawn by hand.

    python scripts/measure_visibility.py --data DATA --out OUTSIDE_THE_REPOSITORY [--weights FILE.onnx]

Writes ``measured.json`` and ``sheet.png`` (picture, what stays in front, surfaces); the sheet shows real faces.
"""

import argparse
import json
import time
from pathlib import Path

import cv2
import numpy as np

from aotface.face.align import align, invert, transform_landmarks
from aotface.face.detect import detect
from aotface.face.parse import visible_at
from aotface.face.render import render
from aotface.face.visibility.classes import LENS, Surface
from aotface.face.visibility.fringe import with_fringe
from aotface.face.visibility.network import Visibility, VisibilityNetwork
from aotface.face.visibility.view import VIEW_SIDE, compose, cut
from aotface.media.image import read_image
from aotface.training.visibility.hand_labels import Labels, read_hand_labels
from aotface.training.visibility.labels import EVERY
from aotface.training.visibility.measure import GROUPS, confusion, frame_counts, iou, judge_frames
from aotface.types import Face

TEST_SET = Path(__file__).parents[1] / "tests/face/visibility/hand_labels.json"
TILE = 256


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--weights", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    network, rows, tiles = VisibilityNetwork(options.weights), [], []
    for labels in read_hand_labels(TEST_SET):
        row, tile = measure(options.data, labels, network)
        rows.append(row)
        tiles.append(tile)
    found = summary(rows) | {"pictures": rows}
    (options.out / "measured.json").write_text(json.dumps(found, indent=1))
    print(json.dumps({k: v for k, v in found.items() if k != "pictures"}, indent=1))
    for first in range(0, len(tiles), 8):
        part = tiles[first : first + 8] + [np.zeros_like(tiles[0])] * (-len(tiles[first : first + 8]) % 2)
        sheet = np.vstack([np.hstack(part[i : i + 2]) for i in range(0, len(part), 2)])
        cv2.imwrite(str(options.out / f"sheet{first // 8}.png"), sheet[..., ::-1])


def measure(data: Path, labels: Labels, network: VisibilityNetwork) -> tuple[dict, np.ndarray]:
    frame = read_image(data / labels.file).frame
    view = cut(frame, labels.matrix)
    began = time.process_time()
    planes = network.probabilities(view)
    seconds = time.process_time() - began
    face = min(detect(frame), key=lambda one: distance(one, labels))
    planes = with_fringe(planes, view, transform_landmarks(face.landmarks, labels.matrix))
    mesh = mesh_in_view(frame, face, labels)
    sets = np.where(mesh, labels.sets, np.uint16(EVERY))
    seen = Visibility(planes, labels.matrix)
    row: dict = {
        "file": labels.file,
        "milliseconds": round(seconds * 1e3, 1),
        "counts": confusion(planes, labels.sets),
        "on_mesh": confusion(planes, sets),
    }
    if labels.strokes or labels.areas:
        front = front_in_view(frame, face, labels)
        judged = judge_frames(front > 0.5, labels, mesh)
        row["frame"] = {"kept": judged.kept, "gap": judged.gap, "false": judged.false, "whole": judged.whole}
        called = {"likeliest": planes[: len(Surface)].argmax(axis=0) == Surface.FRAME}
        called["kept in front"] = (front > 0.5) & (seen.spectacles > 0)
        row["frame counts"] = {
            f"{name}, edge of {reach:.0f} px": frame_counts(region, labels, reach)
            for name, region in called.items()
            for reach in (0.0, 1.0)
        }
    return row, tile_of(view, seen, row)


def distance(face: Face, labels: Labels) -> float:
    middle = face.landmarks[:, :2].mean(axis=0) @ labels.matrix[:, :2].T + labels.matrix[:, 2]
    return float(np.linalg.norm(middle - VIEW_SIDE / 2))


def mesh_in_view(frame: np.ndarray, face: Face, labels: Labels) -> np.ndarray:
    aligned = align(frame, face, 256)
    geometry = render(aligned.landmarks, 256)
    matrix = compose(labels.matrix, invert(aligned.matrix))
    return cv2.warpAffine(geometry.mask, matrix, (VIEW_SIDE, VIEW_SIDE)) > 0.5


def front_in_view(frame: np.ndarray, face: Face, labels: Labels) -> np.ndarray:
    """What stays in front of a swapped face there, 0..1, of the mesh."""
    matrix = compose(labels.matrix, invert(align(frame, face, 256).matrix))
    return cv2.warpAffine(1 - visible_at(frame, face), matrix, (VIEW_SIDE, VIEW_SIDE))


def summary(rows: list[dict]) -> dict:
    found: dict = {"milliseconds": float(np.median([row["milliseconds"] for row in rows]))}
    for name in ("counts", "on_mesh"):
        found[f"iou of {name}"] = {
            group: round(iou([row[name][group] for row in rows]), 3) for group in GROUPS
        }
    frames = [row["frame"] for row in rows if "frame" in row]
    found["frames"] = {
        "wearers": len(frames),
        "whole": sum(row["whole"] for row in frames),
        "kept_median": round(float(np.median([row["kept"] for row in frames])), 3),
        "false_median": round(float(np.median([row["false"] for row in frames])), 3),
    }
    counts = [row["frame counts"] for row in rows if "frame counts" in row]
    found["iou of frames"] = {name: round(iou([one[name] for one in counts]), 3) for name in counts[0]}
    return found


COLOURS = np.array(
    [
        [60, 60, 60], [230, 180, 150], [120, 60, 20], [255, 255, 255], [255, 60, 90], [120, 0, 0],
        [40, 40, 200], [0, 255, 255], [0, 120, 0], [255, 160, 0], [255, 0, 255],
    ]
)  # fmt: skip


def tile_of(view: np.ndarray, seen: Visibility, row: dict) -> np.ndarray:
    """Picture, what stays in front, and the likeliest surfaces."""
    picture = (view * 255).astype(np.uint8)
    front = (view * 255 * (0.3 + 0.7 * np.maximum(seen.things, seen.frames)[..., None])).astype(np.uint8)
    named = COLOURS[seen.planes[: len(Surface)].argmax(axis=0)].astype(np.float64)
    named[seen.planes[LENS] > 0.5] = named[seen.planes[LENS] > 0.5] * 0.65 + [0, 80, 0]
    tile = np.ascontiguousarray(np.hstack([picture, front, named.astype(np.uint8)]))
    words = row["file"].split("/")[-1][:20]
    if "frame" in row:
        words += f"  kept {row['frame']['kept']:.2f} gap {row['frame']['gap']:.0f}"
    cv2.putText(tile, words, (2, 250), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 0), 1)
    return tile


if __name__ == "__main__":
    main()
