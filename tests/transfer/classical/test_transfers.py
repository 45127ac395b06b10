"""What all methods promise, method by method."""

import inspect
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aotface.colour_space import srgb_to_lab
from aotface.transfer import LISTED, open_transfer

SIDE = 32
CLASSICAL = {
    name: open_transfer(name).function
    for name, line in LISTED.items()
    if line.module.startswith("classical.")
}
TRANSFERS = {name: f for name, f in CLASSICAL.items() if "geometry" not in inspect.signature(f).parameters}
"""Those that look at colours only; `test_shu` tests the other one."""

MOVING = [name for name in TRANSFERS if name != "none"]
LANDING = [name for name in MOVING if name != "poisson"]
GREYING = [name for name in LANDING if name not in ("mean", "histogram", "idt", "sliced")]


def soft_mask(side: int = SIDE) -> np.ndarray:
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    return np.clip((0.45 * side - np.hypot(rows, columns)) / 4, 0, 1).astype(np.float32)


def face(seed: int, tone: tuple[float, float, float], side: int = SIDE) -> np.ndarray:
    """A shaded, noisy patch of one tone, in 8-bit steps."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side] / side
    shade = 0.7 + 0.5 * np.sin(3 * rows + seed) * np.cos(2 * columns)
    picture = np.array(tone) * shade[..., None] + random.normal(scale=0.03, size=(side, side, 3))
    return (np.rint(np.clip(picture, 0, 1) * 255) / 255).astype(np.float32)


LIGHT, DARK = (0.85, 0.65, 0.55), (0.30, 0.18, 0.12)


def mean_gap(result: np.ndarray, target: np.ndarray, mask: np.ndarray) -> float:
    quantised = (np.rint(result * 255) / 255).astype(np.float64)
    difference = srgb_to_lab(quantised) - srgb_to_lab(target.astype(np.float64))
    return float(np.linalg.norm((difference * mask[..., None]).sum(axis=(0, 1)) / mask.sum()))


@pytest.mark.parametrize("name", LANDING)
@pytest.mark.parametrize("tones", [(LIGHT, DARK), (DARK, LIGHT), (LIGHT, (0.1, 0.2, 0.6))])
def test_mean_lands_after_clipping_and_rounding(name, tones):
    reenacted, target, mask = face(0, tones[0]), face(1, tones[1]), soft_mask()
    assert mean_gap(TRANSFERS[name](reenacted, target, mask), target, mask) < 0.3
    assert mean_gap(TRANSFERS["none"](reenacted, target, mask), target, mask) > 10


@pytest.mark.parametrize("name", MOVING)
def test_outside_neither_counts_nor_changes(name):
    reenacted, target, mask = face(0, LIGHT), face(1, DARK), soft_mask()
    outside = mask == 0
    plain = TRANSFERS[name](reenacted, target, mask)
    np.testing.assert_array_equal(plain[outside], reenacted[outside])
    random = np.random.default_rng(9)
    wild_reenacted, wild_target = reenacted.copy(), target.copy()
    wild_reenacted[outside] = random.random((outside.sum(), 3))
    wild_target[outside] = random.random((outside.sum(), 3))
    wild = TRANSFERS[name](wild_reenacted, wild_target, mask)
    np.testing.assert_array_equal(wild[~outside], plain[~outside])


@pytest.mark.parametrize("name", MOVING)
def test_more_background_changes_nothing(name):
    reenacted, target, mask = face(0, LIGHT), face(1, DARK), soft_mask()
    plain = TRANSFERS[name](reenacted, target, mask)
    border = ((8, 8), (8, 8), (0, 0))
    wide = TRANSFERS[name](np.pad(reenacted, border), np.pad(target, border), np.pad(mask, 8))
    np.testing.assert_array_equal(wide[8:-8, 8:-8][mask > 0], plain[mask > 0])


@pytest.mark.parametrize("name", TRANSFERS)
def test_same_seed_same_bytes_and_inputs_untouched(name):
    reenacted, target, mask = face(0, LIGHT), face(1, DARK), soft_mask()
    kept = reenacted.copy(), target.copy(), mask.copy()
    first, second = (TRANSFERS[name](reenacted, target, mask, seed=7) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    assert first.dtype == np.float32 and first is not reenacted
    for before, after in zip(kept, (reenacted, target, mask), strict=True):
        np.testing.assert_array_equal(before, after)


def test_sampling_methods_listen_to_the_seed():
    reenacted, target, mask = face(0, LIGHT), face(1, DARK), soft_mask()
    for name in ("histogram", "idt", "sliced"):
        assert not np.array_equal(*(TRANSFERS[name](reenacted, target, mask, seed=seed) for seed in (0, 1)))


@pytest.mark.parametrize("name", TRANSFERS)
def test_an_equal_target_changes_next_to_nothing(name):
    reenacted, mask = face(0, LIGHT), soft_mask()
    assert np.abs(TRANSFERS[name](reenacted, reenacted, mask) - reenacted).max() < 2.5 / 255


@pytest.mark.parametrize("name", GREYING)
def test_grey_target_gives_a_grey_face(name):
    reenacted, mask = face(0, LIGHT), soft_mask()
    target = face(1, (0.5, 0.5, 0.5)).mean(axis=2, keepdims=True).repeat(3, axis=2)
    result = np.rint(TRANSFERS[name](reenacted, target, mask) * 255)
    assert np.ptp(result[mask > 0], axis=1).max() == 0
    kept = np.rint(TRANSFERS["mean"](reenacted, target, mask) * 255)  # a shift cannot take tints away
    assert np.ptp(kept[mask > 0], axis=1).max() > 5


@pytest.mark.parametrize("name", LANDING)
def test_grey_face_takes_the_targets_mean(name):
    reenacted = face(0, (0.5, 0.5, 0.5)).mean(axis=2, keepdims=True).repeat(3, axis=2)
    target, mask = face(1, LIGHT), soft_mask()
    assert mean_gap(TRANSFERS[name](reenacted, target, mask), target, mask) < 0.3


@pytest.mark.parametrize("name", TRANSFERS)
@pytest.mark.parametrize("constant", ["reenacted", "target", "both"])
def test_constant_colours(name, constant):
    reenacted, target, mask = face(0, LIGHT), face(1, DARK), soft_mask()
    if constant != "target":
        reenacted[:] = (0.2, 0.5, 0.7)
    if constant != "reenacted":
        target[:] = (0.6, 0.3, 0.2)
    result = TRANSFERS[name](reenacted, target, mask)
    assert np.isfinite(result).all() and result.min() >= 0 and result.max() <= 1
    if name in LANDING and constant == "both":
        np.testing.assert_allclose(result[mask > 0] * 255, target[mask > 0] * 255, atol=0.5)


@pytest.mark.parametrize("name", TRANSFERS)
def test_empty_and_tiny_masks(name):
    reenacted, target = face(0, LIGHT), face(1, DARK)
    empty = TRANSFERS[name](reenacted, target, np.zeros((SIDE, SIDE), np.float32))
    np.testing.assert_array_equal(empty, reenacted)
    for count in (1, 2, 5, 31, 33):
        mask = np.zeros(SIDE * SIDE, np.float32)
        mask[400 : 400 + count] = 1
        result = TRANSFERS[name](reenacted, target, mask.reshape(SIDE, SIDE))
        assert np.isfinite(result).all() and result.min() >= 0 and result.max() <= 1


@pytest.mark.parametrize("name", TRANSFERS)
def test_any_picture_gives_a_picture(name):
    values = st.floats(0, 1, width=32)

    @settings(max_examples=15, deadline=None, database=None, derandomize=True)
    @given(arrays(np.float32, (2, 8, 8, 3), elements=values), arrays(np.float32, (8, 8), elements=values))
    def check(crops, mask):
        result = TRANSFERS[name](crops[0], crops[1], mask)
        assert result.shape == crops[0].shape and result.dtype == np.float32
        assert np.isfinite(result).all() and result.min() >= 0 and result.max() <= 1

    check()


def test_importing_the_room_stays_light():
    code = "import aotface.transfer.classical, sys; print(*({'ot', 'torch', 'onnxruntime', 'scipy'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
