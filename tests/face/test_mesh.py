from collections import Counter

import numpy as np

from aotface.face.mesh import (
    INNER_LIPS,
    LEFT_BROW,
    LEFT_EYE,
    MEAN,
    MIRROR,
    OUTER_LIPS,
    OVAL,
    RIGHT_BROW,
    RIGHT_EYE,
    TRIANGLES,
    to_vertices,
    triangle_areas,
    vertex_normals,
)
from aotface.types import Landmarks


def test_the_mirror_is_its_own_inverse() -> None:
    np.testing.assert_array_equal(MIRROR[MIRROR], np.arange(468))
    assert (np.arange(468) != MIRROR).sum() > 400


def test_the_mean_face_is_symmetric() -> None:
    np.testing.assert_allclose(MEAN[MIRROR] * [-1, 1, 1], MEAN, atol=1e-3)
    assert not np.allclose(MEAN * [-1, 1, 1], MEAN, atol=1e-1), "the failing twin: not without the mirror"


def test_left_and_right_regions_mirror_each_other() -> None:
    assert set(MIRROR[LEFT_EYE]) == set(RIGHT_EYE)
    assert set(MIRROR[LEFT_BROW]) == set(RIGHT_BROW)
    for ring in (OVAL, INNER_LIPS, OUTER_LIPS):
        assert set(MIRROR[ring]) == set(ring)


def test_left_is_the_persons_own() -> None:
    assert MEAN[LEFT_EYE, 0].mean() > 0 > MEAN[RIGHT_EYE, 0].mean()
    assert (
        MEAN[OVAL, 1].max()
        > MEAN[OUTER_LIPS, 1].mean()
        > MEAN[LEFT_EYE, 1].mean()
        > MEAN[LEFT_BROW, 1].mean()
    )


def test_the_mesh_is_one_disc_bounded_by_the_oval() -> None:
    edges = Counter(tuple(sorted((int(t[i]), int(t[i - 1])))) for t in TRIANGLES for i in range(3))
    assert max(edges.values()) == 2
    border = {v for edge, count in edges.items() if count == 1 for v in edge}
    assert border == set(OVAL.tolist())
    assert len(np.unique(TRIANGLES)) - len(edges) + len(TRIANGLES) == 1, "Euler's number of a disc"


def test_triangles_of_the_frontal_face_look_at_the_camera(mean_landmarks: Landmarks) -> None:
    areas = triangle_areas(mean_landmarks)
    assert (areas > 0).mean() > 0.97
    mirrored = mean_landmarks * np.array([-1, 1, 1], np.float32)
    assert (triangle_areas(mirrored) < 0).mean() > 0.97, "the failing twin: turned inside out"


def test_areas_by_hand() -> None:
    points = np.zeros((468, 3), np.float32)
    a, b, c = TRIANGLES[0]
    points[b, 0], points[c, 1] = 3, 4
    assert abs(triangle_areas(points)[0]) == 6


def test_normals_of_a_plane_and_of_a_tilted_plane(mean_landmarks: Landmarks) -> None:
    flat = mean_landmarks.copy()
    flat[:, 2] = 0
    np.testing.assert_allclose(vertex_normals(flat), np.tile([0, 0, 1], (468, 1)), atol=1e-6)
    flat[:, 2] = flat[:, 0]  # goes away to the right, as a cheek does: it looks right
    np.testing.assert_allclose(vertex_normals(flat), np.tile([1, 0, 1], (468, 1)) / np.sqrt(2), atol=1e-5)
    flat[:, 2] = flat[:, 1]  # goes away downwards, as a chin does: it looks down
    np.testing.assert_allclose(vertex_normals(flat), np.tile([0, 1, 1], (468, 1)) / np.sqrt(2), atol=1e-5)


def test_normals_of_a_face(mean_landmarks: Landmarks) -> None:
    normals = vertex_normals(mean_landmarks)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    assert normals[4, 2] > 0.6, "the nose's tip looks at the camera"
    assert normals[454, 0] > 0.4 and normals[234, 0] < -0.4, "cheeks look aside"
    assert normals[10, 1] < 0, "the forehead looks up"
    assert np.abs(normals[MIRROR] * [-1, 1, 1] - normals).mean() < 0.01


def test_to_vertices_keeps_a_constant() -> None:
    np.testing.assert_allclose(to_vertices(np.full(len(TRIANGLES), 2.5, np.float32)), 2.5)
