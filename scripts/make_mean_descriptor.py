"""Make ``src/aotface/tracking/mean_descriptor.npz`` (mean texture of the mesh's triangles) from folders of portraits.

Only the average leaves this script: 898 numbers, no picture. Run it with a mean of zeros in place to begin.

    python scripts/make_mean_descriptor.py FOLDER...
"""

import sys
from pathlib import Path

import numpy as np

from aotface.errors import AotfaceError
from aotface.face.detect import detect
from aotface.media.files import list_images
from aotface.media.image import read_image
from aotface.tracking.descriptor import MEAN_LOOK, descriptor_of

OUTPUT = Path("src/aotface/tracking/mean_descriptor.npz")


def main(folders: list[str]) -> None:
    total, weight, count = np.zeros(898), np.zeros(898), 0
    for path in sorted(path for folder in folders for path in list_images(folder)):
        try:
            frame = read_image(path).frame
        except AotfaceError:
            continue
        for face in detect(frame)[:1]:
            descriptor = descriptor_of(frame, face)
            total += descriptor.weight * (descriptor.texture + MEAN_LOOK).astype(np.float64)
            weight += descriptor.weight
            count += 1
    texture = np.round(total / weight, 4).astype(np.float32)
    np.savez_compressed(OUTPUT, texture=texture)
    print(f"{OUTPUT}: the mean of {count} faces")


if __name__ == "__main__":
    main(sys.argv[1:])
