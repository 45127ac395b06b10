"""One face at 256 px through the network, plain and fast, beside sliced transport as users run it; one run, one table.

    python scripts/measure_forward.py --threads 2 --repeat 15

The rows take turns, so that a busy machine is as busy for all of them. Uses the packaged sample faces and weights.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from aotface.bench.checkpoint import load_generator
from aotface.bench.peers import PEERS
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.render import render
from aotface.media.image import read_image
from aotface.media.weights import find_weights
from aotface.reenact.mesh import reenact
from aotface.samples import sample
from aotface.transport.apply import bf16_is_fast, transport_crop
from aotface.types import CROP_SIDE

SOURCE, TARGET = "source_light_man", "target_medium_man_warm_side"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", default="aot_small")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=15)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = ways(options.weights)
    times: dict[str, list[float]] = {name: [] for name in rows}
    for turn in range(options.repeat + 1):
        for name, work in rows.items():
            if name.startswith("sliced") and turn > 3:  # it takes seconds
                continue
            start = time.perf_counter()
            work()
            if turn:  # the first warms up
                times[name].append((time.perf_counter() - start) * 1e3)
    slowest = statistics.median(times["sliced transport as users run it (dfl-sot, 10 steps x 30 directions)"])
    print(f"| 256 px, {options.threads} threads | median ms | least ms | of sliced |\n|---|---:|---:|---:|")
    for name, found in times.items():
        middle = statistics.median(found)
        print(f"| {name} | {middle:.0f} | {min(found):.0f} | 1/{slowest / middle:.0f} |")
    plain, fast = (
        statistics.median(times[name]) for name in ("network, fp32", "network, bf16 where it is fast")
    )
    print(f"\nfast path: {plain / fast:.2f} times as fast as plain fp32 (bf16 units here: {bf16_is_fast()})")


def ways(weights: str) -> dict[str, Callable[[], object]]:
    """What is timed: the same X_r, X_t and mask for all."""
    source, target = (read_image(sample(name)).frame for name in (SOURCE, TARGET))
    aligned = align(target, detect(target)[0])
    made = reenact(source, detect(source)[0], aligned)
    geometry, own = render(aligned.landmarks, CROP_SIDE), render(made.landmarks, CROP_SIDE)
    plain, fast = (load_generator(find_weights(weights)) for _ in range(2))
    plain.to(memory_format=torch.contiguous_format)

    def forward(generator: torch.nn.Module, bf16: bool) -> Callable[[], object]:
        return lambda: transport_crop(generator, made.crop, aligned.crop, made.mask, geometry, bf16, own)

    return {
        "sliced transport as users run it (dfl-sot, 10 steps x 30 directions)": lambda: PEERS["dfl-sot"](
            made.crop, aligned.crop, made.mask
        ),
        "network, fp32": forward(plain, False),
        "network, bf16 where it is fast": forward(fast, bf16_is_fast()),
    }


if __name__ == "__main__":
    main()
