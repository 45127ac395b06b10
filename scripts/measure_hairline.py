"""What the way to hairline and jaw does to swaps between portraits: steps at the mesh's edge, and identity.

    python scripts/measure_hairline.py DATA OUT --label before
    python scripts/measure_hairline.py DATA OUT --label after --against before

DATA holds ``portraits`` and ``models``. The pairs follow from the seed: people of ``val``, of whom there is a second photo.
The edge of the first label's masks is measured in both. OUT shows real people: publish none of it.
"""

import argparse
import hashlib
import json
import time
from pathlib import Path

import cv2
import numpy as np

from aotface.compose.blend import frame_mask
from aotface.compose.pipeline import prepare_source, swap_faces
from aotface.datasets.portraits import read_portraits
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.media.image import read_image
from aotface.metrics.edge import edge_texture, edge_tone
from aotface.metrics.identity import IdentityMeter
from aotface.options import DEFAULTS
from aotface.reenact.mesh import MeshReenactor
from aotface.types import Frame

LONGEST = 512
"""Pictures are worked on at this side."""

NAMES = ("mesh_tone", "mesh_texture", "edge_tone", "edge_texture", "identity", "seconds")


def main() -> None:
    """Measure all pairs, or compare two labels."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--label", default="after")
    parser.add_argument("--against", default="")
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--only", type=int, nargs="*")
    words = parser.parse_args()
    cv2.setNumThreads(1)
    words.out.mkdir(parents=True, exist_ok=True)
    model = words.data / "models" / "mobilefacenet_identity.onnx"
    meter = IdentityMeter(model, hashlib.sha256(model.read_bytes()).hexdigest())
    rows = {}
    for number, (source, other, target) in enumerate(
        drawn(words.data / "portraits", words.pairs, words.seed)
    ):
        if words.only and number not in words.only:
            continue
        files = [words.data / "portraits" / one for one in (source, other, target)]
        rows[number] = measured(files, words.out, number, words.label, meter)
        print(number, Path(source).stem, Path(target).stem, rows[number], flush=True)
    if not words.only:
        (words.out / f"{words.label}.json").write_text(json.dumps(rows, indent=1))
    if words.against:
        compare(json.loads((words.out / f"{words.against}.json").read_text()), rows)


def drawn(folder: Path, pairs: int, seed: int) -> list[tuple[str, str, str]]:
    """Source, another photo of that person, and target."""
    entries, rng = read_portraits(folder, "val"), np.random.default_rng(seed)
    made = []
    while len(made) < pairs:
        source, target = (entries[n] for n in rng.choice(len(entries), 2, replace=False))
        others = [one for one in entries if one.person == source.person and one.file != source.file]
        if source.person != target.person and others:
            made.append((str(source.file), str(others[0].file), str(target.file)))
    return made


def measured(
    files: list[Path], out: Path, number: int, label: str, meter: IdentityMeter
) -> dict[str, float | str]:
    """Swap one pair, measure it, and leave the pictures to look at."""
    source, other, target = (shrunk_picture(file) for file in files)
    faces = detect(target)
    prepared = prepare_source(source, detect(source)[0], DEFAULTS, MeshReenactor())
    clock = time.process_time()
    done = swap_faces(target, faces[:1], prepared, DEFAULTS, mark=False, shown=faces)
    seconds = time.process_time() - clock
    for name, frame in (("source", source), ("target", target), (label, done.frame)):
        cv2.imwrite(str(out / f"{number:02d}_{name}.png"), np.ascontiguousarray(frame[..., ::-1]))
    face = done.faces[0]
    own = frame_mask(face.mask, face.target.matrix, *target.shape[:2])
    kept = out / f"{number:02d}_mask.npy"
    if not kept.exists():
        np.save(kept, own)
    shown, below = (frame.astype(np.float32) / 255 for frame in (done.frame, target))
    first = np.load(kept)
    values: dict[str, float | str] = {
        "mesh_tone": edge_tone(shown, below, first),
        "mesh_texture": edge_texture(shown, below, first),
        "edge_tone": edge_tone(shown, below, own),
        "edge_texture": edge_texture(shown, below, own),
        "identity": alike(meter, done.frame, other),
        "seconds": seconds,
        "forehead": getattr(face, "forehead", "-"),
    }
    return values


def alike(meter: IdentityMeter, finished: Frame, other: Frame) -> float:
    """Cosine of the finished face to another photo of the source."""
    both = []
    for frame in (finished, other):
        one = align(frame, detect(frame)[0])
        both.append(meter.embedding(one.crop, one.landmarks))
    return float(both[0] @ both[1])


def shrunk_picture(file: Path) -> Frame:
    """A picture of at most `LONGEST` pixels."""
    frame = read_image(file).frame
    zoom = LONGEST / max(frame.shape[:2])
    if zoom >= 1:
        return frame
    size = (round(frame.shape[1] * zoom), round(frame.shape[0] * zoom))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA))


def compare(before: dict, after: dict) -> None:
    """Means, and paired differences with their 95 % intervals (normal approximation)."""
    for name in NAMES:
        pairs = [(before[str(n)][name], row[name]) for n, row in after.items() if str(n) in before]
        old, new = np.array(pairs, float).T
        apart = new - old
        half = 1.96 * apart.std(ddof=1) / np.sqrt(len(apart))
        print(f"| {name} | {old.mean():.3f} | {new.mean():.3f} | {apart.mean():+.3f} ± {half:.3f} |")


if __name__ == "__main__":
    main()
