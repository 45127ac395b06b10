import numpy as np

from aotface.face.mesh import LEFT_BROW, RIGHT_BROW
from aotface.face.texture import brow_outlines, hull_mask
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
