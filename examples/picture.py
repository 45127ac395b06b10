"""Swap a face in a picture: from file to file with marks, and in memory.

    python examples/picture.py OUT
    python examples/picture.py OUT person.jpg scene.jpg

Swap faces only with the consent of both people. The sample faces are averages of many people.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import aotface
from aotface.errors import AotfaceError
from aotface.samples import sample


def main(folder: Path, source: Path, target: Path) -> None:
    """Write ``swapped.jpg``, ``in_memory.png`` and ``mask.png``, and say which marks the files carry."""
    folder.mkdir(parents=True, exist_ok=True)

    # A Swapper loads networks once, at the first call that needs them. Make one, and use it for everything.
    with aotface.Swapper() as swapper:
        # From file to file: the result is watermarked and signed. Beside it lies a record of how it was made.
        # Without overwrite=True an existing file is refused.
        (marked,) = swapper.swap_file(source, target, folder / "swapped.jpg", overwrite=True)

        # In memory: pictures of PIL, or arrays in RGB. OpenCV reads BGR: give picture[..., ::-1].
        done = swapper.swap(Image.open(source), Image.open(target))
        plain = folder / "in_memory.png"
        Image.fromarray(done.frame).save(plain)  # uint8, the size of the target
        Image.fromarray(np.rint(done.mask * 255).astype(np.uint8)).save(
            folder / "mask.png"
        )  # where the new face shows

        # The frame in memory carries the watermark; only swap_file signs, because a signature belongs to a file.
        for path in (marked, plain, target):
            print(*swapper.verify(path).lines(), sep="\n  ")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Swap a face in a picture.")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("source", type=Path, nargs="?", default=sample("source_light_man"))
    parser.add_argument("target", type=Path, nargs="?", default=sample("target_medium_man_warm_side"))
    try:
        main(**vars(parser.parse_args()))
    except AotfaceError as error:  # all that a user can cause: no face, no such file, ... in one clear line
        sys.exit(f"error: {error}")
