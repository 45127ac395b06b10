import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aotface.face.mesh import MEAN
from aotface.face.pose import Pose, fit_pose

MODEL = MEAN.astype(np.float64)


def rotation(pitch: float, yaw: float, roll: float) -> np.ndarray:
    cx, cy, cz = np.cos([pitch, yaw, roll])
    sx, sy, sz = np.sin([pitch, yaw, roll])
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


angles = st.floats(-3.1, 3.1)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(angles, angles, angles, st.floats(0.1, 400))
def test_a_known_pose_comes_back(pitch: float, yaw: float, roll: float, scale: float) -> None:
    pose = Pose(scale, rotation(pitch, yaw, roll), np.array([120.0, -7.0, 3.0]))
    found = fit_pose(MODEL, pose.apply(MODEL))
    np.testing.assert_allclose(found.rotation, pose.rotation, atol=1e-9)
    np.testing.assert_allclose(found.shift, pose.shift, atol=1e-7)
    assert found.scale == pytest.approx(scale)


def test_apply_and_undo_cancel() -> None:
    pose = Pose(80.0, rotation(0.2, -0.7, 0.1), np.array([5.0, 6.0, 7.0]))
    np.testing.assert_allclose(pose.undo(pose.apply(MODEL)), MODEL, atol=1e-12)


def test_a_mirror_image_is_not_fitted_by_a_mirror() -> None:
    found = fit_pose(MODEL, MODEL * [1, 1, -1])
    assert np.linalg.det(found.rotation) == pytest.approx(1)
    assert np.abs(found.apply(MODEL) - MODEL * [1, 1, -1]).max() > 0.1, (
        "the failing twin: no rotation mirrors"
    )


def test_weights_choose_the_points_that_matter() -> None:
    points = MODEL.copy()
    points[:200] += 5.0
    weights = np.ones(468)
    weights[:200] = 0
    assert np.abs(fit_pose(MODEL, points, weights).apply(MODEL)[200:] - MODEL[200:]).max() < 1e-9
    assert np.abs(fit_pose(MODEL, points).apply(MODEL)[200:] - MODEL[200:]).max() > 0.5
