"""A JPEG that nobody names a quality for is never coarser than the picture that was edited."""

import io
from pathlib import Path

import numpy as np
import pytest
from corpus import base_picture, raw
from PIL import Image

from aotface import errors
from aotface.media.image import QUALITY, QUALITY_OF_LOSSLESS, Picture, encode_image, quality_for, read_image

CAMERA = [[1] * 20 + [3] * 44, [2] * 64]
"""Tables that are those of no quality."""


def saved(mode: str = "RGB", format: str = "JPEG", **options: object) -> bytes:
    return raw.saved(Image.fromarray(base_picture()).convert(mode), format, **options)


def tables_of(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as picture:
        return np.array([picture.quantization[table] for *_, table in picture.layer])


def read(data: bytes, folder: Path) -> Picture:
    (folder / "target").write_bytes(data)
    return read_image(folder / "target")


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("quality", [40, 95, 96, 98, 100])
def test_the_quality_of_a_file_is_found(quality: int, mode: str, tmp_path: Path) -> None:
    assert read(saved(mode, quality=quality), tmp_path).quality == quality


@pytest.mark.parametrize("options", [{"quality": 80}, {"quality": 98}, {"qtables": CAMERA}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_it_is_written_no_coarser_and_at_least_at_95(
    options: dict[str, object], mode: str, tmp_path: Path
) -> None:
    target = read(saved(mode, **options), tmp_path)
    made = encode_image(target.frame, "JPEG", target)
    assert made == encode_image(target.frame, "JPEG", target)
    assert (tables_of(made) <= tables_of((tmp_path / "target").read_bytes())).all()
    assert (tables_of(made) <= tables_of(saved(mode, quality=95))).all()


def test_twin_95_is_coarser_than_98_and_than_the_cameras(tmp_path: Path) -> None:
    for options in ({"quality": 98}, {"qtables": CAMERA}):
        target = read(saved(**options), tmp_path)
        made = encode_image(target.frame, "JPEG", target, quality=95)  # what is said wins
        assert (tables_of(made) > tables_of((tmp_path / "target").read_bytes())).any()
        assert np.array_equal(tables_of(made), tables_of(saved(quality=95)))


def test_it_is_no_finer_than_that_takes(tmp_path: Path) -> None:
    quality = read(saved(qtables=CAMERA), tmp_path).quality
    assert 95 < quality < 100
    coarser = tables_of(saved(quality=quality - 1))
    assert (coarser > tables_of(saved(qtables=CAMERA))).any()


@pytest.mark.parametrize(
    ("data", "format", "quality"),
    [
        (saved(format="PNG"), "JPEG", QUALITY_OF_LOSSLESS),
        (saved(format="TIFF"), "JPEG", QUALITY_OF_LOSSLESS),
        (saved(format="WEBP", quality=90), "JPEG", QUALITY),
        (saved(quality=98), "WEBP", QUALITY),
        (saved(format="WEBP", quality=90), "WEBP", QUALITY),
        (saved(format="WEBP", lossless=True), "WEBP", 100),
        (saved(quality=70), "JPEG", QUALITY),
    ],
)
def test_other_pairs_of_formats(data: bytes, format: str, quality: int, tmp_path: Path) -> None:
    target = read(data, tmp_path)
    assert quality_for(format, target) == quality
    assert encode_image(target.frame, format, target) == encode_image(target.frame, format, target, quality)


def test_tables_that_are_damaged_are_bounded_or_refused(tmp_path: Path) -> None:
    good = saved(quality=98)
    at = good.index(b"\xff\xdb")  # then two bytes of length, one of the table's number, 64 steps
    zeroes = good[: at + 5] + bytes(64) + good[at + 69 :]
    assert read(zeroes, tmp_path).quality == 100
    missing = good[: at + 4] + b"\x03" + good[at + 5 :]
    for data in (missing, good[: at + 3] + b"\x20" + good[at + 36 :]):
        with pytest.raises(errors.UnreadableImageError):
            read(data, tmp_path)
