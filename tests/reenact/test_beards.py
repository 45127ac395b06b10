"""A beard becomes skin, lips and nose stay; who has one, and who is shaven; where each of both faces loses it."""

import cv2
import numpy as np
import pytest

from aotface.face.align import align
from aotface.face.mesh import MEAN, NOSE_WINGS, OUTER_LIPS, OVAL
from aotface.face.texture import hull_mask
from aotface.face.visibility.classes import OUTPUTS, Surface
from aotface.face.visibility.network import Visibility
from aotface.face.visibility.view import view_matrix
from aotface.reenact import beards, mesh
from aotface.reenact.beards import CHIN, LIP, hairs_of, is_bearded, is_shaven, shows_beard, without_beard
from aotface.reenact.mesh import MeshReenactor
from aotface.types import AlignedFace, Face, Frame, Mask

SIDE = 320
POINTS = (MEAN * 85 + 160).astype(np.float32)
FACE = Face(0, (0.0, 0.0, 320.0, 320.0), 1.0, POINTS)
MATRIX = view_matrix(POINTS)
SHAPE = (SIDE, SIDE)
LIPS, NOSE = (hull_mask(SHAPE, POINTS[ring]) > 0 for ring in (OUTER_LIPS, NOSE_WINGS))
BELOW = (np.arange(SIDE) > POINTS[2, 1] + 3)[:, None]
BEARD = (hull_mask(SHAPE, POINTS[OVAL]) > 0) & BELOW & ~LIPS & ~NOSE
DEEP = cv2.erode(BEARD.astype(np.uint8), np.ones((7, 7))) > 0
SKIN, RED = (200, 160, 140), (180, 90, 90)


def bearded() -> Frame:
    """Skin with red lips, dark and bright hairs."""
    frame = np.full((SIDE, SIDE, 3), SKIN, np.uint8)
    frame[LIPS] = RED
    hairs = np.random.default_rng(3).choice([30, 120], (SIDE, SIDE, 1)).astype(np.uint8)
    return np.where(BEARD[..., None], hairs, frame)


def seen(beard: np.ndarray, share: float = 0.6) -> Visibility:
    planes = np.zeros((OUTPUTS, 256, 256), np.float32)
    planes[Surface.BEARD] = cv2.warpAffine(share * beard.astype(np.float32), MATRIX, (256, 256))
    planes[Surface.SKIN] = 1 - planes[Surface.BEARD]
    return Visibility(planes, MATRIX)


def part(landmarks: np.ndarray) -> Mask:
    return hull_mask(SHAPE, POINTS[landmarks])


def test_a_beard_becomes_skin() -> None:
    frame = bearded()
    done = without_beard(frame, FACE, seen(BEARD))[DEEP].astype(int)
    assert np.abs(done - SKIN).max() < 12
    assert np.abs(frame[DEEP].astype(int) - SKIN).mean() > 60  # the twin


def test_lips_nose_and_the_upper_face_stay() -> None:
    frame = bearded()
    done = without_beard(frame, FACE, seen(BEARD))
    inner = cv2.erode(LIPS.astype(np.uint8), np.ones((5, 5))) > 0
    upper = np.arange(SIDE) < POINTS[2, 1] - 16
    assert np.array_equal(done[inner], frame[inner])
    assert np.array_equal(done[upper], frame[upper])


def test_a_mole_far_from_a_moustache_stays() -> None:
    frame = np.full((SIDE, SIDE, 3), SKIN, np.uint8)
    moustache = (part(LIP) > 0) & ~LIPS & ~NOSE
    frame[moustache] = 30
    x, y = np.rint(POINTS[199, :2]).astype(int)
    frame[y - 3 : y + 3, x - 3 : x + 3] = 60
    done = without_beard(frame, FACE, seen(moustache))
    assert np.array_equal(done[y - 3 : y + 3, x - 3 : x + 3], frame[y - 3 : y + 3, x - 3 : x + 3])
    core = cv2.erode(moustache.astype(np.uint8), np.ones((5, 5))) > 0
    assert core.any() and np.abs(done[core].astype(int) - SKIN).max() < 25


