import cv2
import numpy as np

from aotface.face.mesh import LEFT_BROW, RIGHT_BROW
from aotface.face.texture import alike_along, brow_outlines, hull_mask, line_ways
from aotface.types import Landmarks


def test_brows_are_drawn_with_what_they_may_reach_over_their_landmarks(mean_landmarks: Landmarks) -> None:
    drawn = [hull_mask((256, 256), outline) for outline in brow_outlines(mean_landmarks)]
    np.testing.assert_array_equal(
        hull_mask((256, 256), *brow_outlines(mean_landmarks)), np.maximum(drawn[0], drawn[1])
    )
    for mask, ring in zip(drawn, (RIGHT_BROW, LEFT_BROW), strict=True):
        x, y = np.round(mean_landmarks[ring, :2]).astype(int).T
        alone = hull_mask(mask.shape, mean_landmarks[ring])
        assert mask[y, x].min() == 1 and (mask >= alone).all()
        assert np.flatnonzero(mask.any(axis=1))[0] < np.flatnonzero(alone.any(axis=1))[0] - 2


def test_a_line_is_alike_along_itself_and_noise_is_not() -> None:
    noise = np.random.default_rng(0).standard_normal((128, 128)).astype(np.float32)
    ring, inside = np.zeros_like(noise), np.s_[20:108, 20:108]
    cv2.circle(ring, (64, 64), 44, (-1.0,), 1, cv2.LINE_AA)
    shown = ring < -0.5
    ring = cv2.GaussianBlur(ring, (0, 0), 1.0)
    for picture, low, high in ((ring, 0.0, 0.35), (noise, 0.6, 1.1)):
        fine = picture - cv2.GaussianBlur(picture, (0, 0), 2.5)
        left = fine - alike_along(fine, line_ways(picture, 2.0), 10.0)
        where = shown if picture is ring else inside
        assert low <= np.abs(left[where]).mean() / np.abs(fine[where]).mean() < high
