"""Who is seen after a swap: cosine to another photo of the source, rank among the others, and what each stage costs.

    python scripts/measure_identity.py DATA OUT [--pairs 60] [--seed 15] [--side 512] [--only 1]

DATA holds ``portraits`` and ``models``. Sources are people of ``val``, each once, of whom there is a second photo; targets
are drawn. Besides the swap as it ships, the same is made with one thing changed (`WAYS`). Writes ``identity.json``.
"""

import argparse
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

import cv2
import numpy as np

from aotface.compose.pipeline import SwappedFace, prepare_source, swap_faces
from aotface.datasets.portraits import read_portraits
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.media.image import read_image
from aotface.metrics.identity import IdentityMeter
from aotface.options import DEFAULTS, Options
from aotface.reenact.mesh import MeshReenactor
from aotface.types import Face, Frame

Patch = tuple[str, Callable]
WAYS: dict[str, tuple[Options, Patch | None]] = {
    "as it ships": (DEFAULTS, None),
    "target's forehead": (DEFAULTS, ("aotface.compose.pipeline.go_beyond", lambda *_: None)),
    "--gaze source": (replace(DEFAULTS, gaze="source"), None),
    "spectacles kept": (DEFAULTS, ("aotface.reenact.mesh.without_spectacles", lambda frame, *_: frame)),
    "--camera-match off": (replace(DEFAULTS, camera_match="off"), None),
    "--strength 0": (replace(DEFAULTS, strength=0.0), None),
}
STAGES = ("mesh", "transfer")
"""X_r, and Y, each over the whole of the mesh, before anything is laid over it."""


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=15)
    parser.add_argument("--side", type=int, default=512, help="pictures are shrunk to this longest side")
    parser.add_argument(
        "--only", type=int, default=len(WAYS), help="how many of the ways, first the shipped one"
    )
    words = parser.parse_args()
    cv2.setNumThreads(1)
    words.out.mkdir(parents=True, exist_ok=True)
    model = words.data / "models" / "mobilefacenet_identity.onnx"
    meter = IdentityMeter(model, hashlib.sha256(model.read_bytes()).hexdigest())
    rows = []
    for number, files in enumerate(drawn(words.data / "portraits", words.pairs, words.seed)):
        frames = [shrunk(words.data / "portraits" / file, words.side) for file in files]
        found = one_pair(frames, meter, words.out / f"{number:02d}", words.only)
        rows.append({"files": files, "at": {name: vector.tolist() for name, vector in found.items()}})
        print(number, *files, *(f"{k} {v @ found['other']:.3f}" for k, v in found.items()), flush=True)
    (words.out / "identity.json").write_text(json.dumps(rows))
    report(rows)


def drawn(folder: Path, pairs: int, seed: int) -> list[tuple[str, str, str]]:
    """Source, another photo of that person, and target."""
    entries, rng = read_portraits(folder, "val"), np.random.default_rng(seed)
    people = rng.permutation(sorted({one.person for one in entries}))
    made: list[tuple[str, str, str]] = []
    for person in people.tolist():
        own = [one.file for one in entries if one.person == person]
        strange = [one.file for one in entries if one.person != person]
        if len(own) > 1 and len(made) < pairs:
            source, other = rng.permutation(sorted(own))[:2].tolist()
            made.append((source, other, str(rng.choice(strange))))
    return made


def one_pair(frames: list[Frame], meter: IdentityMeter, out: Path, ways: int) -> dict[str, np.ndarray]:
    """Embeddings of the three photos, of the stages, and of each way's finished picture."""
    source, other, target = frames
    faces, giver = detect(target), detect(source)[0]
    found = {
        name: looked_up(meter, one) for name, one in zip(("source", "other", "target"), frames, strict=True)
    }
    for name, (options, patch) in list(WAYS.items())[:ways]:
        with patched(patch):
            prepared = prepare_source(source, giver, options, MeshReenactor())
            done = swap_faces(target, faces[:1], prepared, options, mark=False, shown=faces)
        found[name] = looked_up(meter, done.frame)
        if name == "as it ships":
            found |= of_stages(meter, done.faces[0]) | {
                "before the transfer": looked_up(meter, done.reenacted)
            }
            beside = np.hstack([fitted(one) for one in (source, target, done.frame)])
            cv2.imwrite(str(out) + ".png", np.ascontiguousarray(beside[..., ::-1]))
    return found


def of_stages(meter: IdentityMeter, face: SwappedFace) -> dict[str, np.ndarray]:
    """X_r and Y in their crop, by their own landmarks."""
    both = (face.reenacted, face.swapped)
    return {name: meter.embedding(crop, face.landmarks) for name, crop in zip(STAGES, both, strict=True)}


def looked_up(meter: IdentityMeter, frame: Frame) -> np.ndarray:
    """The embedding of a picture's largest face, found anew."""
    faces: list[Face] = detect(frame)
    one = align(frame, faces[0])
    return meter.embedding(one.crop, one.landmarks)


@contextmanager
def patched(patch: Patch | None) -> Iterator[None]:
    """One function replaced for a while."""
    if patch is None:
        yield
        return
    with mock.patch(*patch):
        yield


def fitted(frame: Frame) -> Frame:
    """A picture 512 pixels high."""
    return cv2.resize(
        frame, (round(frame.shape[1] * 512 / frame.shape[0]), 512), interpolation=cv2.INTER_AREA
    )


def shrunk(file: Path, side: int) -> Frame:
    """A picture of at most this longest side."""
    frame = read_image(file).frame
    zoom = side / max(frame.shape[:2])
    if zoom >= 1:
        return frame
    size = (round(frame.shape[1] * zoom), round(frame.shape[0] * zoom))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA))


def report(rows: list[dict]) -> None:
    """Mean cosine to the other photo, its standard error, the paired difference to the swap, and rank 1."""
    at = {name: np.array([row["at"][name] for row in rows]) for name in rows[0]["at"]}
    gallery = at.pop("other")
    base = (at["as it ships"] * gallery).sum(axis=1)
    london = np.array(["london" in row["files"][0] for row in rows])
    print("| what | all | London | others | difference | rank 1 |\n|---|---:|---:|---:|---:|---:|")
    for name, vectors in at.items():
        own = (vectors * gallery).sum(axis=1)
        half = 1.96 * (own - base).std(ddof=1) / np.sqrt(len(own))
        first = float(((vectors @ gallery.T).argmax(axis=1) == np.arange(len(own))).mean())
        groups = " | ".join(f"{own[part].mean():.3f}" for part in (london, ~london))
        print(
            f"| {name} | {own.mean():.3f} | {groups} | {(own - base).mean():+.3f} ± {half:.3f} | {first:.3f} |"
        )


if __name__ == "__main__":
    main()
