"""Blotches of a new face fade; what both faces have, brightness, pores and grey pictures stay."""

import cv2
import numpy as np
import pytest

from aotface.colour_space import lab_to_srgb, linear_to_srgb, srgb_to_lab, srgb_to_linear
from aotface.compose.blotches import FREE, TAKEN, blotch_gain, without_blotches
from aotface.compose.face_step import start_face
from aotface.face.detect import detect
from aotface.media.image import read_image
from aotface.options import DEFAULTS, Options
from aotface.reenact.mesh import MeshReenactor
from aotface.samples import sample
from aotface.transfer import open_transfer
from aotface.types import Crop, Mask

SIDE = 256
SKIN = np.array([65.0, 16.0, 18.0], np.float32)
ALL: Mask = np.ones((SIDE, SIDE), np.float32)
PATCH = cv2.GaussianBlur(
    cv2.circle(np.zeros((SIDE, SIDE), np.float32), (128, 128), 12, (1.0,), -1), (0, 0), 3
)


def face(*more: float, pores: int = 0) -> Crop:
    """Skin with a patch that differs from it so much: Lab."""
    lab = SKIN + PATCH[..., None] * np.array(more or (0, 0, 0), np.float32)
    if pores:
        lab[..., :1] += np.random.default_rng(pores).standard_normal((SIDE, SIDE, 1)).astype(np.float32)
    return np.asarray(lab_to_srgb(lab), np.float32)


def evened(swapped: Crop, target: Crop, skin: Mask = ALL, theirs: Mask = ALL) -> Crop:
    gain = cv2.resize(blotch_gain(swapped, target, skin, theirs), (SIDE, SIDE))
    return linear_to_srgb(srgb_to_linear(swapped) * np.exp(gain))


def at_patch(crop: Crop) -> np.ndarray:
    """What the middle of the patch has beside skin far from it."""
    lab = srgb_to_lab(crop)
    return np.asarray(lab[120:137, 120:137].mean(axis=(0, 1)) - lab[:20].mean(axis=(0, 1)))


@pytest.mark.parametrize("patch", [(0, 6, -8), (0, -8, 4), (-3, 8, 8)])
def test_a_blotch_fades_and_its_brightness_stays(patch: tuple[float, float, float]) -> None:
    before, after = (at_patch(one) for one in (face(*patch), evened(face(*patch), face())))
    assert np.hypot(*after[1:]) < 0.35 * np.hypot(*before[1:]) and abs(after[0] - before[0]) < 0.4


def test_what_both_have_stays() -> None:
    blush = face(-2, 8, 3)
    assert np.abs(at_patch(evened(blush, blush)) - at_patch(blush)).max() < 0.2


def test_little_of_the_targets_own_is_taken_over() -> None:
    taken = at_patch(evened(face(), face(0, 12, 0)))[1]
    assert 0.2 < taken < 1.3 * TAKEN < 0.2 * 12


def test_less_than_that_is_free() -> None:
    assert np.abs(at_patch(evened(face(0, 0.4 * FREE, 0), face())) - (0, 0.4 * FREE, 0)).max() < 0.1


def test_pores_stay() -> None:
    found = srgb_to_lab(evened(face(0, 6, -8, pores=3), face()))[..., 0]
    fine = found - cv2.GaussianBlur(found, (0, 0), 2)
    assert fine.std() == pytest.approx(0.96, abs=0.06)


def test_nothing_changes_beside_skin_or_where_the_target_tells_nothing() -> None:
    hidden = np.where(np.hypot(*(np.indices((SIDE, SIDE)) - 128)) < 60, 0, 1).astype(np.float32)
    blotch = face(0, 6, -8)
    assert np.abs(blotch_gain(blotch, face(), hidden, ALL)[58:70, 58:70]).max() == 0
    assert np.abs(blotch_gain(blotch, face(), ALL, hidden)[58:70, 58:70]).max() < 1e-3


def test_a_grey_face_stays_grey() -> None:
    grey = np.repeat(face(-8, 0, 0).mean(axis=2, keepdims=True), 3, axis=2)
    gain = blotch_gain(grey, grey, ALL, ALL)
    assert (gain == gain[..., :1]).all()


def test_what_somebody_asks_for_is_no_blotch() -> None:
    frame, source = (
        read_image(sample(name)).frame for name in ("target_medium_man_warm_side", "source_light_man")
    )
    prepared, face = MeshReenactor().prepare(source, detect(source)[0]), detect(frame)[0]
    gains = []
    for options in (DEFAULTS, Options(temperature=90.0, exposure=1.0)):
        one = start_face(frame, face, prepared, open_transfer("aot"), options)
        assert one is not None
        made = without_blotches(one)
        gains.append((made.change.temporal - one.change.temporal)[..., :3])
    assert np.abs(gains[0]).max() > 0.005
    assert np.array_equal(*gains)
