"""Mass transport over colour, position and normal, against what is known in closed form."""

import numpy as np
import pytest

from aotface.colour_space import lab_to_srgb, srgb_to_lab
from aotface.errors import InputError
from aotface.transfer.classical import shu
from aotface.types import Geometry

SIDE = 64


def flat() -> Geometry:
    normals = np.zeros((SIDE, SIDE, 3), np.float32)
    normals[..., 2] = 1
    ones = np.ones((SIDE, SIDE), np.float32)
    return Geometry(normals, normals, 0 * ones, ones)


def dome() -> Geometry:
    """A hemisphere that fills the crop."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / (SIDE / 2) - 1
    z = np.sqrt(np.maximum(1 - x**2 - y**2, 0))
    normals = np.stack([x, y, z], axis=2) * (z > 0)[..., None]
    return Geometry(normals.astype(np.float32), normals.astype(np.float32), z, (z > 0.1).astype(np.float32))


def test_gaussians_meet_at_the_known_mean_and_covariance() -> None:
    rng = np.random.default_rng(0)
    source = rng.standard_normal((4000, 8)) * np.linspace(0.5, 2, 8)
    mixing = rng.standard_normal((8, 8)) / 3
    target = rng.standard_normal((4000, 8)) @ mixing + np.arange(8.0)
    weights = np.full(4000, 1 / 4000)
    moved = shu.match(source, target, weights, np.random.default_rng(1))
    np.testing.assert_allclose(moved.mean(0), target.mean(0), atol=0.05)
    np.testing.assert_allclose(np.cov(moved.T), np.cov(target.T), atol=0.12)
    assert np.abs(np.cov(source.T) - np.cov(target.T)).max() > 1  # the twin: they were apart


def test_equal_clouds_stay_put() -> None:
    cloud = np.random.default_rng(0).standard_normal((500, 8))
    weights = np.full(500, 1 / 500)
    moved = shu.match(cloud, cloud[::-1], weights, np.random.default_rng(1))
    assert np.abs(moved - cloud).max() < 0.05
    crop = np.random.default_rng(2).uniform(0.2, 0.8, (SIDE, SIDE, 3)).astype(np.float32)
    mask = dome().mask
    np.testing.assert_allclose(shu.transfer(crop, crop, mask, dome(), dome()), crop, atol=5e-3)


def test_a_shift_of_all_colours_is_found() -> None:
    crop = np.random.default_rng(2).uniform(0.3, 0.5, (SIDE, SIDE, 3)).astype(np.float32)
    wanted = lab_to_srgb(srgb_to_lab(crop) + np.float32([10, 5, -5])).astype(np.float32)
    mask = np.ones((SIDE, SIDE), np.float32)
    np.testing.assert_allclose(shu.transfer(crop, wanted, mask, flat(), flat()), wanted, atol=0.015)


def test_grey_targets_give_grey_faces() -> None:
    rng = np.random.default_rng(4)
    face, grey = (
        rng.uniform(0.2, 0.8, (SIDE, SIDE, 3)),
        np.repeat(rng.uniform(0.2, 0.8, (SIDE, SIDE, 1)), 3, 2),
    )
    mask = np.ones((SIDE, SIDE), np.float32)
    to_grey = shu.transfer(*(2 * [grey.astype(np.float32)]), mask, dome(), dome())
    assert float(np.ptp(to_grey, axis=2).max()) < 0.01
    grey_face = np.repeat(face[..., :1], 3, axis=2).astype(np.float32)
    moved = shu.transfer(grey_face, grey.astype(np.float32), mask, dome(), dome())
    assert float(np.ptp(moved, axis=2).max()) < 0.01
    coloured = shu.transfer(grey_face, face.astype(np.float32), mask, dome(), dome())
    assert float(np.ptp(coloured, axis=2).max()) > 0.1  # the twin


def test_light_from_the_side_goes_where_the_normals_say() -> None:
    """Colours alone cannot tell left from right; position and normal can."""
    shape = dome()
    even = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    even += np.random.default_rng(0).uniform(-0.01, 0.01, even.shape).astype(np.float32)
    wanted = np.repeat((0.5 + 0.3 * shape.normals[..., :1]), 3, axis=2).astype(np.float32)
    moved = shu.transfer(even, wanted, shape.mask, shape, shape)
    inside = shape.mask > 0
    assert np.abs(moved - wanted)[inside].mean() < 0.05 < np.abs(even - wanted)[inside].mean()
    left, right = moved[:, : SIDE // 2][inside[:, : SIDE // 2]], moved[:, SIDE // 2 :][inside[:, SIDE // 2 :]]
    assert right.mean() - left.mean() > 0.2


def test_without_place_and_normal_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The failing twin."""
    for name in ("POSITION", "NORMAL"):
        monkeypatch.setattr(shu, name, 0.0)
    with pytest.raises(AssertionError):
        test_light_from_the_side_goes_where_the_normals_say()


def test_the_guided_filter_keeps_constants_and_the_edges_of_the_guide() -> None:
    mask = np.ones((SIDE, SIDE), np.float32)
    step = (np.arange(SIDE) > SIDE // 2).astype(np.float32)[None, :, None] * np.ones((SIDE, 1, 1), np.float32)
    np.testing.assert_allclose(shu.guided(0 * step + 0.3, step[..., 0], mask, 4.0), 0.3, atol=1e-5)
    np.testing.assert_allclose(shu.guided(0.5 * step, step[..., 0], mask, 4.0), 0.5 * step, atol=0.01)
    blind = shu.guided(0.5 * step, np.zeros_like(mask), mask, 4.0)
    assert np.abs(blind - 0.5 * step).max() > 0.1  # the twin: without an edge in the guide it blurs


def test_beside_the_mask_nothing_changes_and_the_same_seed_gives_the_same() -> None:
    rng = np.random.default_rng(3)
    first, second = (rng.uniform(0, 1, (SIDE, SIDE, 3)).astype(np.float32) for _ in range(2))
    mask = dome().mask
    one, two = (shu.transfer(first, second, mask, dome(), dome(), seed=5) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one[mask == 0], first[mask == 0])
    assert one.min() >= 0 and one.max() <= 1 and np.abs(one - first).max() > 0.1
    np.testing.assert_array_equal(shu.transfer(first, second, 0 * mask, dome(), dome()), first)
    with pytest.raises(InputError, match="of one size"):
        shu.transfer(first, second[:32], mask, dome(), dome())
