"""Pictures as networks write them, there and back."""

from pathlib import Path

import numpy as np
import pytest

from aotface.errors import WeightsError
from aotface.reenact.encoding import Encoding, decode, decode_mask, encode


def test_encode_and_decode_are_inverse() -> None:
    square = np.random.default_rng(0).random((8, 8, 3), np.float32)
    for encoding in (
        Encoding(),
        Encoding((-1.0, 1.0), layout="NHWC"),
        Encoding((0.0, 255.0), (104.0, 117.0, 123.0), (1.0, 2.0, 3.0), "BGR"),
    ):
        np.testing.assert_allclose(decode(encode(square, encoding), encoding, Path("m")), square, atol=1e-5)
    assert encode(square, Encoding((-1.0, 1.0))).shape == (1, 3, 8, 8)
    assert encode(square, Encoding(channels="BGR"))[0, 0, 0, 0] == square[0, 0, 2]
    assert (
        np.abs(decode(encode(square, Encoding()), Encoding(channels="BGR"), Path("m")) - square).max() > 0.1
    )


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(WeightsError, match="one square NCHW picture"):
        decode(np.zeros((1, 5), np.float32), Encoding(), Path("m"))
    with pytest.raises(WeightsError, match="one square NCHW picture"):
        decode(np.zeros((2, 3, 4, 4), np.float32), Encoding(), Path("m"))
    with pytest.raises(WeightsError, match="not finite"):
        decode(np.full((1, 3, 4, 4), np.nan, np.float32), Encoding(), Path("m"))


def test_a_batch_axis_may_be_missing() -> None:
    square = np.random.default_rng(0).random((8, 8, 3), np.float32)
    np.testing.assert_allclose(
        decode(encode(square, Encoding())[0], Encoding(), Path("m")), square, atol=1e-6
    )


def test_masks_are_squeezed_and_clipped() -> None:
    mask = decode_mask(np.full((1, 1, 4, 4), 1.5, np.float32), Path("m"))
    assert mask.shape == (4, 4) and mask.max() == 1
    for wrong in (np.zeros((1, 2, 4, 4)), np.zeros((1, 4, 5)), np.full((4, 4), np.nan)):
        with pytest.raises(WeightsError, match="one square mask"):
            decode_mask(wrong.astype(np.float32), Path("m"))
