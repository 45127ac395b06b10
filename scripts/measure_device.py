"""A device beside the CPU: the same swap, faces per second in batches, and steps of training.

    python scripts/measure_device.py --device cuda [--shards FOLDER]

Prints one table, and ends with 1 where the two swaps differ by more than 1/255 anywhere. Uses the packaged sample faces and
weights; training needs shards of `aotface prepare`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from aotface import Swapper
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.render import render
from aotface.media.image import read_image
from aotface.reenact.mesh import reenact
from aotface.samples import sample
from aotface.transfer.aot.colour_map_arrays import colour_map_inputs
from aotface.transfer.aot.network import load_network
from aotface.types import CROP_SIDE

SOURCE, TARGET = "source_light_man", "target_medium_man_warm_side"
BATCHES = (1, 16, 64)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--shards", type=Path)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--repeat", type=int, default=10)
    options = parser.parse_args()
    apart = largest_difference(options.device)
    print(f"| measure | cpu | {options.device} |\n|---|---:|---:|")
    print(f"| largest difference of a swap, 0..255 | 0 | {apart} |")
    for size in BATCHES:
        found = [faces_per_second(device, size, options.repeat) for device in ("cpu", options.device)]
        print(f"| faces per second, batches of {size} | {found[0]:.1f} | {found[1]:.1f} |", flush=True)
    if options.shards:
        found = [training(options.shards, device, options.steps) for device in ("cpu", options.device)]
        print(f"| training, faces per second | {found[0]:.1f} | {found[1]:.1f} |")
    return int(apart > 1)


def largest_difference(device: str) -> int:
    """Of a whole swap on the device and on the CPU, without marks."""
    source, target = (read_image(sample(name)).frame for name in (SOURCE, TARGET))
    frames = []
    for one in ("cpu", device):
        with Swapper(device=one, mark=False) as swapper:
            frames.append(swapper.swap(source, target).frame.astype(int))
    return int(np.abs(frames[0] - frames[1]).max())


def faces_per_second(device: str, size: int, repeat: int) -> float:
    """Of the network alone, in float32; the first call warms up."""
    source, target = (read_image(sample(name)).frame for name in (SOURCE, TARGET))
    aligned = align(target, detect(target)[0])
    made = reenact(source, detect(source)[0], aligned)
    geometry, own = render(aligned.landmarks, CROP_SIDE), render(made.landmarks, CROP_SIDE)
    generator, place = load_network("aot_small").generator.to(device), torch.device(device)
    one = (made.crop, aligned.crop, made.mask, geometry, own, generator.input_side, place)
    inputs = [torch.cat([values] * size) for values in colour_map_inputs(*one)]
    with torch.inference_mode():
        for turn in range(repeat + 1):
            if turn == 1:
                start = time.perf_counter()
            float(generator(*inputs).field.gain.sum())  # waits for the device
    return repeat * size / (time.perf_counter() - start)


def training(shards: Path, device: str, steps: int) -> float:
    """As the log of a short run says."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "aotface", "train", str(shards), "-o", folder + "/run"]
        words += ["--steps", str(steps), "--device", device, "--sample-every", "1000000"]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        lines = (Path(folder) / "run" / "log.jsonl").read_text().splitlines()
        return float(
            [row for line in lines if "crops_per_second" in (row := json.loads(line))][-1]["crops_per_second"]
        )


if __name__ == "__main__":
    sys.exit(main())
