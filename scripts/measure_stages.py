"""What each stage costs on one still picture, what the whole command takes, and what of the face's detail is kept.

    python scripts/measure_stages.py --megapixels 1 --repeat 20
    python scripts/measure_stages.py --megapixels 24 --repeat 1      # prints the peak resident memory as well

Takes the packaged sample faces unless told otherwise, enlarges them to the size asked for, and adds fine grain, so that
there is detail that can be lost. Prints a Markdown table: milliseconds on the wall, and of the processors.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch

from aotface.bench.metrics.detail import keep
from aotface.benchmark.clock import Clock, Cost, together
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.media.image import encode_image, read_image, write_image
from aotface.provenance import mark_frame
from aotface.provenance.credentials import Record, sign, write_signed
from aotface.reenact.mesh import Reenacted
from aotface.samples import sample
from aotface.swap.blend import blend, frame_mask
from aotface.swap.options import Options
from aotface.swap.pipeline import by_mesh, enlarged, transport, visible_at, work_side
from aotface.types import AlignedFace, Frame

SOURCE, TARGET = "source_light_man", "target_medium_man_warm_side"
GRAIN = 4.0
"""Standard deviation, of 255."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megapixels", type=float, default=1.0)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--transfer", default=Options.transfer)
    parser.add_argument("--source", type=Path, default=sample(SOURCE))
    parser.add_argument("--target", type=Path, default=sample(TARGET))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    cv2.setNumThreads(asked.threads)
    with tempfile.TemporaryDirectory() as folder:
        paths = [
            write_image(
                Path(folder) / f"{name}.jpg",
                grown(read_image(path).frame, asked.megapixels, seed),
                quality=97,
            )
            for seed, (name, path) in enumerate((("source", asked.source), ("target", asked.target)))
        ]
        whole = whole_command(*paths, asked.transfer, asked.threads)
        one_run(*paths, asked.transfer)  # models load once, outside the measurement
        runs = [one_run(*paths, asked.transfer) for _ in range(asked.repeat)]
        height, width = read_image(paths[1]).frame.shape[:2]
    title = f"{width} x {height} px, {asked.threads} threads, median of {asked.repeat}"
    print(f"| {title} | ms | of the processors |\n|---|---:|---:|")
    for stage in runs[0][0]:
        wall, cpu = (statistics.median(run[0][stage][k] for run in runs) for k in (0, 1))
        print(f"| {stage} | {wall:.0f} | {cpu:.0f} |")
    sums = [together(list(run[0].values())) for run in runs]
    print(
        f"| all stages | {statistics.median(s[0] for s in sums):.0f} | {statistics.median(s[1] for s in sums):.0f} |"
    )
    print(f"| the whole command, from its start | {whole.wall_ms:.0f} | {whole.cpu_ms:.0f} |")
    print(
        f"\nkeep at full resolution: {runs[0][1]:.4f} (of the face before the transfer; {runs[0][2]:.4f} of the target)"
    )
    print(f"Peak resident memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def grown(frame: Frame, megapixels: float, seed: int) -> Frame:
    """The picture at so many megapixels, with grain of single pixels."""
    factor = (megapixels * 1e6 / (frame.shape[0] * frame.shape[1])) ** 0.5
    size = tuple(round(side * factor) for side in frame.shape[1::-1])
    large = cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(seed).standard_normal(large.shape[:2], np.float32) * np.float32(GRAIN)
    return np.clip(large + grain[..., None], 0, 255).astype(np.uint8)


def whole_command(source: Path, target: Path, transfer: str, threads: int) -> Cost:
    """`aotface swap` as a program of its own."""
    words = ["swap", "-s", str(source), "-t", str(target), "-o", str(target.with_name("whole.jpg"))]
    limited = "; ".join(
        ["import cv2, torch, sys", f"torch.set_num_threads({threads})", f"cv2.setNumThreads({threads})"]
        + ["from aotface.cli import main", "sys.exit(main(sys.argv[1:]))"]
    )
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", limited, *words, "--transfer", transfer], check=True, capture_output=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(1e3 * (time.perf_counter() - began), 1e3 * spent)


def one_run(given: Path, path: Path, transfer: str) -> tuple[dict[str, Cost], float, float]:
    """Cost by stage; then how much of the detail of X_r, and of the target, the finished picture has."""
    clock = Clock()
    source, picture = clock.time("read both", lambda: (read_image(given).frame, read_image(path)))
    givers, faces = clock.time("detect in both", lambda: (detect(source), detect(picture.frame)))
    aligned = clock.time("align", lambda: align(picture.frame, faces[0], work_side(faces[0])))
    made = clock.time("reenact", lambda: by_mesh(source, givers[0], aligned))
    visible = clock.time("parse", lambda: visible_at(picture.frame, faces[0]))
    mask = made.mask * enlarged(visible, len(made.mask))
    moved = clock.time("transport", lambda: transport(made, aligned, mask, Options(transfer=transfer)))
    frame = clock.time("blend", lambda: blend(picture.frame, moved, mask, aligned.matrix))
    marked = clock.time("mark (watermark)", lambda: mark_frame(frame))
    data = clock.time("encode", lambda: encode_image(marked, "JPEG", picture, 95, "out.jpg"))
    record = Record(transfer, "mesh")
    signed = clock.time("mark (content credentials)", lambda: sign(data, record, path))
    clock.time("write", partial(write_signed, path.with_name("out.jpg"), signed, overwrite=True))
    return clock.costs(), *kept(
        picture.frame, read_image(path.with_name("out.jpg")).frame, made, mask, aligned
    )


def kept(
    target: Frame, finished: Frame, made: Reenacted, mask: np.ndarray, aligned: AlignedFace
) -> tuple[float, float]:
    """`keep` of the finished file at the frame's own resolution, against X_r laid in and against the target."""
    whole = frame_mask(mask, aligned.matrix, *target.shape[:2])
    rows, columns = (np.flatnonzero(whole.any(axis=axis)) for axis in (1, 0))
    face = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    before = blend(target, made.crop, mask, aligned.matrix, ease=False)
    result, own, old = (frame[face].astype(np.float32) / 255 for frame in (finished, before, target))
    weight = whole[face]
    return keep(result, own, weight), keep(result, old, weight)


if __name__ == "__main__":
    main()
