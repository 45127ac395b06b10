from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
import pytest

from aotface.face.align import align, invert, transform_landmarks, transform_points
from aotface.face.detect import detect
from aotface.face.mesh import INNER_LIPS, LEFT_EYE, LEFT_NOSTRIL, RIGHT_EYE, RIGHT_NOSTRIL, opening
from aotface.media.image import read_image
from aotface.reenact import mesh
from aotface.reenact.base import PreparedSource, Reenactor
from aotface.reenact.mesh import MeshReenactor, reenact
from aotface.reenact.mouth_shading import FOLDS
from aotface.samples import samples
from aotface.types import Face


@pytest.fixture(scope="module")
def faces() -> dict:
    found = {}
    for path in samples():
        frame = read_image(path).frame
        found[path.stem] = (frame, detect(frame)[0])
    return found


def turned(points: np.ndarray, yaw_degrees: float) -> np.ndarray:
    angle = np.deg2rad(yaw_degrees)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    centre = points.mean(axis=0)
    return ((points - centre) @ turn.T + centre).astype(np.float32)


def error(a: np.ndarray, b: np.ndarray, mask: np.ndarray) -> float:
    return float(np.abs(a - b)[mask > 0.5].mean() * 255)


def test_a_face_onto_itself_comes_back(faces: dict) -> None:
    for frame, face in faces.values():
        target = align(frame, face)
        made = reenact(frame, face, target)
        assert error(made.crop, target.crop, made.mask) < 1.5


def test_another_face_does_not_pass_that_check(faces: dict) -> None:
    frame, face = faces["source_deep_woman"]
    target = align(*faces["source_light_man"])
    made = reenact(frame, face, target)
    assert error(made.crop, target.crop, made.mask) > 15


