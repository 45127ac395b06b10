"""The mean of two sets of weights: `python runs/mean_weights.py SHARE NEW OLD OUT`. OUT holds SHARE of NEW, the rest is OLD.

Colour keeps its depth in OUT: the output that decides saturation is 0. The facts are those of NEW.
"""

import sys
from pathlib import Path

from safetensors.torch import load_file, save

from aotface.media.files import write_bytes
from aotface.media.weights import in_order, read_facts
from aotface.transfer.aot.decoder import SATURATION


def main(share: float, new: Path, old: Path, out: Path) -> None:
    """Mix, and write float16."""
    one, other = load_file(new), load_file(old)
    mean = {name: (share * one[name].float() + (1 - share) * other[name].float()).half() for name in one}
    for name in ("decoder.head.weight", "decoder.head.bias"):
        mean[name][SATURATION] = 0.0
    write_bytes(out, in_order(save(mean, read_facts(new))), overwrite=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), *map(Path, sys.argv[2:5]))
