import cv2
import numpy as np
import pytest

from aotface.face.glasses import (
    covered_by_glasses,
    doubtful,
    lay_out,
    log_light,
    strongest_lines,
)
from aotface.face.render import render
from aotface.types import AlignedFace, Landmarks, Mask


def frames_of(landmarks: Landmarks, thickness: int) -> Mask:
    """Two rims, a bridge and the arms, drawn where spectacles sit."""
    drawn = np.zeros((256, 256), np.float32)
    rims = []
    for outer, inner in ((33, 133), (263, 362)):
        a, b = landmarks[outer, :2], landmarks[inner, :2]
        centre = np.round((a + b) / 2 + [0, 3]).astype(int)
        size = (round(float(np.linalg.norm(a - b)) * 0.85), round(float(np.linalg.norm(a - b)) * 0.68))
        cv2.ellipse(drawn, centre.tolist(), size, 0, 0, 360, (1,), thickness)
        rims.append((centre, size))
    (right, size), (left, _) = rims
    cv2.line(drawn, (right + [size[0], -6]).tolist(), (left - [size[0], 6]).tolist(), (1,), thickness)
    for centre, vertex, way in ((right, 127, -1), (left, 356, 1)):
        end = np.round(landmarks[vertex, :2]).astype(int)
        cv2.line(drawn, (centre + [way * size[0], -4]).tolist(), end.tolist(), (1,), thickness)
    return drawn


def test_no_glasses_on_the_astronaut(aligned: AlignedFace) -> None:
    geometry = render(aligned.landmarks, 256)
    assert not covered_by_glasses(aligned.crop, aligned.landmarks, geometry).any()


@pytest.mark.parametrize("thickness", [3, 5])
def test_painted_frames_are_found(aligned: AlignedFace, thickness: int) -> None:
    geometry = render(aligned.landmarks, 256)
    drawn = frames_of(aligned.landmarks, thickness)
    crop = (aligned.crop * (1 - drawn[..., None]) + 0.05 * drawn[..., None]).astype(np.float32)
    covered = covered_by_glasses(crop, aligned.landmarks, geometry)
    assert covered[(drawn > 0) & (geometry.mask > 0)].mean() > 0.6
    far = cv2.dilate(drawn, np.ones((13, 13))) == 0
    assert covered[far].mean() < 0.02


def test_a_painted_line_is_followed(mean_landmarks: Landmarks) -> None:
    """A dark line at a known height crosses the bridge: the path must lie on it."""
    light = np.zeros((256, 256), np.float32)
    height = float(mean_landmarks[133, 1]) + 5
    light[round(height) - 1 : round(height) + 2] = -2
    bridge = lay_out(mean_landmarks)[0]
    even = np.ones_like(light)
    dark = strongest_lines(bridge, light, even)[1]
    assert np.abs(dark.y - round(height)).max() < 2
    assert dark.strength.min() > 0.3
    assert strongest_lines(bridge, -light, even)[-1].strength.mean() == pytest.approx(
        dark.strength.mean(), rel=1e-4
    )
    assert strongest_lines(bridge, np.zeros_like(light), even)[1].strength.max() == 0


def test_no_line_on_eyes(mean_landmarks: Landmarks) -> None:
    worth = doubtful(mean_landmarks, 256)
    x, y = np.round(mean_landmarks[[33, 133], :2].mean(axis=0)).astype(int)
    assert worth[y, x] < 0.2
    assert worth[5, 5] == 1
    assert worth.min() >= 0 and worth.max() <= 1 + 1e-6


def test_log_light_has_a_floor() -> None:
    assert np.isfinite(log_light(np.zeros((16, 16, 3), np.float32))).all()
