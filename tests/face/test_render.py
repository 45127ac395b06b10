import numpy as np

from aotface.face.mesh import MEAN, OVAL, TRIANGLES
from aotface.face.render import PNCC, rasterize, render
from aotface.types import AlignedFace, Geometry, Landmarks


def test_geometry_keeps_its_promises(mean_geometry: Geometry) -> None:
    inside = mean_geometry.mask > 0
    assert set(np.unique(mean_geometry.mask)) == {0.0, 1.0}
    np.testing.assert_allclose(np.linalg.norm(mean_geometry.normals[inside], axis=1), 1, atol=1e-4)
    assert mean_geometry.pncc.min() >= 0 and mean_geometry.pncc.max() <= 1
    for plane in (mean_geometry.normals, mean_geometry.pncc, mean_geometry.depth):
        assert not plane[~inside].any()


def test_a_mesh_that_is_drawn_already_gives_the_same(
    mean_landmarks: Landmarks, mean_geometry: Geometry
) -> None:
    again = render(mean_landmarks, 256, rasterize(mean_landmarks, 256))
    assert again.normals.tobytes() == mean_geometry.normals.tobytes()
    other = render(mean_landmarks, 256, rasterize(mean_landmarks + np.float32(3), 256))
    assert other.mask.tobytes() != mean_geometry.mask.tobytes()


def test_covered_area_is_that_of_the_oval(mean_landmarks: Landmarks, mean_geometry: Geometry) -> None:
    x, y = mean_landmarks[OVAL, :2].T.astype(np.float64)
    shoelace = abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2
    assert abs(mean_geometry.mask.sum() / shoelace - 1) < 0.02


def test_every_pixel_knows_its_own_place(mean_landmarks: Landmarks) -> None:
    """Interpolating the landmarks themselves must give the pixel's coordinates."""
    raster = rasterize(mean_landmarks, 256)
    found = raster.interpolate(mean_landmarks)
    y, x = np.nonzero(raster.covered)
    np.testing.assert_allclose(found[y, x, 0], x, atol=1e-2)
    np.testing.assert_allclose(found[y, x, 1], y, atol=1e-2)
    np.testing.assert_allclose(found[y, x, 2], -raster.depth[y, x], atol=1e-3)
    assert np.abs(found[y, x, 0] - (x + 0.5)).max() > 0.4, "the failing twin: half a pixel is seen"


def test_pncc_names_the_vertex_under_a_pixel(mean_landmarks: Landmarks, mean_geometry: Geometry) -> None:
    for vertex in (4, 50, 280, 10, 152):
        x, y = np.round(mean_landmarks[vertex, :2]).astype(int)
        if mean_geometry.mask[y, x]:
            np.testing.assert_allclose(mean_geometry.pncc[y, x], PNCC[vertex], atol=0.03)


def test_the_nearer_triangle_hides_the_other() -> None:
    points = np.full((468, 3), (-100, -100, 1000), np.float32)  # all others far away
    first, second = TRIANGLES[0], next(t for t in TRIANGLES if not set(t) & set(TRIANGLES[0]))
    corners = np.array([[2, 2], [28, 2], [2, 28]], np.float32)
    points[first] = np.column_stack([corners, [0, 0, 0]])
    points[second] = np.column_stack([corners, [-5, -5, -5]])
    raster = rasterize(points, 32)
    assert (TRIANGLES[raster.triangle[8, 8]] == second).all()
    points[second, 2] = 5
    assert (TRIANGLES[rasterize(points, 32).triangle[8, 8]] == first).all()


def test_depth_is_larger_where_the_face_is_nearer(mean_landmarks: Landmarks, mean_geometry: Geometry) -> None:
    nose, cheek = (np.round(mean_landmarks[v, :2]).astype(int) for v in (4, 123))
    assert mean_geometry.depth[nose[1], nose[0]] > mean_geometry.depth[cheek[1], cheek[0]] + 10


def test_a_face_outside_the_crop_is_not_drawn(mean_landmarks: Landmarks) -> None:
    assert not render(mean_landmarks + np.float32(600), 64).mask.any()


def test_a_face_half_outside_is_drawn_where_it_is(mean_landmarks: Landmarks, mean_geometry: Geometry) -> None:
    shifted = mean_landmarks - np.array([100, 0, 0], np.float32)
    np.testing.assert_array_equal(render(shifted, 256).mask[:, :156], mean_geometry.mask[:, 100:])


def test_pncc_is_the_mean_face_in_the_unit_cube() -> None:
    np.testing.assert_allclose(PNCC.min(axis=0), 0)
    np.testing.assert_allclose(PNCC.max(axis=0), 1)
    assert np.corrcoef(PNCC[:, 0], MEAN[:, 0])[0, 1] > 0.999


def test_sides_agree(aligned: AlignedFace) -> None:
    """Half the side shows the same face (pixel edges scale, centres do not)."""
    small = render(((aligned.landmarks + [0.5, 0.5, 0]) / 2 - [0.5, 0.5, 0]).astype(np.float32), 128)
    large = render(aligned.landmarks, 256).mask.reshape(128, 2, 128, 2).mean(axis=(1, 3))
    assert np.abs(small.mask - large).mean() < 0.01
