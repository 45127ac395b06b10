"""One face at 256 px through the network, plain and fast and by other libraries, beside sliced transport as users run it.

    python scripts/measure_forward.py --threads 2 --repeat 15

One run, one table. The rows take turns, so that a busy machine is as busy for all of them; on one that others use, look at
the processor's time. Uses the packaged sample faces and weights.
"""

import argparse
import copy
import statistics
from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile

from aotface.evaluation.baselines import BASELINES
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.render import render
from aotface.media.image import read_image
from aotface.profiling.clock import Clock, Cost
from aotface.reenact.mesh import reenact
from aotface.samples import sample
from aotface.transfer.aot.apply import bf16_is_fast
from aotface.transfer.aot.backends import installed, open_finder
from aotface.transfer.aot.colour_map_arrays import apply_colour_map_array, find_colour_map
from aotface.transfer.aot.generator import RelightingGenerator
from aotface.transfer.aot.network import load_network
from aotface.types import CROP_SIDE

SLICED = "sliced transport as users run it (dfl-sot, 10 steps x 30 directions)"
PLAIN, CHANNELS_LAST = "network, plain fp32", "network, fp32, channels last"
FAST = "network, bf16 where it is fast"
SOURCE, TARGET = "source_light_man", "target_medium_man_warm_side"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--weights", default="aot_small")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = ways(options.weights)
    times: dict[str, list[Cost]] = {name: [] for name in rows}
    for turn in range(options.repeat + 1):
        for name, work in rows.items():
            if name == SLICED and turn > 3:  # it takes seconds
                continue
            clock = Clock()
            clock.time(name, work)
            if turn:  # the first warms up
                times[name] += clock.costs().values()
    middle = {name: Cost(*map(statistics.median, zip(*found, strict=True))) for name, found in times.items()}
    head = f"256 px, {options.threads} threads, median of {options.repeat}"
    print(f"| {head} | ms | of the processors | least | against sliced | against plain |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, cost in middle.items():
        least = min(found.cpu_ms for found in times[name])
        ratios = (middle[other].cpu_ms / cost.cpu_ms for other in (SLICED, PLAIN))
        compared = " | ".join(f"{ratio:.2f} x" for ratio in ratios)
        print(f"| {name} | {cost.wall_ms:.0f} | {cost.cpu_ms:.0f} | {least:.0f} | {compared} |")
    print(
        f"\nbf16 units here: {bf16_is_fast()}; the last two columns, and the least, by the processors' time"
    )
    for name in (PLAIN, FAST):
        inside, whole = convolutions(rows[name])
        print(f"{name}: {inside:.1f} ms of {whole:.1f} are convolutions")


def convolutions(work: Callable[[], object], repeat: int = 5) -> tuple[float, float]:
    """Milliseconds in convolutions, and in all that torch does (both a little longer than without looking)."""
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        for _ in range(repeat):
            work()
    entries = seen.key_averages()
    inside = sum(entry.self_cpu_time_total for entry in entries if "conv" in entry.key)
    return inside / repeat / 1e3, sum(entry.self_cpu_time_total for entry in entries) / repeat / 1e3


def ways(weights: str) -> dict[str, Callable[[], object]]:
    source, target = (read_image(sample(name)).frame for name in (SOURCE, TARGET))
    aligned = align(target, detect(target)[0])
    made = reenact(source, detect(source)[0], aligned)
    geometry, own = render(aligned.landmarks, CROP_SIDE), render(made.landmarks, CROP_SIDE)
    network = load_network(weights)
    plain = copy.deepcopy(network.generator).to(memory_format=torch.contiguous_format)
    given = (made.crop, aligned.crop, made.mask, geometry)

    def here(generator: RelightingGenerator, bf16: bool) -> object:
        return apply_colour_map_array(made.crop, find_colour_map(generator, *given, bf16, own).whole)

    def by(backend: str) -> Callable[[], object]:
        finder = open_finder(backend, network.generator, network.sha256)
        generator = network.generator
        return lambda: apply_colour_map_array(
            made.crop, find_colour_map(generator, *given, own=own, answer=finder).whole
        )

    fast = (network.rounded, True) if bf16_is_fast() else (network.generator, False)
    found: dict[str, Callable[[], object]] = {
        SLICED: lambda: BASELINES["dfl-sot"].function(made.crop, aligned.crop, made.mask),
        PLAIN: lambda: here(plain, False),
        CHANNELS_LAST: lambda: here(network.generator, False),
        FAST: lambda: here(*fast),
    }
    return found | {f"network, backend {name}, fp32": by(name) for name in installed()[1:]}


if __name__ == "__main__":
    main()