@pytest.mark.parametrize(
    ("where", "share", "wanted"),
    [
        ([CHIN, LIP], 0.5, True),
        ([LIP], 0.9, True),
        ([CHIN], 0.9, False),  # shade
        ([CHIN, LIP], 0.02, False),
    ],
)
def test_a_beard_has_a_moustache(where: list[np.ndarray], share: float, wanted: bool) -> None:
    aligned = align(bearded(), FACE)
    assert is_bearded(aligned, seen(np.maximum.reduce([part(one) for one in where]), share)) is wanted


@pytest.mark.parametrize(("hairy", "share", "wanted"), [(6, 0.1, True), (1, 0.1, False), (6, 0.02, False)])
def test_hairs_tell_a_moustache(hairy: int, share: float, wanted: bool) -> None:
    noise = np.random.default_rng(8).normal(0, 3, (*SHAPE, 1))
    noise[part(LIP) > 0] *= hairy
    frame = np.clip(np.array(SKIN) + noise, 0, 255).astype(np.uint8)
    aligned, trace = align(frame, FACE), seen(part(LIP) > 0, share)
    assert shows_beard(aligned, trace) is wanted and not is_bearded(aligned, trace)


def stubbly(hairy: float) -> Frame:
    """Skin whose pores are so many times as strong where a beard grows: dark hairs."""
    noise = np.random.default_rng(8).normal(0, 3, (*SHAPE, 1))
    hairs = -np.abs(noise) * hairy - 2 * hairy
    return np.clip(np.array(SKIN) + np.where(BEARD[..., None] & (hairy > 1), hairs, noise), 0, 255).astype(
        np.uint8
    )


def test_stubble_that_the_network_hardly_sees_is_taken_off_by_its_hairs() -> None:
    frame, trace = stubbly(6), seen(BEARD, 0.06)
    aligned = align(frame, FACE)
    hairs = hairs_of(aligned, trace)
    assert hairs is not None and not is_bearded(aligned, trace)
    before, alone, done = (
        np.abs(one[DEEP].astype(int) - SKIN).mean()
        for one in (frame, without_beard(frame, FACE, trace), without_beard(frame, FACE, trace, hairs))
    )
    assert done < 0.25 * before and done < 0.5 * alone


@pytest.mark.parametrize(("hairy", "share"), [(1, 0.06), (6, 0.0)])
def test_smooth_or_unseen_hairs_are_no_beard(hairy: float, share: float) -> None:
    assert hairs_of(align(stubbly(hairy), FACE), seen(BEARD, share)) is None


def test_what_the_network_sees_is_a_beard_without_hairs() -> None:
    assert hairs_of(align(stubbly(1), FACE), seen(BEARD, 0.6)) is not None


class Network:
    """Sees the same on any face."""

    def __init__(self, found: Visibility):
        self.found = found

    def see_crop(self, crop: np.ndarray, landmarks: np.ndarray) -> Visibility:
        assert crop.shape == (256, 256, 3)
        assert np.abs(landmarks.mean(axis=0)[:2] - 128).max() < 40
        return self.found


def test_a_target_is_looked_at_whatever_its_side(monkeypatch: pytest.MonkeyPatch) -> None:
    for beard, wanted in ((BEARD, False), (0 * BEARD, True)):
        network = Network(seen(beard))
        monkeypatch.setattr(beards, "visibility_network", lambda network=network: network)
        assert all(is_shaven(align(bearded(), FACE, side)) is wanted for side in (256, 352))


def test_it_goes_for_a_shaven_target_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    target: AlignedFace = align(np.full((SIDE, SIDE, 3), SKIN, np.uint8), FACE)
    monkeypatch.setattr(mesh, "hairs_of", lambda *_: np.zeros((256, 256), np.float32))
    monkeypatch.setattr(mesh, "without_beard", lambda frame, *_: 255 - frame)
    source, made = MeshReenactor().prepare(bearded(), FACE), []
    for shaven in (True, False):
        monkeypatch.setattr(mesh, "is_shaven", lambda _, shaven=shaven: shaven)
        made.append(source.reenact(target).crop)
    assert np.abs(made[0] - made[1]).max() > 0.2
    bare = MeshReenactor().prepare(bearded(), FACE)
    monkeypatch.setattr(mesh, "hairs_of", lambda *_: None)
    assert np.array_equal(made[1], bare.reenact(target).crop)
