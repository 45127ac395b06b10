import numpy as np
import pytest

from aotface.transfer.classical import poisson

SIDE = 40


@pytest.fixture
def mask() -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    distance = np.hypot(rows - 20, columns - 19)
    return np.clip((16 - distance) / 4, 0, 1).astype(np.float32)


def harmonic() -> np.ndarray:
    """x, y and x^2 - y^2: their discrete Laplacian is zero."""
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    return np.stack([rows, columns, rows**2 - columns**2], axis=-1)


def test_membrane_is_the_harmonic_function(mask):
    core = mask > 0.7
    spoilt = np.where(core[..., None], 9.0, harmonic())
    np.testing.assert_allclose(poisson.membrane(spoilt, core), harmonic(), atol=1e-10)
    assert np.abs(spoilt - harmonic()).max() > 1


def test_a_harmonic_difference_gives_the_target_itself(mask):
    random = np.random.default_rng(0)
    target = random.uniform(0.3, 0.6, (SIDE, SIDE, 3)).astype(np.float32)
    reenacted = (target - 0.2 * harmonic() + 0.05).astype(np.float32)
    result = poisson.transfer(reenacted, target, mask)
    np.testing.assert_allclose(result[mask > 0], target[mask > 0], atol=1e-5)


def test_no_seam_and_the_inner_gradients_are_kept(mask):
    random = np.random.default_rng(1)
    reenacted, target = random.uniform(0.4, 0.6, (2, SIDE, SIDE, 3)).astype(np.float32)
    result = poisson.transfer(reenacted, target, mask)
    rim = (mask > 0) & (mask < 0.5)
    np.testing.assert_allclose(result[rim], target[rim], atol=1e-6)

    def laplacian(picture):
        return (
            4 * picture[1:-1, 1:-1]
            - picture[2:, 1:-1]
            - picture[:-2, 1:-1]
            - picture[1:-1, 2:]
            - picture[1:-1, :-2]
        )

    inner = mask[1:-1, 1:-1] > 0.9
    np.testing.assert_allclose(laplacian(result)[inner], laplacian(reenacted)[inner], atol=1e-5)


def test_full_masks_and_slivers():
    random = np.random.default_rng(2)
    reenacted, target = random.random((2, 12, 12, 3)).astype(np.float32)
    full = poisson.transfer(reenacted, target, np.ones((12, 12), np.float32))
    np.testing.assert_allclose(full[0], target[0], atol=1e-6)
    assert np.isfinite(full).all()
    sliver = np.zeros((12, 12), np.float32)
    sliver[5, 2:9] = 1
    thin = poisson.transfer(reenacted, target, sliver)
    np.testing.assert_allclose(thin[5, 2:9], target[5, 2:9], atol=1e-6)
