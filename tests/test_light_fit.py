import numpy as np

from aotface.light_fit import fit_light, shine


def sphere(count: int, seed: int = 0) -> np.ndarray:
    """Unit normals that look at the camera."""
    points = np.random.default_rng(seed).normal(size=(count, 3))
    points[:, 2] = np.abs(points[:, 2])
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def test_a_known_lamp_comes_back() -> None:
    lamp = np.array([-0.3, -0.1, 0.5, 0.12], np.float32)
    normals = sphere(4000)
    np.testing.assert_allclose(fit_light(shine(lamp, normals), normals), lamp, atol=0.02)


def test_a_lamp_from_the_side_leaves_half_in_shadow() -> None:
    lamp = np.array([0.8, 0.0, 0.1, 0.05], np.float32)
    normals = sphere(4000)
    fitted = fit_light(shine(lamp, normals), normals)
    np.testing.assert_allclose(fitted, lamp, atol=0.05)
    assert shine(fitted, np.array([[-1, 0, 0]], np.float32))[0] < 0.1


def test_spots_do_not_move_the_lamp() -> None:
    lamp = np.array([0.2, -0.2, 0.5, 0.1], np.float32)
    normals = sphere(4000)
    brightness = shine(lamp, normals).astype(np.float32)
    brightness[:300] = 5.0
    np.testing.assert_allclose(fit_light(brightness, normals)[:3], lamp[:3], atol=0.06)
    plain = np.linalg.lstsq(np.c_[normals, np.ones(4000)], brightness, rcond=None)[0]
    assert abs(plain[3] - lamp[3]) > 0.2, "the failing twin: least squares is moved"


def test_even_light_has_no_lamp() -> None:
    normals = sphere(500)
    light = fit_light(np.full(500, 0.3, np.float32), normals)
    np.testing.assert_allclose(shine(light, normals), 0.3, atol=0.03)
