"""A transfer of your own: this one file registers it, swaps with it by name, and has the benchmark judge it.

    python examples/own_transfer.py OUT

To use it on the command line as well, put it into a package of your own with this in its pyproject.toml:

    [project.entry-points."aotface.transfers"]
    grey-card = "my_package.own_transfer:open_grey_card"
"""

import argparse
import hashlib
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

import aotface
from aotface.colour_space import linear_to_srgb, srgb_to_linear
from aotface.evaluation.results import gather
from aotface.evaluation.runner import Job, run
from aotface.evaluation.tables import acceptances, compare
from aotface.plugins import TRANSFERS, register
from aotface.samples import sample
from aotface.transfer import TransferSettings
from aotface.transfer.base import Recolour
from aotface.types import Crop, Mask

NAME = "grey-card"


def grey_card(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """Exposure and white balance: one gain for each of red, green and blue, in linear light.

    Args:
        reenacted: the source's face in the target's pose, 256 x 256 x 3, 0..1, sRGB.
        target: the face that it replaces, likewise.
        mask: which pixels of both count, 0..1. Where it is 0, return ``reenacted`` as it is.
        seed: of random numbers; this transfer draws none.

    Returns:
        The face in the light of the target, float32, 0..1.
    """
    weight = mask[..., None]
    here, there = ((srgb_to_linear(picture) * weight).sum(axis=(0, 1)) for picture in (reenacted, target))
    moved = linear_to_srgb(srgb_to_linear(reenacted) * (there / np.maximum(here, 1e-6)))
    return np.where(weight > 0, np.clip(moved, 0, 1), reenacted).astype(np.float32)


def open_grey_card(settings: TransferSettings) -> Recolour:
    """What aotface calls to get the transfer; ``settings`` name weights and device, if it needs them."""
    # The benchmark keeps what it has measured. With the hash of this file as version, a change here is measured anew.
    version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
    return Recolour(NAME, grey_card, "one gain for each of red, green and blue", version=version)


register(TRANSFERS, NAME, open_grey_card)  # from here on every call in this program knows the name


def swap_three(folder: Path) -> Path:
    """Swap three pairs by it, and keep for each what the benchmark's suite ``folder`` reads: before it, and the target."""
    triples = folder / "triples"
    triples.mkdir(parents=True, exist_ok=True)
    pairs = {
        "blue": ("source_light_man", "target_deep_man_blue"),
        "dim": ("source_smiling_woman", "target_light_woman_dim"),
        "warm": ("source_light_man", "target_medium_man_warm_side"),
    }
    with aotface.Swapper(transfer=NAME) as swapper:
        for name, (source, target) in pairs.items():
            done = swapper.swap(Image.open(sample(source)), Image.open(sample(target)))
            Image.fromarray(done.frame).save(folder / f"{name}.png")
            Image.fromarray(done.reenacted).save(triples / f"{name}_reenacted.png")
            shutil.copy(sample(target), triples / f"{name}_target.jpg")
    return triples


def main(folder: Path) -> None:
    """Write three swaps, and the benchmark's rows and pictures; print its tables."""
    triples, results = swap_three(folder), folder / "results"
    # Beside it a classical method, and "copy", the target itself. Without methods=, every transfer is judged.
    run(Job("folder", triples, results, methods=("mkl", NAME)), say=print)
    rows = gather(results)
    print(compare(rows, "Methods", intervals=False).markdown())
    print(acceptances(rows, "Acceptance").markdown())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A transfer of your own, used and judged.")
    parser.add_argument("folder", type=Path, help="where pictures and results go")
    main(**vars(parser.parse_args()))
