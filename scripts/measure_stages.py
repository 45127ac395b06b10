"""What each stage costs on one still picture, what the whole command takes, and what of the face's detail is kept.

    python scripts/measure_stages.py --megapixels 1 --repeat 20
    python scripts/measure_stages.py --megapixels 24 --repeat 1      # prints the peak resident memory as well

Takes the packaged sample faces unless told otherwise, enlarges them to the size asked for, and adds fine grain, so that
there is detail that can be lost. Prints a Markdown table: milliseconds of wall time and of CPU time.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
import torch

from aotface.colour_space import luminance
from aotface.compose import face_step, pipeline
from aotface.compose.blend import blend
from aotface.face.detect import detect
from aotface.media.image import encode_image, quality_for, read_image, write_image
from aotface.media.video.decode import deepened
from aotface.metrics.detail import detail_retention
from aotface.options import Options
from aotface.profiling.clock import Clock, Cost, together
from aotface.profiling.stages import TimedTransfer
from aotface.provenance import mark_frame
from aotface.provenance.credentials import Record, sign, write_signed
from aotface.reenact.mesh import MeshReenactor
from aotface.samples import sample
from aotface.transfer import transfer_for
from aotface.types import Frame

SOURCE, TARGET = "source_light_man", "target_medium_man_warm_side"
GRAIN = 4.0
"""Standard deviation, of 255."""

QUALITIES = (90, 95, 97, 98, 99, 100)
"""At which the finished picture is stored, to see what that takes."""

DETAIL, AROUND, LIT = 4.0, 8.0, 0.02
"""What is finer than so many pixels is detail; the neighbourhood in which it is compared; and the linear light from
which a place counts as lit (sRGB 39 of 255: below it, 8 bits have too few steps for the grain)."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megapixels", type=float, default=1.0)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--transfer", default=Options.transfer)
    parser.add_argument("--source", type=Path, default=sample(SOURCE))
    parser.add_argument("--target", type=Path, default=sample(TARGET))
    parser.add_argument(
        "--inputs", default="97", help="how both are stored: a quality of JPEG, png, or png16"
    )
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    cv2.setNumThreads(asked.threads)
    with tempfile.TemporaryDirectory() as folder:
        lossless = asked.inputs in ("png", "png16")
        paths = [
            write_image(
                Path(folder) / f"{name}.{'png' if lossless else 'jpg'}",
                grown(read_image(path).frame, asked.megapixels, seed, deep=asked.inputs == "png16"),
                quality=None if lossless else int(asked.inputs),
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
    print("\n" + "\n".join(runs[0][1]))
    print(f"Peak resident memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def grown(frame: Frame, megapixels: float, seed: int, deep: bool) -> Frame:
    """The picture at so many megapixels, with grain of single pixels; deep: in 16 bits, of values that 8 bits have."""
    factor = (megapixels * 1e6 / (frame.shape[0] * frame.shape[1])) ** 0.5
    size = tuple(round(side * factor) for side in frame.shape[1::-1])
    large = cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(seed).standard_normal(large.shape[:2], np.float32) * np.float32(GRAIN)
    shallow = np.clip(large + grain[..., None], 0, 255).astype(np.uint8)
    return deepened(shallow) if deep else shallow


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


def one_run(given: Path, path: Path, transfer: str) -> tuple[dict[str, Cost], list[str]]:
    """Cost by stage; then, in words, how much of the detail of X_r the finished picture has."""
    clock = Clock()
    source, picture = clock.time("read both", lambda: (read_image(given).frame, read_image(path)))
    sources, faces = clock.time("detect in both", lambda: (detect(source), detect(picture.frame)))
    prepared = clock.time("prepare the source", lambda: MeshReenactor().prepare(source, sources[0]))
    chosen = TimedTransfer(transfer_for(Options(transfer=transfer)), clock)
    with ExitStack() as stack:  # the face step's own functions, timed where it calls them
        for name, stage in (("align", "align"), ("visible_at", "parse"), ("_reenact", "reenact")):
            timed = clock.timed(stage, getattr(face_step, name))
            stack.enter_context(patch.object(face_step, name, timed))
        face = clock.time(
            "apply, at the crop's side", lambda: pipeline.swap_face(picture.frame, faces[0], prepared, chosen)
        )
    matrix = face.target.matrix
    frame = clock.time(
        "blend, and lay on at the frame's own pixels",
        lambda: blend(picture.frame, face.swapped, face.mask, matrix, finer=face.after),
    )
    marked = clock.time("mark (watermark)", lambda: mark_frame(frame))
    data = clock.time("encode", lambda: encode_image(marked, "JPEG", picture))
    signed = clock.time("mark (content credentials)", lambda: sign(data, Record(transfer, "mesh"), path))
    clock.time("write", partial(write_signed, path.with_name("out.jpg"), signed, overwrite=True))
    made = pipeline.Swapped(frame, picture.frame, (face,), transfer)
    lines = [kept("before the marks", frame, made), kept("watermark alone (PNG)", marked, made)]
    for quality in sorted({*QUALITIES, quality_for("JPEG", picture)}):
        for name, shown in (("JPEG", frame), ("watermark and JPEG", marked)):
            stored = path.with_name("stored.jpg")
            stored.write_bytes(encode_image(shown, "JPEG", picture, quality))
            size = stored.stat().st_size / 1e6
            lines.append(kept(f"{name} {quality} ({size:.1f} MB)", read_image(stored).frame, made))
    lines.append(
        f"the quality of the file: {quality_for('JPEG', picture)}; the target has {path.stat().st_size / 1e6:.1f} MB"
    )
    return clock.costs(), lines


def kept(name: str, shown: Frame, made: pipeline.Swapped) -> str:
    """What is left of X_r's detail at the frame's own resolution.

    Local: the correlation, around every pixel (Gaussian of `AROUND` pixels), of linear luminance less its Gaussian of
    `DETAIL` pixels, in the finished picture and in X_r laid in alike; its mean over the mask. A map that is smooth, as
    light is, leaves 1. `keep`: the benchmark's, in one correlation over the whole face with all that is finer than 8 of
    256 pixels, shadows of nose and brows included, which a transfer is there to change.
    """
    whole = made.mask
    rows, columns = (np.flatnonzero(whole.any(axis=axis)) for axis in (1, 0))
    face = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    full = np.float32(np.iinfo(shown.dtype).max)
    result, own = (frame[face].astype(np.float32) / full for frame in (shown, made.reenacted))
    weight = whole[face]
    each = local_correlation(luminance(result), luminance(own), weight)
    light = [cv2.GaussianBlur(luminance(one), (0, 0), AROUND) for one in (result, own)]
    lit = weight * (np.minimum(*light) > LIT)
    return (
        f"{name}: detail kept {(each * weight).sum() / weight.sum():.4f}; "
        f"{(each * lit).sum() / lit.sum():.4f} where both are lit ({100 * lit.sum() / weight.sum():.0f} % of the face); "
        f"keep {detail_retention(result, own, weight):.4f}"
    )


def local_correlation(first: np.ndarray, second: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """See `kept`."""

    def around(values: np.ndarray, sigma: float) -> np.ndarray:
        total = cv2.GaussianBlur(weight, (0, 0), sigma)
        return cv2.GaussianBlur(values * weight, (0, 0), sigma) / np.maximum(total, 1e-6)

    fine = [values - around(values, DETAIL) for values in (first, second)]
    means = [around(values, AROUND) for values in fine]
    variances = [around(v**2, AROUND) - m**2 for v, m in zip(fine, means, strict=True)]
    shared = around(fine[0] * fine[1], AROUND) - means[0] * means[1]
    return shared / np.sqrt(np.maximum(variances[0] * variances[1], 1e-20))


if __name__ == "__main__":
    main()
