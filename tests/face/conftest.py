"""The one photographed face of these tests (NASA, public domain), and a face of nobody: the mean mesh."""

import numpy as np
import pytest
from skimage import data

from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.mesh import MEAN
from aotface.face.render import render
from aotface.types import AlignedFace, Face, Frame, Geometry, Landmarks


@pytest.fixture(scope="session")
def portrait() -> Frame:
    """512 x 512."""
    return data.astronaut()


@pytest.fixture(scope="session")
def face(portrait: Frame) -> Face:
    """The astronaut's."""
    return detect(portrait)[0]


@pytest.fixture(scope="session")
def aligned(portrait: Frame, face: Face) -> AlignedFace:
    """The astronaut at 256 px."""
    return align(portrait, face, 256)


@pytest.fixture(scope="session")
def mean_landmarks() -> Landmarks:
    """The mean face, frontal, in a crop of 256 px."""
    flat = MEAN * (0.66 * 256 / np.ptp(MEAN[:, 1]))
    centre = (flat.min(axis=0) + flat.max(axis=0)) / 2
    return (flat - centre + np.array([127.5, 140, 0])).astype(np.float32)


@pytest.fixture(scope="session")
def mean_geometry(mean_landmarks: Landmarks) -> Geometry:
    return render(mean_landmarks, 256)
