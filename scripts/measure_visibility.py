"""Measure the visibility network, and the rules of `face/parse.py`, on the test set drawn by hand.

    python scripts/measure_visibility.py --data DATA --out OUTSIDE_THE_REPOSITORY [--weights FILE.onnx]

Writes ``measured.json`` and ``sheet.png`` (picture, rules, network); the sheet shows real faces.
"""

import argparse
import json
import time
from pathlib import Path

import cv2
import numpy as np

from aotface.face.align import align, invert
from aotface.face.detect import detect
from aotface.face.hands import covered_by_hands
from aotface.face.render import render
from aotface.face.visibility.classes import Surface
from aotface.face.visibility.network import VisibilityNetwork
from aotface.face.visibility.view import VIEW_SIDE, compose, cut
from aotface.media.image import read_image
from aotface.training.visibility.hand_labels import Labels, read_hand_labels
from aotface.training.visibility.labels import EVERY
from aotface.training.visibility.measure import GROUPS, confusion, iou, judge_frames
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
    parser.add_argument(
        "--threshold", type=float, default=0.5, help="probability from which a pixel is frame"
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    network, rows, tiles = VisibilityNetwork(options.weights), [], []
    for labels in read_hand_labels(TEST_SET):
        row, tile = measure(options.data, labels, network, options.threshold)
        rows.append(row)
        tiles.append(tile)
    found = summary(rows) | {"pictures": rows}
    (options.out / "measured.json").write_text(json.dumps(found, indent=1))
    print(json.dumps({k: v for k, v in found.items() if k != "pictures"}, indent=1))
    for first in range(0, len(tiles), 8):
        part = tiles[first : first + 8] + [np.zeros_like(tiles[0])] * (-len(tiles[first : first + 8]) % 2)
        sheet = np.vstack([np.hstack(part[i : i + 2]) for i in range(0, len(part), 2)])
        cv2.imwrite(str(options.out / f"sheet{first // 8}.png"), sheet[..., ::-1])


def measure(
    data: Path, labels: Labels, network: VisibilityNetwork, threshold: float
) -> tuple[dict, np.ndarray]:
    frame = read_image(data / labels.file).frame
    view = cut(frame, labels.matrix)
    began = time.process_time()
    planes = network.probabilities(view)
    seconds = time.process_time() - began
    face = min(detect(frame), key=lambda one: distance(one, labels))
    rules, mesh = rules_in_view(frame, face, labels)
    row: dict = {
        "file": labels.file,
        "milliseconds": round(seconds * 1e3, 1),
        "counts": confusion(planes, labels.sets),
    }
    # on the mesh alone, where the rules speak: they know covered (hair, hand, cover) from not covered, and no more
    sets = np.where(mesh, labels.sets, np.uint16(EVERY))
    row["on_mesh"] = confusion(planes, sets)
    row["rules_on_mesh"] = confusion(two_planes(np.maximum(rules["hair"], rules["hands"]), planes), sets)
    if labels.strokes or labels.areas:
        ours = planes[Surface.FRAME] + planes[Surface.COVER] * (planes[-1] > 0.5) > threshold
        for name, covered in (("network", ours), ("rules", rules["glasses"] > 0.5)):
            judged = judge_frames(covered, labels, mesh)
            row[name] = {"kept": judged.kept, "gap": judged.gap, "false": judged.false, "whole": judged.whole}
    return row, tile_of(view, rules, planes, row)


def distance(face: Face, labels: Labels) -> float:
    middle = face.landmarks[:, :2].mean(axis=0) @ labels.matrix[:, :2].T + labels.matrix[:, 2]
    return float(np.linalg.norm(middle - VIEW_SIDE / 2))


def rules_in_view(frame: np.ndarray, face: Face, labels: Labels) -> tuple[dict[str, np.ndarray], np.ndarray]:
    aligned = align(frame, face, 256)
    geometry = render(aligned.landmarks, 256)
    matrix = compose(labels.matrix, invert(aligned.matrix))
    rules = {"glasses": covered_by_glasses, "hair": covered_by_hair, "hands": covered_by_hands}
    size = (VIEW_SIDE, VIEW_SIDE)
    planes = {
        name: cv2.warpAffine(rule(aligned.crop, aligned.landmarks, geometry), matrix, size)
        for name, rule in rules.items()
    }
    return planes, cv2.warpAffine(geometry.mask, matrix, size) > 0.5


def two_planes(covered: np.ndarray, like: np.ndarray) -> np.ndarray:
    planes = np.zeros_like(like)
    planes[Surface.HAIR], planes[Surface.SKIN] = covered, 1 - covered
    return planes


def summary(rows: list[dict]) -> dict:
    found: dict = {"milliseconds": float(np.median([row["milliseconds"] for row in rows]))}
    for name in ("counts", "on_mesh", "rules_on_mesh"):
        found[f"iou of {name}"] = {
            group: round(iou([row[name][group] for row in rows]), 3) for group in GROUPS
        }
    wearers = [row for row in rows if "network" in row]
    for name in ("network", "rules"):
        found[name] = {
            "wearers": len(wearers),
            "whole": sum(row[name]["whole"] for row in wearers),
            "kept_median": round(float(np.median([row[name]["kept"] for row in wearers])), 3),
            "kept_mean": round(float(np.mean([row[name]["kept"] for row in wearers])), 3),
            "false_median": round(float(np.median([row[name]["false"] for row in wearers])), 3),
        }
    return found


COLOURS = np.array(
    [
        [60, 60, 60], [230, 180, 150], [120, 60, 20], [255, 255, 255], [255, 60, 90], [120, 0, 0],
        [40, 40, 200], [0, 255, 255], [0, 120, 0], [255, 160, 0], [255, 0, 255],
    ]
)  # fmt: skip


def tile_of(view: np.ndarray, rules: dict[str, np.ndarray], planes: np.ndarray, row: dict) -> np.ndarray:
    picture = (view * 255).astype(np.uint8)
    by_rules = picture // 3
    by_rules[rules["glasses"] > 0.5] = COLOURS[Surface.FRAME]
    by_rules[rules["hair"] > 0.5] = COLOURS[Surface.HAIR]
    by_rules[rules["hands"] > 0.5] = COLOURS[Surface.HAND]
    ours = COLOURS[planes[: len(Surface)].argmax(axis=0)].astype(np.float64)
    ours[planes[-1] > 0.5] = ours[planes[-1] > 0.5] * 0.65 + [0, 80, 0]
    tile = np.ascontiguousarray(np.hstack([picture, by_rules, ours.astype(np.uint8)]))
    if "network" in row:
        words = f"rules {row['rules']['kept']:.2f}  network {row['network']['kept']:.2f} gap {row['network']['gap']:.0f}"
        cv2.putText(tile, words, (260, 250), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 0), 1)
    cv2.putText(
        tile, row["file"].split("/")[-1][:20], (2, 250), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 0), 1
    )
    return tile


if __name__ == "__main__":
    main()
