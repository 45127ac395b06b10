import numpy as np
import pytest

from aotface.colour_space import linear_to_srgb
from aotface.errors import InputError
from aotface.light import estimate_light, harmonics, light_direction, light_distance

SIDE = 96
LIGHT = np.array(
    [
        [1.6, 0.3, 0.5, -0.4, 0.10, 0.05, 0.10, -0.08, 0.06],
        [1.4, 0.2, 0.4, -0.3, 0.08, 0.02, 0.05, -0.06, 0.04],
        [1.2, 0.1, 0.3, -0.2, 0.05, 0.01, 0.02, -0.03, 0.02],
    ]
)


def ball():
    y, x = (np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2) / (0.47 * SIDE)
    z = np.sqrt(np.maximum(1 - x * x - y * y, 0))
    normals = np.where((z > 0)[..., None], np.stack([x, y, z], axis=-1), 0)
    return normals.astype(np.float32), (z > 0).astype(np.float32)


def lit(light, albedo=1.0):
    normals, mask = ball()
    linear = (harmonics(normals.reshape(-1, 3)) @ light.T).reshape(SIDE, SIDE, 3) * albedo
    return linear_to_srgb(np.clip(linear, 0, 1) * mask[..., None]).astype(np.float32)


def test_the_basis_is_orthonormal_over_the_sphere():
    directions = np.random.default_rng(0).standard_normal((400_000, 3))
    basis = harmonics(directions / np.linalg.norm(directions, axis=1, keepdims=True))
    np.testing.assert_allclose(4 * np.pi * basis.T @ basis / len(basis), np.eye(9), atol=0.02)


def test_a_known_light_is_recovered():
    found = estimate_light(lit(LIGHT), *ball(), ridge=1e-9)
    np.testing.assert_allclose(found, LIGHT, atol=1e-3)


def test_the_default_ridge_changes_the_shading_by_few_percent():
    normals, mask = ball()
    basis = harmonics(normals[mask > 0])
    wanted = basis @ LIGHT.T
    found = basis @ estimate_light(lit(LIGHT), normals, mask).T
    assert np.linalg.norm(found - wanted) < 0.03 * np.linalg.norm(wanted)
    heavy = basis @ estimate_light(lit(LIGHT), normals, mask, ridge=0.1).T
    assert np.linalg.norm(heavy - wanted) > 0.2 * np.linalg.norm(wanted)


def test_a_fit_to_display_values_is_not_the_light():
    encoded_twice = linear_to_srgb(lit(LIGHT))
    assert np.abs(estimate_light(encoded_twice, *ball(), ridge=1e-9) - LIGHT).max() > 0.1


def test_the_distance_is_zero_for_equals_half_for_half_and_one_for_darkness():
    target = lit(LIGHT)
    distances = [light_distance(lit(LIGHT, factor), target, *ball()) for factor in (1.0, 0.5, 0.0)]
    np.testing.assert_allclose(distances, [0, 0.5, 1], atol=2e-3)


def test_the_distance_sees_a_mirrored_light_that_has_the_same_mean():
    mirrored = LIGHT * np.array([1, 1, 1, -1, -1, 1, 1, -1, 1])
    assert light_distance(lit(mirrored), lit(LIGHT), *ball()) > 0.2


def test_the_distance_overlooks_texture():
    texture = np.random.default_rng(1).uniform(0.8, 1.2, (SIDE, SIDE, 1))
    assert light_distance(lit(LIGHT, texture), lit(LIGHT), *ball()) < 0.02


def test_the_direction_points_at_the_lamp():
    towards = np.array([-0.6, -0.48, 0.64])  # from the upper left, in front
    normals, mask = ball()
    shading = 0.1 + 0.8 * np.maximum(normals @ towards, 0)
    crop = linear_to_srgb(np.repeat((shading * mask)[..., None], 3, axis=2)).astype(np.float32)
    assert light_direction(estimate_light(crop, normals, mask)) @ towards > 0.97  # 14 degrees
    even = estimate_light(crop, normals, mask, ridge=1e-9)  # without the penalty z is lost to the constant
    assert light_direction(even) @ towards < 0.97
    turned = normals * np.float32([1, -1, 1])  # normals with y up are a mistake that this detects
    assert light_direction(estimate_light(crop, turned, mask)) @ towards < 0.7


def test_an_even_light_has_no_direction():
    assert (light_direction(np.zeros((3, 9))) == 0).all()


def test_pixels_without_a_normal_do_not_count():
    normals, mask = ball()
    wide = np.ones_like(mask)
    np.testing.assert_array_equal(
        estimate_light(lit(LIGHT), normals, wide), estimate_light(lit(LIGHT), normals, mask)
    )
    with pytest.raises(InputError, match="nine"):
        estimate_light(lit(LIGHT), np.zeros_like(normals), wide)
