"""Pictures with random damage: a picture or one line comes back, never a traceback, a hang or a print."""

from pathlib import Path

import numpy as np
import pytest
from corpus import ENTRIES, base_picture

from aotface import errors
from aotface.media.image import read_image

NAMES = [
    "place.jpg", "progressive.jpg", "cmyk_icc.jpg", "palette_transparent.png", "adobe_rgb_16.png", "p3.png",
    "rgba_16.tif", "tiled.tif", "palette.tif", "jpeg_inside.tif", "lossy.webp", "rgba.webp", "animated.webp",
    "animated.gif",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["flip", "cut", "double"])
def test_damage_gives_a_picture_or_one_line(name: str, kind: str, tmp_path: Path) -> None:
    make = ENTRIES[name].make
    assert make is not None
    good = np.frombuffer(make(base_picture(24, 32)), np.uint8)
    rng = np.random.default_rng([NAMES.index(name), len(kind)])
    path = tmp_path / name
    seen = set()
    for _ in range(25):
        bad = good.copy()
        if kind == "flip":  # half of the blows go to the beginning, where sizes and tables stand
            reach = bad.size if rng.random() < 0.5 else min(200, bad.size)
            bad[rng.integers(0, reach, 3)] = rng.integers(0, 256, 3)
        elif kind == "cut":
            bad = bad[: rng.integers(1, bad.size)]
        else:
            start, end = sorted(rng.integers(0, bad.size, 2))
            bad = np.concatenate([bad[:end], bad[start:]])
        path.write_bytes(bad.tobytes())
        try:
            picture = read_image(path, max_pixels=1_000_000)
        except errors.InputError as error:
            assert str(error).isprintable()
            seen.add(type(error))
        else:
            assert picture.frame.ndim == 3 and picture.frame.shape[-1] == 3
    assert seen or kind != "cut"
