import io

import numpy as np
import pytest
import torch
from PIL import Image

from aotface.errors import InputError, TooLargeError
from aotface.media import array_input
from aotface.media.array_input import as_frame

RGB = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)


def test_rgb_is_taken_as_it_is_and_copied() -> None:
    mine = RGB.copy()
    frame = as_frame(mine)
    mine[:] = 0
    np.testing.assert_array_equal(frame, RGB)
    assert as_frame(RGB.astype(np.uint16) * 257).dtype == np.uint16
    assert as_frame(RGB[:, ::-1]).flags["C_CONTIGUOUS"]


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_floats_become_sixteen_bits(kind: type) -> None:
    frame = as_frame((RGB / 255).astype(kind))
    assert frame.dtype == np.uint16
    assert np.abs(frame / 65535 - RGB / 255).max() < (1e-3 if kind is np.float16 else 1e-5)


def test_grey_and_rgba() -> None:
    grey = RGB[..., 0]
    for picture in (grey, grey[..., None]):
        np.testing.assert_array_equal(as_frame(picture), np.repeat(grey[..., None], 3, axis=2))
    np.testing.assert_array_equal(as_frame(np.dstack([RGB, grey])), RGB)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "CMYK", "1", "LA"])
def test_pil_pictures_of_every_mode(mode: str) -> None:
    picture = Image.fromarray(RGB).convert(mode)
    np.testing.assert_array_equal(as_frame(picture), np.asarray(picture.convert("RGB")))


def test_pil_pictures_of_sixteen_bits_and_turned_ones() -> None:
    deep = Image.fromarray(RGB[..., 0].astype(np.uint16) * 257)
    assert as_frame(deep).dtype == np.uint16
    turned = Image.fromarray(RGB)
    turned.getexif()[0x0112] = 6
    np.testing.assert_array_equal(as_frame(turned), np.rot90(RGB, -1))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.bfloat16])
def test_tensors_of_either_order(dtype: torch.dtype) -> None:
    values = torch.from_numpy(RGB)
    values = values if dtype == torch.uint8 else (values / 255).to(dtype)
    wanted = RGB if dtype == torch.uint8 else as_frame(values.float().numpy())
    for tensor in (values, values.permute(2, 0, 1), values[None], values.permute(2, 0, 1)[None]):
        np.testing.assert_array_equal(as_frame(tensor), wanted)
    np.testing.assert_array_equal(
        as_frame(values[..., :1].permute(2, 0, 1)), np.repeat(wanted[..., :1], 3, axis=2)
    )


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        ("a.png", "got str"),
        (None, "got NoneType"),
        (np.zeros((0, 5, 3), np.uint8), "empty array of 5 x 0"),
        (np.zeros((4, 5, 2), np.uint8), "an array of 4 x 5 x 2"),
        (np.zeros((2, 4, 5, 3), np.uint8), "an array of 2 x 4 x 5 x 3"),
        (np.zeros((4, 5, 3), np.int64), "type int64"),
        (np.zeros((4, 5, 3), bool), "type bool"),
        (np.full((4, 5, 3), 255.0), "got 255 to 255; divide by 255"),
        (np.full((4, 5, 3), -0.5), "floats in 0..1"),
        (np.full((4, 5, 3), np.nan), "NaN or infinity"),
        (torch.zeros(2, 3, 4, 5), "a batch of 2"),
    ],
)
def test_what_is_no_picture_is_one_clear_line(picture: object, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        as_frame(picture, "target")
    assert str(caught.value).startswith("target: ") and "\n" not in str(caught.value)


def test_too_many_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_input, "MAX_PIXELS", 50)
    with pytest.raises(TooLargeError, match="9 x 6"):
        as_frame(RGB)


def test_a_picture_with_too_many_pixels_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_input, "MAX_PIXELS", 50)
    file = io.BytesIO()
    Image.new("RGB", (9, 6)).save(file, "PNG")
    picture = Image.open(file)
    with pytest.raises(TooLargeError, match="9 x 6"):
        as_frame(picture)
    assert picture._im is None  # its pixels were not read
