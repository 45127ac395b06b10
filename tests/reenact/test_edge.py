"""Soft edges: before the mesh's, before the picture's, above the brows of the face below."""

import numpy as np
import pytest
from skimage.data import astronaut

from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.mesh import LEFT_BROW, MEAN, OVAL, RIGHT_BROW
from aotface.face.render import rasterize
from aotface.reenact.edge import edge_mask, inner_mask
from aotface.types import CROP_SIDE, AlignedFace


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.ascontiguousarray(astronaut())


@pytest.fixture(scope="module")
def target(photo: np.ndarray) -> AlignedFace:
    return align(photo, detect(photo)[0])


def test_the_mask_ends_before_the_picture_does(target: AlignedFace) -> None:
    everywhere = np.ones((256, 256), bool)
    whole = edge_mask(target.landmarks, everywhere)
    half = everywhere.copy()
    half[:, 128:] = False
    cut = edge_mask(target.landmarks, half)
    assert whole[:, 128:].max() > 0.99 and cut[:, 128:].max() == 0
    assert (np.abs(np.diff(cut, axis=1)) < 0.35).all()  # soft, not cut off
    np.testing.assert_allclose(cut[:, :100], whole[:, :100], atol=1e-3)


def test_a_larger_side_gives_the_same_mask(photo: np.ndarray, target: AlignedFace) -> None:
    large = align(photo, target.face, 512)
    mask = edge_mask(large.landmarks, np.ones((512, 512), bool))
    small = edge_mask(target.landmarks, np.ones((256, 256), bool))
    assert np.abs(mask.reshape(256, 2, 256, 2).mean(axis=(1, 3)) - small).max() < 0.1


def test_raised_brows_of_the_target_do_not_show_above_the_new_ones() -> None:
    points = ((MEAN - MEAN.min(axis=0)) * 80 + 40).astype(np.float32)
    high = points.copy()
    brows = np.concatenate([LEFT_BROW, RIGHT_BROW])
    top = points[OVAL, 1].min()
    high[brows, 1] += top + 7 - high[brows, 1].min()
    raster = rasterize(points, CROP_SIDE)
    there = tuple(np.round(high[LEFT_BROW, 1::-1].mean(axis=0)).astype(int))
    plain, over = inner_mask(points, raster), inner_mask(points, raster, high)
    assert over[there] > 0.97 and plain[there] < 0.9
    assert not over[~raster.covered].any()
    np.testing.assert_allclose(inner_mask(points, raster, points)[150:], plain[150:], atol=1e-3)