def test_at_larger_sides_too_and_outside_is_the_target(faces: dict) -> None:
    frame, face = faces["source_light_man"]
    for side in (128, 352, 512):
        target = align(frame, face, side)
        made = reenact(frame, face, target)
        assert made.crop.shape == (side, side, 3)
        assert error(made.crop, target.crop, made.mask) < 1.5
    other, prepared = faces["source_deep_woman"]
    made = reenact(other, prepared, target)
    far = np.zeros((side, side), bool)
    far[: side // 20] = True
    assert np.array_equal(made.crop[far], target.crop[far])
    assert not made.mask[far].any()


def test_there_and_back_is_exact(faces: dict) -> None:
    frame, face = faces["target_medium_man_warm_side"]
    matrix = align(frame, face).matrix
    points = face.landmarks[:, :2].astype(np.float64)
    back = transform_points(transform_points(points, matrix), invert(matrix))
    assert np.abs(back - points).max() < 0.01


def test_hidden_side_is_taken_from_the_mirror(faces: dict) -> None:
    frame, face = faces["source_light_man"]
    target = align(frame, face)
    marked = frame.copy()
    middle = round(float(face.landmarks[1, 0]))
    marked[:, :middle] = (255, 0, 255)  # what a turned head hides must not be read
    pretended = Face(0, face.box, 1.0, turned(face.landmarks, -75))
    seen = Face(0, face.box, 1.0, turned(face.landmarks, 75))
    crops = [reenact(marked, f, target).crop for f in (pretended, seen)]
    magenta = [float((c[..., 0] - c[..., 1])[90:170, 60:196].mean()) for c in crops]
    assert min(magenta) < 0.6 * max(magenta)


def test_a_closed_mouth_shows_the_targets_open_one(faces: dict) -> None:
    frame, face = faces["source_light_man"]
    target_frame, target_face = faces["source_smiling_woman"]
    assert opening(face.landmarks, INNER_LIPS) < opening(target_face.landmarks, INNER_LIPS)
    opened = target_face.landmarks.copy()
    lower = [95, 88, 178, 87, 14, 317, 402, 318, 324]
    opened[lower, 1] += 0.12 * np.ptp(target_face.landmarks[:, 1])
    target = align(target_frame, Face(0, target_face.box, 1.0, opened))
    made = reenact(frame, face, target)
    inside = np.zeros(made.from_target.shape, bool)
    x, y = transform_landmarks(made.landmarks, np.eye(2, 3))[lower[4], :2]
    inside[round(float(y)) - 6, round(float(x))] = True
    assert made.from_target[inside].max() > 0.5
    assert made.from_target[: len(inside) // 2].max() == 0  # the twin: eyes are the source's


def test_pictures_get_the_targets_nostrils_where_the_source_has_none(
    faces: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    (frame, face), (other, theirs) = faces["source_light_man"], faces["source_deep_woman"]
    frame, other = frame.copy(), other.copy()
    for nostril in (LEFT_NOSTRIL, RIGHT_NOSTRIL):
        hull = cv2.convexHull(face.landmarks[nostril, :2].astype(np.int32))
        cover = cv2.dilate(
            cv2.fillConvexPoly(np.zeros(frame.shape[:2], np.uint8), hull, (255,)), np.ones((7, 7))
        )
        frame = cv2.inpaint(frame, cover, 5, cv2.INPAINT_TELEA)
        size = np.ptp(theirs.landmarks[nostril, 0]) / 6
        x, y = np.rint(theirs.landmarks[nostril, :2].mean(axis=0)).astype(int).tolist()
        cv2.circle(other, (x, y), round(size), (20, 10, 10), -1)
    target = align(other, theirs)
    made, moving = (
        reenact(frame, face, replace(target, face=replace(theirs, rest=rest)))
        for rest in (None, theirs.landmarks)
    )
    monkeypatch.setattr(mesh, "target_nostrils", lambda *_: None)
    without, moving_without = (
        reenact(frame, face, replace(target, face=replace(theirs, rest=rest)))
        for rest in (None, theirs.landmarks)
    )
    np.testing.assert_array_equal(moving.crop, moving_without.crop)
    assert made.landmarks is not None
    x, y = np.rint(made.landmarks[LEFT_NOSTRIL, :2].mean(axis=0)).astype(int).tolist()
    assert made.crop[y, x].mean() < 0.75 * without.crop[y, x].mean()


def test_pictures_lose_the_edges_of_hard_light_beside_the_nose(
    faces: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame, face = faces["source_light_man"]
    _, theirs = faces["source_deep_woman"]
    middle = face.landmarks[4, 0]
    dark = 1 - 0.5 / (1 + np.exp((middle - np.arange(frame.shape[1], dtype=np.float32)) / 4))
    hard = np.rint(frame * dark[:, None]).astype(frame.dtype)
    targets = [
        replace(align(*faces["source_deep_woman"]), face=replace(theirs, rest=rest))
        for rest in (None, theirs.landmarks)
    ]
    made, moving = (reenact(hard, face, target) for target in targets)
    even = reenact(frame, face, targets[0])
    monkeypatch.setattr(mesh, "without_one_sided_edges", lambda *_: None)
    without, moving_without = (reenact(hard, face, target) for target in targets)
    np.testing.assert_array_equal(moving.crop, moving_without.crop)
    assert made.landmarks is not None
    assert np.abs(made.crop - without.crop).max() > 0.02
    assert made.reading is not None and without.reading is not None
    assert made.reading.shading is not None and without.reading.shading is not None
    assert np.abs(made.reading.shading - without.reading.shading).max() > 0.02
    np.testing.assert_array_equal(even.crop, reenact(frame, face, targets[0]).crop)


def test_pictures_get_the_targets_folds_where_it_alone_smiles(
    faces: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    (frame, face), (other, theirs) = faces["source_light_man"], faces["source_deep_woman"]
    drawn = np.zeros(other.shape[:2], np.float32)
    for fold in FOLDS:
        line = np.round(theirs.landmarks[list(fold), :2]).astype(np.int32)
        cv2.polylines(drawn, [line], False, (1.0,), 5)
    weight = cv2.GaussianBlur(drawn, (0, 0), 1.5)[..., None]
    other = np.rint(other * (1 - weight * np.array([0.3, 0.45, 0.5]))).astype(np.uint8)
    target = align(other, theirs)
    targets = [replace(target, face=replace(theirs, rest=rest)) for rest in (None, theirs.landmarks)]
    made = []
    for smile in ((1.0, 1.0), (0.0, 0.0)):
        monkeypatch.setattr(mesh, "risen_smile", lambda *_, smile=smile: smile)
        made.append([reenact(frame, face, one) for one in targets])
    (folded, moving), (flat, moving_flat) = made
    np.testing.assert_array_equal(moving.crop, moving_flat.crop)  # not in videos
    assert folded.landmarks is not None and folded.reading is not None and flat.reading is not None
    assert folded.reading.shading is not None and flat.reading.shading is not None
    for vertex in (206, 426):
        x, y = np.rint(folded.landmarks[vertex, :2]).astype(int).tolist()
        assert folded.crop[y, x].mean() < 0.94 * flat.crop[y, x].mean()
    assert (folded.reading.shading - flat.reading.shading).min() < -0.03
    monkeypatch.setattr(mesh, "risen_smile", lambda *_: (1.0, 1.0))
    monkeypatch.setattr(mesh, "is_shaven", lambda *_: False)
    np.testing.assert_array_equal(reenact(frame, face, targets[0]).crop, flat.crop)


def test_same_input_same_bytes(faces: dict) -> None:
    frame, face = faces["source_medium_woman"]
    target = align(*faces["target_deep_man_blue"])
    assert reenact(frame, face, target).crop.tobytes() == reenact(frame, face, target).crop.tobytes()


def test_covered_places_of_the_source_are_not_carried_over(faces: dict) -> None:
    frame, face = faces["source_light_man"]
    target = align(frame, face)
    visible = np.ones((256, 256), np.float32)
    visible[:100] = 0
    made = reenact(frame, face, target, visible, target.matrix)
    free = reenact(frame, face, target)
    assert made.mask[:80].sum() < 0.1 * free.mask[:80].sum()
    assert np.allclose(made.mask[140:], free.mask[140:], atol=1e-3)


def closed(points: np.ndarray) -> np.ndarray:
    """Both eyes closed: the upper lids' edges lie on the lower ones."""
    shut = points.copy()
    for ring in (LEFT_EYE, RIGHT_EYE):
        half = len(ring) // 2
        for k in range(1, half):
            a, b = ring[k], ring[-k]
            low = max(points[a, 1], points[b, 1])
            shut[[a, b], 1] = low
    return shut


def test_a_closed_eye_shows_nothing_of_the_eye(faces: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    frame, prepared = faces["source_light_man"]
    red = frame.copy()
    for ring in (LEFT_EYE, RIGHT_EYE):
        middle = prepared.landmarks[ring, :2].mean(axis=0)
        inside = middle + 0.75 * (prepared.landmarks[ring, :2] - middle)
        cv2.fillConvexPoly(red, cv2.convexHull(np.round(inside).astype(np.int32)), (255, 0, 0))

    def redness(points: np.ndarray) -> float:
        made = reenact(red, prepared, align(frame, replace(prepared, landmarks=points), 512))
        crop = made.crop * made.mask[..., None]
        return float(np.clip(crop[..., 0] - 2 * crop[..., 1], 0, 1).sum())

    opened, shut = redness(prepared.landmarks), redness(closed(prepared.landmarks))
    assert shut < 0.2 * opened
    monkeypatch.setattr(mesh, "lids", lambda points, side: np.zeros((side, side), np.float32))
    assert redness(closed(prepared.landmarks)) > 0.4 * opened  # the twin: one blur for the whole face


def test_a_prepared_source_gives_the_same_bytes_from_many_threads(faces: dict) -> None:
    frame, face = faces["source_medium_woman"]
    targets = [align(*faces[name]) for name in ("source_light_man", "target_deep_man_blue")] * 4
    source = MeshReenactor().prepare(frame, face)
    assert isinstance(source, PreparedSource) and isinstance(MeshReenactor(), Reenactor)
    alone = [source.reenact(target).crop.tobytes() for target in targets]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda target: source.reenact(target).crop.tobytes(), targets)) == alone
    assert alone[0] != alone[1]  # the twin: another target, other bytes


def test_what_covers_the_source_is_found_when_it_is_prepared(faces: dict) -> None:
    frame, face = faces["source_light_man"]
    source = MeshReenactor().prepare(frame, face)
    target = align(frame, face)
    expected = reenact(frame, face, target, source.texture, source.matrix)
    assert source.reenact(target).mask.tobytes() == expected.mask.tobytes()
