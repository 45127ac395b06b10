"""Refine the swap of another tool: move its face into the light and tone of the original picture.

    python examples/refine.py OUT
    python examples/refine.py OUT swapped.png original.png

Without pictures of your own, the other tool is aotface itself with its colour step switched off.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

import aotface
from aotface.samples import sample


def other_tool(target: Path, output: Path) -> Path:
    """A swap in the light of the source's photograph, as many tools leave it."""
    # No mark: the picture is only an input here. What is refined from it is marked.
    with aotface.Swapper(transfer="none", mark=False) as tool:
        done = tool.swap(Image.open(sample("source_smiling_woman")), Image.open(target))
    Image.fromarray(done.frame).save(output)  # PNG: JPEG would add noise that refining cannot take away
    return output


def main(folder: Path, swapped: Path | None, target: Path) -> None:
    """Write ``refined.png`` and print the mean colour of the face before and after."""
    folder.mkdir(parents=True, exist_ok=True)
    swapped = swapped or other_tool(target, folder / "other_tool.png")

    with aotface.Swapper() as swapper:  # transfer="aot"; others are "mkl", "poisson", ...
        # Files. The two pictures must have the same size. Videos and folders of frames work the same way.
        swapper.refine_file(swapped, target, folder / "refined.png", overwrite=True)
        # The same in memory.
        done = swapper.refine(Image.open(swapped), Image.open(target))

    inside = done.mask > 0.9  # the middle of the face, in pixels of the whole picture
    for name, frame in (
        ("original", done.original),
        ("swapped", Image.open(swapped)),
        ("refined", done.frame),
    ):
        red, green, blue = np.asarray(frame)[inside].mean(axis=0)
        print(f"{name:9} mean face colour: red {red:.0f}, green {green:.0f}, blue {blue:.0f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Refine the swap of another tool.")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("swapped", type=Path, nargs="?", help="picture of another tool; default: one is made")
    parser.add_argument("target", type=Path, nargs="?", default=sample("target_deep_woman_cool_window"))
    main(**vars(parser.parse_args()))
