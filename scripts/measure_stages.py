"""What each stage costs on one frame: medians over repeated runs, and the peak memory of a large frame.

    python scripts/measure_stages.py --megapixels 1 --repeat 20
    python scripts/measure_stages.py --megapixels 24 --repeat 1      # prints the peak resident memory as well

Uses the packaged sample faces, enlarged to the size asked for; prints a Markdown table.
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from aotface.face.align import align
from aotface.face.detect import detect
from aotface.media.image import encode_image, read_image, write_image
from aotface.provenance.credentials import Record, sign, write_signed
from aotface.provenance.watermark import embed
from aotface.samples import sample
from aotface.swap.blend import blend
from aotface.swap.options import Options
from aotface.swap.pipeline import by_mesh, transport, work_side

SOURCE, TARGET = "source_light_man", "target_medium_man_warm_side"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megapixels", type=float, default=1.0)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--transfer", default=Options.transfer)
    options = parser.parse_args()
    source = read_image(sample(SOURCE)).frame
    small = read_image(sample(TARGET)).frame
    side = round((options.megapixels * 1e6) ** 0.5)
    target = cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC)
    with tempfile.TemporaryDirectory() as folder:
        path = write_image(Path(folder) / "target.jpg", target)
        one_run(source, path, options.transfer)  # models load once, outside the measurement
        runs = [one_run(source, path, options.transfer) for _ in range(options.repeat)]
    print(f"| stage | ms (median of {options.repeat}, {side} x {side} px) |\n|---|---|")
    for stage in runs[0]:
        print(f"| {stage} | {statistics.median(run[stage] for run in runs):.0f} |")
    print(f"| total | {statistics.median(sum(run.values()) for run in runs):.0f} |")
    print(f"\nPeak resident memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def one_run(source: np.ndarray, path: Path, transfer: str) -> dict[str, float]:
    spent: dict[str, float] = {}

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        result = work()
        spent[stage] = (time.perf_counter() - began) * 1000
        return result

    picture = timed("read", lambda: read_image(path))
    faces = timed("detect", lambda: detect(picture.frame))
    giver = detect(source)[0]
    aligned = timed("align", lambda: align(picture.frame, faces[0], work_side(faces[0])))
    made = timed("reenact", lambda: by_mesh(source, giver, aligned))
    moved = timed("transport", lambda: transport(made, aligned, made.mask, Options(transfer=transfer)))
    frame = timed("blend", lambda: blend(picture.frame, moved, made.mask, aligned.matrix))
    marked = timed("mark (watermark)", lambda: embed(frame))
    data = timed("encode", lambda: encode_image(marked, "JPEG", picture, 95, "out.jpg"))
    record = Record(transfer, "mesh")
    signed = timed("mark (content credentials)", lambda: sign(data, record, path))
    timed("write", lambda: write_signed(path.with_name("out.jpg"), signed, overwrite=True))
    return spent


if __name__ == "__main__":
    main()
