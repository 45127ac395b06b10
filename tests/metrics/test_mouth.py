"""How far a mouth is open: by a closed form, and on a picture whose mouth was opened."""

import numpy as np
import pytest
from skimage.data import astronaut

from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.mesh import INNER_LIPS
from aotface.media.image import read_image
from aotface.metrics import METRICS
from aotface.metrics.mouth import mouth_opening, opening_difference
from aotface.samples import sample


def ellipse(height: float) -> np.ndarray:
    points = np.zeros((468, 3), np.float32)
    angle = np.pi - np.arange(20) * np.pi / 10
    points[INNER_LIPS, :2] = np.stack([np.cos(angle), height * np.sin(angle)], axis=1)
    return points


def test_an_ellipse_has_the_area_of_its_polygon() -> None:
    polygon = 10 * np.sin(np.pi / 10)  # of 20 corners on the unit circle; the mouth is 2 wide
    assert opening_difference(ellipse(0.5), ellipse(0.0)) == pytest.approx(0.5 * polygon / 4, rel=1e-5)
    assert opening_difference(ellipse(0.1), ellipse(0.3)) == pytest.approx(-0.2 * polygon / 4, rel=1e-5)
    assert opening_difference(ellipse(0.2) * 7, ellipse(0.2)) == pytest.approx(0, abs=1e-6)


def test_a_mouth_that_opens_is_seen() -> None:
    frames = (astronaut()[:300, 80:380], read_image(sample("source_medium_woman")).frame)
    smile, shut = (align(frame, detect(frame)[0]).crop for frame in frames)
    assert mouth_opening(smile, smile) == 0
    assert mouth_opening(smile, shut) > 0.03  # the twin: open where the target's is shut
    assert np.isnan(mouth_opening(smile, np.zeros_like(smile)))
    assert METRICS["mouth_opening"].function is mouth_opening
