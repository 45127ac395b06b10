import cv2
import numpy as np
import pytest

from aotface.colour_space import lab_to_srgb
from aotface.errors import InputError
from aotface.metrics.temporal import (
    Clip,
    backward_flow,
    clip_de,
    clip_de_floor,
    rerun_de,
    warped_de,
)

HEIGHT, WIDTH = 96, 128


def textured(seed=0, contrast=60):
    noise = np.random.default_rng(seed).standard_normal((HEIGHT + 40, WIDTH + 40))
    lab = np.zeros((*noise.shape, 3))
    lab[..., 0] = 50 + contrast * cv2.GaussianBlur(noise, (0, 0), 3)
    return np.clip(lab_to_srgb(lab), 0, 1).astype(np.float32)


def window(x, y):
    """A view of the texture that starts at (x, y): the camera moves, the texture stays."""
    return textured()[20 + y : 20 + y + HEIGHT, 20 + x : 20 + x + WIDTH].copy()


MASK = np.zeros((HEIGHT, WIDTH), np.float32)
MASK[16:80, 24:104] = 1
STILL = np.zeros((HEIGHT, WIDTH, 2), np.float32)


def test_a_known_motion_leaves_nothing():
    now, before = window(3, 2), window(0, 0)
    flow = STILL + np.float32((3, 2))
    assert warped_de(now, before, flow, MASK) < 1e-3
    assert warped_de(now, before, STILL, MASK) > 3
    assert warped_de(now, before, -flow, MASK) > 3


def test_flicker_is_measured_in_full():
    brighter = np.zeros((HEIGHT, WIDTH, 3))
    brighter[..., 0] = 5
    lab = np.full((HEIGHT, WIDTH, 3), [50.0, 5, 5])
    pair = [lab_to_srgb(lab).astype(np.float32), lab_to_srgb(lab + brighter).astype(np.float32)]
    assert warped_de(*pair, STILL, MASK) == pytest.approx(5, rel=1e-3)
    assert rerun_de(*pair, MASK) == pytest.approx(5, rel=1e-3)


def test_the_estimated_flow_points_backwards():
    flow = backward_flow(window(4, -2), window(0, 0))
    np.testing.assert_allclose(np.median(flow[MASK > 0], axis=0), [4, -2], atol=0.3)


def test_the_estimated_flow_is_the_same_twice():
    pair = window(4, -2), window(0, 0)
    np.testing.assert_array_equal(backward_flow(*pair), backward_flow(*pair))


def test_what_comes_from_outside_does_not_count():
    now, before = window(8, 0), window(0, 0)
    flow = STILL + np.float32((8, 0))
    whole = np.ones_like(MASK)
    assert warped_de(now, before, flow, whole) < 1e-3
    with pytest.raises(InputError, match="inside"):
        warped_de(now, before, flow + np.float32(1000), whole)


def clip(colours):
    """A moving target, and results that are the target with a per-frame change of lightness."""
    targets = [window(2 * i, i) for i in range(3)]
    results = [np.clip(frame + np.float32(c), 0, 1) for frame, c in zip(targets, colours, strict=True)]
    return Clip(results, targets, [MASK] * 3)


def test_a_stable_result_scores_as_the_target_and_a_flickering_one_does_not():
    stable, flickering = clip([0.05, 0.05, 0.05]), clip([0.0, 0.1, 0.0])
    assert clip_de(stable) == pytest.approx(clip_de_floor(stable), rel=0.2)
    assert clip_de(flickering) > clip_de_floor(flickering) + 5


def test_a_clip_of_one_frame_is_refused():
    with pytest.raises(InputError, match="two or more"):
        clip_de(Clip([window(0, 0)], [window(0, 0)], [MASK]))
