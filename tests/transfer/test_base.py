"""What every transfer gets, and what every change can do."""

from collections.abc import Callable

import numpy as np
import pytest

from aotface.errors import InputError
from aotface.transfer import open_transfer
from aotface.transfer.base import Change, FacePair, Recolour, Recoloured
from aotface.types import Crop, Geometry, Mask

Pair = Callable[..., FacePair]


def test_a_small_pair_is_itself_and_a_large_one_shrinks(pair: Pair) -> None:
    small, large = pair(256), pair(512)
    assert small.small is small and pair(64).small.mask.shape == (64, 64)
    half = large.small
    assert half.reenacted.shape == half.target.shape == (256, 256, 3) and half.mask.shape == (256, 256)
    assert half is large.small and half.seed == large.seed
    np.testing.assert_allclose(half.target, large.target.reshape(256, 2, 256, 2, 3).mean((1, 3)), atol=1e-6)
    np.testing.assert_allclose(half.landmarks[:, :2], (large.landmarks[:, :2] - 0.5) / 2, atol=1e-4)


def test_geometry_is_of_the_right_mesh(pair: Pair) -> None:
    one = pair(256)
    assert one.geometry.normals.shape == one.own_geometry.pncc.shape == (256, 256, 3)
    apart = [np.flatnonzero(g.mask.any(axis=0)).mean() for g in (one.geometry, one.own_geometry)]
    assert apart[1] - apart[0] == pytest.approx(2, abs=0.6)  # X_r's lies two pixels further right


def test_a_function_runs_at_256_and_its_change_is_applied_at_the_crops_side(pair: Pair) -> None:
    seen: list[tuple[tuple[int, ...], int]] = []

    def halve(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
        seen.append((reenacted.shape, seed))
        return reenacted / 2

    one = pair(512)
    change = Recolour("halve", halve).find(
        FacePair(*[getattr(one, n) for n in one.__match_args__[:5]], seed=7)
    )
    assert seen == [((256, 256, 3), 7)] and isinstance(change, Change)
    moved = change.apply(one.reenacted)
    inside = one.mask > 0.9
    assert moved.shape == (512, 512, 3) and np.abs(moved - one.reenacted / 2)[inside].mean() < 0.01


def test_a_change_without_maps_is_of_one_crop(pair: Pair) -> None:
    change = Recoloured(pair(256).reenacted)
    assert change.temporal is None and change.in_frame(np.eye(2, 3), 256) is None
    with pytest.raises(InputError, match=r"\(256, 256, 3\), got \(512, 512, 3\)"):
        change.apply(pair(512).reenacted)
    transfer = open_transfer("mkl")
    assert not transfer.smooth
    with pytest.raises(InputError, match="mkl: expected no maps"):
        transfer.restore(np.zeros((4, 4, 3), np.float32))


def test_a_function_that_asks_for_them_gets_both_meshes(pair: Pair) -> None:
    given: list[Geometry] = []

    def shaped(
        reenacted: Crop, target: Crop, mask: Mask, geometry: Geometry, own: Geometry, *, seed: int = 0
    ) -> Crop:
        given.extend((geometry, own))
        return reenacted

    one = pair(512)
    Recolour("shaped", shaped).find(one)
    assert given[0] is one.small.geometry and given[1] is one.small.own_geometry
