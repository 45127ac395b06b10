"""The formula: no learned number, light that is matched, a person that stays."""

import numpy as np
import torch

from aotface.metrics.colour import lf_de
from aotface.metrics.ground_truth import psnr
from aotface.transfer import open_transfer
from aotface.transfer.aot.apply import transport_full
from aotface.transfer.aot.formula import GATE, SIDE, formula_generator
from aotface.transfer.aot.generator import RelightingGenerator
from aotface.types import Crop, Geometry, Mask


def transfer(reenacted: Crop, target: Crop, mask: Mask, geometry: Geometry, own: Geometry) -> Crop:
    return transport_full(formula_generator(), reenacted, target, mask, geometry, own=own)


def plate(side: int) -> Geometry:
    normals = np.zeros((side, side, 3), np.float32)
    normals[..., 2] = 1
    ones = np.ones((side, side), np.float32)
    return Geometry(normals, np.full((side, side, 3), 0.5, np.float32), 0 * ones, ones)


def test_nothing_in_it_is_learned() -> None:
    generator = formula_generator()
    assert isinstance(generator, RelightingGenerator) and generator.size.side == SIDE
    values = torch.cat([parameter.flatten() for parameter in generator.parameters()])
    assert set(values.tolist()) == {0.0, float(np.float32(GATE))}
    assert not any(parameter.requires_grad for parameter in generator.parameters())


def test_equal_pictures_stay_as_they_are() -> None:
    crop = np.random.default_rng(0).uniform(0.2, 0.8, (SIDE, SIDE, 3)).astype(np.float32)
    shape, mask = plate(SIDE), np.ones((SIDE, SIDE), np.float32)
    np.testing.assert_allclose(transfer(crop, crop, mask, shape, shape), crop, atol=2e-3)


def test_a_gain_is_found_and_a_ramp_is_followed() -> None:
    rng = np.random.default_rng(0)
    grain = rng.uniform(0.3, 0.5, (SIDE, SIDE, 1)).astype(np.float32) * np.ones(3, np.float32)
    shape, mask = plate(SIDE), np.ones((SIDE, SIDE), np.float32)
    ramp = np.linspace(0.5, 1.3, SIDE, dtype=np.float32)[None, :, None]
    other = np.full_like(grain, 0.4) * ramp
    moved = transfer(grain, other, mask, shape, shape)
    assert lf_de(moved, other, mask) < 0.3 * lf_de(grain, other, mask)
    answer = np.clip(grain * ramp, 0, 1)
    assert psnr(moved, answer, mask) > psnr(grain, answer, mask) + 3
    assert psnr(moved, answer, mask) > psnr(other, answer, mask)  # the twin: it does not copy


def test_grey_targets_give_grey_faces() -> None:
    rng = np.random.default_rng(1)
    face = rng.uniform(0.2, 0.8, (SIDE, SIDE, 3)).astype(np.float32)
    grey = np.repeat(rng.uniform(0.2, 0.8, (SIDE, SIDE, 1)), 3, axis=2).astype(np.float32)
    shape, mask = plate(SIDE), np.ones((SIDE, SIDE), np.float32)
    moved = transfer(face, grey, mask, shape, shape)
    assert float(np.ptp(moved, axis=2).max()) < 1e-4
    assert float(np.ptp(transfer(face, face[::-1].copy(), mask, shape, shape), axis=2).max()) > 0.1


def test_it_is_a_transfer_like_the_network_and_has_no_weights() -> None:
    formula = open_transfer("formula")
    assert formula.smooth and formula.identity() == {"model_sha256": None}
