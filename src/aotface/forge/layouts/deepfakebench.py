"""DeepfakeBench: aligned crops with masks and 81 landmarks, its JSON, its LMDB, and the lines that its configs need."""

import io
import json
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float, Int32

from aotface.errors import UsageError
from aotface.face.template import TEMPLATES, five_points, similarity_between
from aotface.forge.export import Export
from aotface.forge.plan import SPLITS
from aotface.forge.store import FRAMES, MASKS, StoredSample
from aotface.media.plain import png_of
from aotface.types import Landmarks, Matrix

SIDE, SCALE = 256, 1.3
"""Of its crops: pixels, and how much more than the template is shown."""

MOST = 32
"""Frames of a video; where there are more, they are spread evenly, because its reader takes the first."""

POINTS = (
    *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),  # jaw
    *(71, 63, 105, 66, 107, 336, 296, 334, 293, 301),  # brows
    *(168, 197, 5, 4, 75, 97, 2, 326, 305),  # nose
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # outer lips
    *(78, 82, 13, 312, 308, 317, 14, 87),  # inner lips
    *(127, 21, 54, 103, 67, 109, 10, 338, 297, 332, 284, 251, 356),  # forehead
)
"""Vertices of our mesh nearest to dlib's 68 points, and 13 along the forehead [ours]."""


def write(export: Export) -> None:
    """Write crops, JSON, LMDB and label lines.

    Raises:
        UsageError: the package lmdb is missing.

    Source: https://github.com/SCLBD/DeepfakeBench, layout only: nothing of its code.
    """
    files: dict[str, bytes] = {}
    videos: dict[str, list[str]] = {}
    for sample in export.samples:
        paths = videos.setdefault(sample.info.id, [])
        for number, made in enumerate(_crops(sample)):
            base = f"datasets/rgb/{export.name}/{sample.info.method or 'real'}"
            path = f"{base}/frames/{sample.info.id}/{number:03d}.png"
            paths.append(f"./{path}")
            named = (
                path,
                path.replace("frames", "masks"),
                path.replace("frames", "landmarks").replace(".png", ".npy"),
            )
            for name, data in zip(named, made, strict=True):
                export.write(name, data)
                files[f"./{name}"] = data
    for name, methods in _sets(export).items():
        text = json.dumps(_index(export, name, methods, videos), indent=1)
        export.write(f"dataset_json/{name}.json", (text + "\n").encode())
    _write_lmdb(export, files)
    lines = [f"  {export.name}_Real: 0\n", f"  {export.name}_Fake: 1\n"]
    said = "Add to label_dict of training/config/train_config.yaml and test_config.yaml:\n"
    export.write("label_dict.txt", (said + "".join(lines)).encode())


def _sets(export: Export) -> dict[str, list[str]]:
    """All methods under the name of the set, and each by itself."""
    return {export.name: export.methods} | {
        f"{export.name}_{m.replace('-', '_')}": [m] for m in export.methods
    }


def _index(export: Export, name: str, methods: list[str], videos: dict[str, list[str]]) -> dict[str, Any]:
    labels: dict[str, dict[str, Any]] = {
        f"{export.name}_{label}": {split: {} for split in SPLITS} for label in ("Real", "Fake")
    }
    for sample in export.samples:
        info = sample.info
        if videos[info.id] and (info.label == "real" or info.method in methods):
            label = f"{export.name}_{info.label.capitalize()}"
            labels[label][info.split][info.id] = {"label": label, "frames": videos[info.id]}
    return {name: labels}


def _crops(sample: StoredSample) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Crop, mask and landmarks of each frame that is used, as the content of their files."""
    points = sample.landmarks()
    seen = [number for number in range(len(points)) if np.isfinite(points[number]).all()]
    places = np.unique(np.linspace(0, len(seen) - 1, min(MOST, len(seen))).round().astype(int))
    for number in (seen[place] for place in places.tolist()):
        matrix = crop_matrix(points[number])
        frame = cv2.warpAffine(sample.array(FRAMES, number), matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
        mask = cv2.warpAffine(sample.array(MASKS, number), matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
        hard = np.where(mask >= 128, np.uint8(255), np.uint8(0))
        file = io.BytesIO()
        np.save(file, points_of(points[number], matrix))
        yield png_of(np.asarray(frame, np.uint8)), png_of(hard), file.getvalue()


def crop_matrix(landmarks: Landmarks) -> Matrix:
    """From the frame to its crop: the five-point template, drawn smaller so that more is shown around it."""
    margin = SIDE * (SCALE - 1) / 2
    wanted = (np.asarray(TEMPLATES["arcface-112"], np.float64) * SIDE + margin) * SIDE / (SIDE + 2 * margin)
    return similarity_between(five_points(landmarks), wanted)


def points_of(landmarks: Landmarks, matrix: Float[np.ndarray, "2 3"]) -> Int32[np.ndarray, "81 2"]:
    """The 81 landmarks in the crop, in whole pixels."""
    flat = landmarks[list(POINTS), :2].astype(np.float64) @ matrix[:, :2].T + matrix[:, 2]
    return np.clip(np.rint(flat), 0, SIDE - 1).astype(np.int32)


def _write_lmdb(export: Export, files: dict[str, bytes]) -> None:
    """Every file under the path that the JSON gives; landmarks as bare numbers, as its reader expects."""
    try:
        import lmdb
    except ImportError:
        raise UsageError("deepfakebench needs lmdb: pip install 'aotface[forge]'") from None
    folder = export.folder / f"datasets/lmdb/{export.name}_lmdb"
    folder.mkdir(parents=True)
    size = 2 * sum(len(data) + 4096 for data in files.values()) + (16 << 20)
    with lmdb.open(str(folder), map_size=size) as env, env.begin(write=True) as transaction:
        for name, data in files.items():
            if name.endswith(".npy"):
                data = np.load(io.BytesIO(data), allow_pickle=False).tobytes()
            transaction.put(name.encode(), data)
