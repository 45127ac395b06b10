"""The change found at 256 px, applied at full resolution."""

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from aotface.colour_space import linear_to_srgb, srgb_to_linear
from aotface.transfer.resolution import STRIP_ROWS, apply_at_resolution


def small(crop: np.ndarray) -> np.ndarray:
    return cv2.resize(crop, (256, 256), interpolation=cv2.INTER_AREA)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((a - b) ** 2)))


@pytest.fixture(scope="module")
def large() -> np.ndarray:
    return np.ascontiguousarray(astronaut(), np.float32) / 255


WHOLE = np.ones((256, 256), np.float32)


def test_at_the_same_side_it_is_the_transfer_itself(large: np.ndarray) -> None:
    moved = small(large) ** np.float32(0.8)
    np.testing.assert_array_equal(apply_at_resolution(small(large), small(large), moved, WHOLE), moved)


def test_no_change_is_no_change(large: np.ndarray) -> None:
    result = apply_at_resolution(large, small(large), small(large), WHOLE)
    assert np.abs(result - large).max() < 1e-4


def test_a_smooth_light_keeps_every_detail(large: np.ndarray) -> None:
    """Light multiplies linear light: the analytic answer at full resolution is known."""

    def lit(crop: np.ndarray) -> np.ndarray:
        ramp = np.linspace(0.3, 0.95, crop.shape[1], dtype=np.float32)[None, :, None]
        return linear_to_srgb(srgb_to_linear(crop) * ramp * np.float32([1.0, 0.8, 0.6]))

    result = apply_at_resolution(large, small(large), small(lit(large)), WHOLE)
    enlarged = cv2.resize(small(lit(large)), (512, 512), interpolation=cv2.INTER_CUBIC)
    assert psnr(result, lit(large)) > 45
    assert psnr(enlarged, lit(large)) < 35  # the twin: enlarging the small result loses the detail


@pytest.mark.parametrize("contrast", [0.6, 1.3])
def test_a_change_of_contrast_about_a_grey(large: np.ndarray, contrast: float) -> None:
    def changed(crop: np.ndarray) -> np.ndarray:
        return np.clip((crop - 0.5) * np.float32(contrast) + 0.5, 0, 1)

    assert psnr(apply_at_resolution(large, small(large), small(changed(large)), WHOLE), changed(large)) > 30


def test_nothing_is_learnt_where_the_mask_is_empty(large: np.ndarray) -> None:
    mask = np.zeros((256, 256), np.float32)
    mask[:, :128] = 1
    moved = small(large).copy()
    moved[:, :128] *= 0.5
    result = apply_at_resolution(large, small(large), moved, mask)
    assert np.abs(result[:, 300:] - large[:, 300:]).max() < 1e-4
    assert psnr(result[:, :230], large[:, :230] * 0.5) > 30


def test_a_grey_result_stays_grey(large: np.ndarray) -> None:
    grey = np.repeat(small(large).mean(axis=2, keepdims=True), 3, axis=2)
    result = apply_at_resolution(large, small(large), grey, WHOLE)
    assert np.ptp(result, axis=2).max() == 0


def test_strips_meet_without_a_trace(large: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = small(large) * np.float32(0.7)
    whole = apply_at_resolution(large, small(large), moved, WHOLE)
    assert len(large) > STRIP_ROWS
    monkeypatch.setitem(apply_at_resolution.__globals__, "STRIP_ROWS", 37)
    np.testing.assert_allclose(apply_at_resolution(large, small(large), moved, WHOLE), whole, atol=1e-5)
