"""Hairs for brows that have none: as strong as the target's, along a brow's own direction, and nowhere else."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from aotface.compose.blend import blend
from aotface.compose.brow_texture import BrowTexture, BrowView, strands
from aotface.compose.camera import Camera, Match
from aotface.compose.eyes import EyePoints
from aotface.face.mesh import LEFT_BROW, MEAN
from aotface.face.texture import LUMA, brow_outlines, features_mask, hull_mask
from aotface.masked import grown

POINTS = ((MEAN - MEAN.min(axis=0)) / np.ptp(MEAN, axis=0).max() * 190 + 30).astype(np.float32)
BROW = hull_mask((256, 256), *brow_outlines(POINTS))
SOFT = cv2.GaussianBlur(BROW, (0, 0), 1.5)
CORE = cv2.erode(BROW, np.ones((5, 5))) > 0


def match(stand_in: float = 0.0) -> Match:
    """Skin as sharp as usual, whose finest octave stands in by so much."""
    one, texture = np.ones(3, np.float32), np.zeros((6, 3), np.float32)
    texture[0] = (0.015 * 0.6 * 255) ** 2
    shares = np.array([stand_in, 0, 0], np.float32)
    return Match(one, 0 * one, 0 * one, 0 * one, shares, texture, one)


def view(hairs: float = 0.3, own: float = 0.0, depth: float = 0.35) -> BrowView:
    """A brow on skin, and that of its target, each with hairs of so much strength."""
    random, faces = np.random.default_rng(5), []
    for strength in (own, hairs):
        noise = strength * random.standard_normal((256, 256)).astype(np.float32)
        plane = 0.6 * np.exp(-2 * depth * SOFT * (1 + noise))
        faces.append(np.repeat(plane[..., None], 3, axis=2).astype(np.float32))
    features = features_mask((256, 256), POINTS)
    whole = np.ones((256, 256), np.float32)
    return BrowView(*faces, whole, features, EyePoints(POINTS, POINTS), 1.0, (0, 0))


def fine(picture: np.ndarray) -> float:
    """What stands out in the middle of brows, in parts of its mean."""
    luma = cv2.transform(picture, LUMA)
    return float((luma - cv2.GaussianBlur(luma, (0, 0), 1.4))[CORE].std() / luma[CORE].mean())


def laid(seen: BrowView, found: BrowTexture | None) -> np.ndarray:
    assert found is not None
    picture = seen.face.copy()
    found.lay(picture, (0, 0))
    return picture


def test_a_soft_brow_gets_hairs_and_keeps_its_tone() -> None:
    seen = view()
    made = laid(seen, seen.texture(match(), (0, 0, 0)))
    assert fine(seen.face) < 0.03 < 0.25 * fine(seen.target) < fine(made) < 1.2 * fine(seen.target)
    assert abs(made[CORE].mean() / seen.face[CORE].mean() - 1) < 0.03
    far = grown(BROW, 12.0) == 0
    np.testing.assert_array_equal(made[far], seen.face[far])


def test_a_brow_with_hairs_of_its_own_stays() -> None:
    seen = view(own=0.5)
    found = seen.texture(match(), (0, 0, 0))
    assert found is not None
    assert np.abs(found.gain - 1).max() < 0.01 and np.abs(found.more).max() < 0.004


def test_what_is_no_brow_gets_no_hairs() -> None:
    seen = view(depth=0.01)
    found = seen.texture(match(), (0, 0, 0))
    assert found is not None
    np.testing.assert_array_equal(found.gain, 1)


def test_skin_beside_hairs_gets_what_other_skin_got() -> None:
    seen = replace(view(), face=np.full((256, 256, 3), 0.6, np.float32))
    bare, sharp = (seen.texture(match(share), (0, 0, 0)) for share in (0.0, 1.0))
    assert bare is not None and sharp is not None
    np.testing.assert_array_equal(bare.more, 0)
    assert sharp.more[CORE].std() == pytest.approx(0.015 * 0.6, rel=0.2)
    assert not sharp.more[seen.features == 0].any()


def test_hairs_grow_upwards_at_the_inner_end_and_along_the_brow_at_the_outer_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("aotface.compose.brow_texture.WILD", 0.0)
    noise = strands(POINTS, (256, 256), 1.0)
    low, high = POINTS[LEFT_BROW[:5], :2], POINTS[LEFT_BROW[5:], :2][::-1]
    outer, inner = ((low + high) / 2)[[0, -1]].round().astype(int)

    def alike(at: np.ndarray, right: int, down: int) -> float:
        part = np.s_[at[1] - 8 : at[1] + 9, at[0] - 8 : at[0] + 9]
        return float(
            np.corrcoef(noise[part].ravel(), np.roll(noise, (down, right), (0, 1))[part].ravel())[0, 1]
        )

    right, down = np.rint(2 * (outer - inner) / np.hypot(*(outer - inner))).astype(int).tolist()
    assert alike(inner, down, -right) > alike(inner, right, down) + 0.2
    assert alike(outer, right, down) > alike(outer, down, -right) + 0.2


def test_a_picture_gets_them_at_its_place_and_a_video_does_not() -> None:
    seen = view()
    target = np.zeros((300, 300, 3), np.uint8) + 153
    target[20:276, 30:286] = np.rint(seen.target * 255)
    matrix = np.array([[1, 0, -30], [0, 1, -20]], np.float64)
    camera = Camera(seen.features, (0, 0, 0), eyes=EyePoints(POINTS, POINTS), brows=BROW)
    made = [
        blend(target, seen.face, np.ones((256, 256), np.float32), matrix, camera=one)[20:276, 30:286] / 255
        for one in (camera, replace(camera, texture=np.zeros((6, 3), np.float32)))
    ]
    assert fine(made[0].astype(np.float32)) > 1.25 * fine(made[1].astype(np.float32))
