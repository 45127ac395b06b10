import numpy as np

from aotface.face import hands
from aotface.face.hands import covered_by_hands, find_hands, silhouette
from aotface.face.render import render
from aotface.types import AlignedFace


def open_hand(x: float, y: float, size: float) -> np.ndarray:
    """21 joints of an upright open hand; the wrist at (x, y)."""
    joints = np.zeros((21, 2))
    for finger in range(5):
        direction = np.deg2rad(-90 + 22 * (finger - 2))
        reach = np.array([0.45, 0.6, 0.75, 0.88]) * (0.75 if finger == 0 else 1)
        joints[1 + 4 * finger : 5 + 4 * finger] = reach[:, None] * [np.cos(direction), np.sin(direction)]
    return (joints * size + [x, y]).astype(np.float32)


def test_glove_covers_joints_and_bones() -> None:
    joints = open_hand(128, 220, 160)
    glove = silhouette(joints, 256)
    x, y = np.round(joints).astype(int).T
    assert (glove[y, x] > 0.4).all()
    assert glove[: y.min() - 20].max() == 0
    assert 0.02 < glove.mean() < 0.4


def test_no_hands_on_the_astronaut(aligned: AlignedFace) -> None:
    geometry = render(aligned.landmarks, 256)
    assert not covered_by_hands(aligned.crop, aligned.landmarks, geometry).any()
    assert find_hands(np.full((256, 256, 3), 0.5, np.float32)) == []


def test_hand_ear_and_nose(aligned: AlignedFace, monkeypatch) -> None:
    """A hand from below counts; one as small as an ear, or wholly within the face, does not."""
    geometry = render(aligned.landmarks, 256)
    nose = aligned.landmarks[4, :2]

    def covered(joints: np.ndarray) -> float:
        monkeypatch.setattr(hands, "find_hands", lambda crop: [joints])
        return float(covered_by_hands(aligned.crop, aligned.landmarks, geometry).sum())

    assert covered(open_hand(nose[0], 250, 150)) > 500
    assert covered(open_hand(*aligned.landmarks[454, :2], 20)) == 0
    assert covered(open_hand(nose[0], nose[1] + 35, 75)) == 0
