"""The network that is in the package, on the one photographed face of these tests."""

import hashlib

import cv2
import numpy as np
import pytest

from aotface.face.networks import model_file
from aotface.face.visibility.classes import Surface
from aotface.face.visibility.network import SHA256, Visibility, VisibilityNetwork
from aotface.face.visibility.rims import beside_likeliest, rims_of
from aotface.face.visibility.view import VIEW_SIDE, cut, view_matrix
from aotface.types import Crop, Face, Frame


@pytest.fixture(scope="module")
def network() -> VisibilityNetwork:
    return VisibilityNetwork()


def test_the_file_is_the_one_that_was_meant() -> None:
    data = model_file("visibility").read_bytes()
    assert hashlib.sha256(data).hexdigest() == SHA256
    assert len(data) < 3_000_000


def test_the_astronaut_is_seen(network: VisibilityNetwork, portrait: Frame, face: Face) -> None:
    seen = network.see(portrait, face)

    def at(vertices: list[int], surface: Surface) -> float:
        x, y = np.round(
            face.landmarks[vertices, :2].mean(axis=0) @ seen.matrix[:, :2].T + seen.matrix[:, 2]
        ).astype(int)
        return float(seen.of(surface)[y, x])

    assert at([205], Surface.SKIN) > 0.9 and at([4], Surface.SKIN) > 0.9
    assert at([33, 133, 159, 145], Surface.EYE) > 0.5
    assert seen.of(Surface.HAIR)[10:40].mean() > 0.4
    assert seen.of(Surface.FRAME)[80:180, 60:200].mean() < 0.05  # bare


def worn(portrait: Frame, face: Face, thick: int) -> tuple[Crop, np.ndarray, np.ndarray]:
    """A view, two rims that are drawn around its eyes, and the outer corners of these."""
    matrix = view_matrix(face.landmarks)
    drawn = np.zeros((VIEW_SIDE, VIEW_SIDE), np.uint8)
    points = face.landmarks[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    for outer, inner in ((33, 133), (263, 362)):
        centre = np.round((points[outer] + points[inner]) / 2).astype(int)
        cv2.ellipse(drawn, centre.tolist(), (26, 20), 0, 0, 360, (1,), thick)
    return cut(portrait, matrix), drawn, points[[33, 263]]


def test_drawn_spectacles_are_found(network: VisibilityNetwork, portrait: Frame, face: Face) -> None:
    view, drawn, _ = worn(portrait, face, 4)
    bare = network.probabilities(view)[Surface.FRAME]
    found = network.probabilities(np.where(drawn[..., None] > 0, np.float32(0.05), view))[Surface.FRAME]
    assert found[drawn > 0].mean() > 0.5
    assert bare[drawn > 0].mean() < 0.1  # the twin: without them, nothing


def test_skin_along_a_rim_is_no_rim(network: VisibilityNetwork, portrait: Frame, face: Face) -> None:
    view, drawn, eyes = worn(portrait, face, 2)
    view = np.where(drawn[..., None] > 0, np.float32(0.1), view)
    planes = network.probabilities(view)
    broad = cv2.dilate(drawn, np.ones((15, 15))) > 0
    planes[Surface.FRAME] = np.maximum(planes[Surface.FRAME], np.where(broad, np.float32(0.6), 0))
    beside = broad & (cv2.dilate(drawn, np.ones((7, 7))) == 0)
    rims = Visibility(planes, np.eye(2, 3), view).rims(eyes)
    assert rims[drawn > 0].mean() > 0.9 and rims[beside].mean() < 0.25
    unseen, patched = Visibility(planes, np.eye(2, 3)), planes.copy()  # the twins: no picture; an eye patch
    patched[Surface.COVER, :12, :12] = 0.9
    for broader in (unseen, Visibility(patched, np.eye(2, 3), view)):
        assert broader.rims(eyes)[beside].mean() > 0.7
    found, share = Visibility(planes, np.eye(2, 3), view).lines
    assert share[drawn > 0].mean() > 0.9 and share[beside].mean() < 0.2 and (found <= share).all()
    assert unseen.lines[1][beside].mean() > 0.5  # the twin


def test_by_brows_the_middle_of_a_rim_alone_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    view, planes = np.zeros((256, 256, 3), np.float32), np.zeros((12, 256, 256), np.float32)
    found = np.zeros((256, 256), np.float32)
    found[80:84, 40:200], found[70:80, 40:200] = 0.9, 0.3  # a rim, and what lies above it
    monkeypatch.setattr("aotface.face.visibility.rims.likely_rims", lambda *_: found)
    eyes = np.array([[60.0, 110.0], [190.0, 110.0]])
    brow = np.array([[50.0, 60.0], [120.0, 60.0], [120.0, 90.0], [50.0, 90.0]])
    plain, cut_free = (rims_of(view, planes, found, eyes, brows) for brows in ((), (brow,)))
    assert plain[74:77, 60:110].min() > 0.3 and cut_free[74:77, 60:110].max() < 0.01
    assert cut_free[80:84, 60:110].min() > 0.95  # the rim itself
    assert np.array_equal(plain[:, 140:], cut_free[:, 140:])  # away from brows


def test_a_rim_is_compared_with_the_likeliest_near_by() -> None:
    found = np.zeros((64, 64), np.float32)
    found[10, 10], found[10, 14], found[50, 50] = 0.9, 0.2, 0.15
    share = beside_likeliest(found)
    assert share[10, 10] == 1 and share[10, 14] == pytest.approx(0.4)  # beside a sure rim
    assert share[50, 50] == pytest.approx(0.5) and share[30, 30] == 0  # alone
