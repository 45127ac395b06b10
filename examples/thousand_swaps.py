"""A thousand swaps by several threads that share one Swapper and one prepared source.

    python examples/thousand_swaps.py OUT
    python examples/thousand_swaps.py OUT 200 --threads 2

Prints swaps per second and peak memory, which hardly grows with the number of swaps.
"""

import argparse
import hashlib
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

import aotface
from aotface.profiling.run import peak_megabytes
from aotface.samples import sample, samples


def main(folder: Path, count: int, threads: int) -> None:
    """Write one picture per target, and check that every repeat of it has the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    targets = [np.asarray(Image.open(path)) for path in samples("target")]

    with aotface.Swapper() as swapper:
        # Detect and align the source once: every swap, in every thread, may use it.
        person = swapper.prepare(Image.open(sample("source_light_man")))

        def work(number: int) -> str:
            """One swap; the hash of its pixels."""
            frame = swapper.swap(person, targets[number % len(targets)]).frame
            if number < len(targets):
                Image.fromarray(frame).save(folder / f"{number}.png")
            return hashlib.sha256(frame.tobytes()).hexdigest()

        work(0)  # loads the networks, so that the clock below does not count it
        began, after_first = time.perf_counter(), peak_megabytes()
        with ThreadPoolExecutor(threads) as pool:
            hashes = list(pool.map(work, range(count)))
        seconds = time.perf_counter() - began

    print(f"{count} swaps in {seconds:.1f} s by {threads} threads: {count / seconds:.2f} swaps per second")
    print(f"peak memory: {peak_megabytes()} MB, after the first swap {after_first} MB")
    if len(set(hashes)) > len(targets):
        sys.exit(f"error: {len(set(hashes))} different pictures of {len(targets)} targets")
    print(f"{len(set(hashes))} different pictures of {len(targets)} targets: which thread does not matter")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Many swaps by several threads.")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("count", type=int, nargs="?", default=1000, help="how many swaps")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    main(**vars(parser.parse_args()))
