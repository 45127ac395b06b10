import cv2
import numpy as np
import pytest

from aotface.colour_space import lab_to_srgb
from aotface.errors import InputError
from aotface.metrics.seam import seam

SIDE = 256


def crop_of(lightness):
    lab = np.zeros((SIDE, SIDE, 3))
    lab[..., 0] = lightness
    return lab_to_srgb(lab).astype(np.float32)


def ramp(slope=0.2):
    return 50 + slope * (np.arange(SIDE) - SIDE / 2)


def right_half():
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[:, SIDE // 2 :] = 1
    return mask


def disc():
    y, x = np.mgrid[:SIDE, :SIDE]
    return ((x - 128) ** 2 + (y - 128) ** 2 < 80**2).astype(np.float32)


def texture():
    return 50 + cv2.GaussianBlur(np.random.default_rng(0).standard_normal((SIDE, SIDE)), (0, 0), 2) * 60


def test_the_target_itself_has_no_seam():
    assert seam(crop_of(texture()), crop_of(texture()), disc()) == 1


@pytest.mark.parametrize("height", [2.0, 10.0])
def test_a_step_on_a_ramp_is_analytic(height):
    # Across a hard edge the central difference of each of its two columns sees half of the step.
    found = seam(crop_of(ramp() + height * right_half()), crop_of(ramp()), right_half())
    assert found == pytest.approx((0.2 + height / 2 + 1) / (0.2 + 1), rel=0.01)


def test_a_feathered_step_is_analytic():
    feather = np.tile(np.clip((np.arange(SIDE, dtype=np.float32) - 118) / 20, 0, 1), (SIDE, 1))
    found = seam(crop_of(ramp() + 10 * feather), crop_of(ramp()), feather)
    assert found == pytest.approx((0.2 + 10 / 20 + 1) / (0.2 + 1), rel=0.03)


def test_a_step_elsewhere_is_no_seam():
    inner = cv2.erode(disc(), np.ones((31, 31)))
    assert seam(crop_of(texture() + 20 * inner), crop_of(texture()), disc()) == 1
    assert seam(crop_of(texture() + 20 * disc()), crop_of(texture()), disc()) > 1.5


def test_texture_hides_what_a_plain_background_shows():
    plain = seam(crop_of(50 + 3 * disc()), crop_of(50), disc())
    hidden = seam(crop_of(texture() + 3 * disc()), crop_of(texture()), disc())
    assert plain > hidden > 1


def test_an_invisible_step_on_a_plain_background_passes():
    assert seam(crop_of(50 + 0.3 * disc()), crop_of(50), disc()) < 1.2


def test_an_edge_without_gradient_is_smoother_than_the_target():
    assert seam(crop_of(50), crop_of(ramp(1.0)), right_half()) == pytest.approx(0.5, rel=0.01)


def test_only_the_gradient_across_the_edge_counts():
    # The edge stands in the middle, where the wave of these stripes is steepest.
    stripes = np.tile(50 + 10 * np.sin((np.arange(SIDE) - SIDE / 2) / 3)[:, None], (1, SIDE))
    assert seam(crop_of(stripes), crop_of(50), right_half()) == pytest.approx(1, abs=0.01)
    assert seam(crop_of(stripes.T), crop_of(50), right_half()) > 2


def test_a_larger_picture_of_the_same_seam_scores_alike():
    small = [crop_of(texture() + 10 * disc()), crop_of(texture()), disc()]
    large = [cv2.resize(a, (512, 512), interpolation=cv2.INTER_LINEAR) for a in small]
    assert seam(*large) == pytest.approx(seam(*small), rel=0.15)
    # Taken for a crop of another scale, gradients are half as steep per pixel.
    ramps = [crop_of(ramp(3.0)), crop_of(50), right_half()]
    assert seam(*ramps, scale=1.0) == pytest.approx(4, rel=0.02)
    assert seam(*ramps, scale=2.0) == pytest.approx(7, rel=0.02)


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(InputError, match="edge"):
        seam(crop_of(50), crop_of(50), np.ones((SIDE, SIDE), np.float32))
