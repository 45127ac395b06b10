import numpy as np

from aotface.face.mesh import MEAN
from aotface.face.visibility.classes import Surface
from aotface.training.visibility.labels import (
    EVERY,
    Traits,
    bits,
    hand_sets,
    mesh_sets,
    plain_background,
    thin_brows,
)

SIDE = 128


def points() -> np.ndarray:
    flat = MEAN * (0.6 * SIDE / np.ptp(MEAN[:, 1]))
    return (flat + np.array([SIDE / 2, SIDE / 2, 0])).astype(np.float32)


def at(sets: np.ndarray, vertex: int) -> int:
    x, y = np.round(points()[vertex, :2]).astype(int)
    return int(sets[y, x])


def test_the_mesh_names_what_it_knows() -> None:
    sets = mesh_sets(points(), SIDE, Traits())
    assert at(sets, 205) == bits(Surface.SKIN)
    eye = points()[[33, 133, 159, 145], :2].mean(axis=0).round().astype(int)
    assert sets[eye[1], eye[0]] == bits(Surface.EYE)
    assert sets[2, 2] == bits(Surface.BACKGROUND, Surface.SKIN, Surface.HAIR)


def test_what_a_person_wears_widens_the_sets() -> None:
    bare, dressed = (
        mesh_sets(points(), SIDE, Traits()),
        mesh_sets(points(), SIDE, Traits(glasses=True, beard=True)),
    )
    assert at(dressed, 168) & bits(Surface.FRAME) and not at(bare, 168) & bits(Surface.FRAME)
    assert at(dressed, 199) & bits(Surface.BEARD) and not at(bare, 199) & bits(Surface.BEARD)
    assert ((dressed & bare) == bare).all()  # knowing less never takes a surface away


def test_hand_labels_are_split_by_the_mesh() -> None:
    labels = np.full((SIDE, SIDE), 1, np.uint8)
    sets = hand_sets(labels, points(), Traits())
    assert at(sets, 105) == bits(Surface.BROW)
    assert sets[2, 2] == bits(Surface.HAIR)
    assert (hand_sets(np.full_like(labels, 255), points(), Traits()) == EVERY).all()


def test_a_plain_background_is_found_and_never_on_the_face() -> None:
    picture = np.full((SIDE, SIDE, 3), 200, np.uint8)
    centre = points()[:, :2].mean(axis=0)
    y, x = np.mgrid[:SIDE, :SIDE]
    head = np.hypot(x - centre[0], y - centre[1]) < 0.45 * SIDE
    picture[head] = (150, 100, 80)
    found = plain_background(picture, points())
    assert found[3, 3] and not (found & head).any()
    assert not plain_background(
        np.full_like(picture, 200), points()
    ).any()  # the twin: it would run into the face


def test_bright_pixels_of_a_brow_may_be_skin() -> None:
    picture = np.full((SIDE, SIDE, 3), 180, np.uint8)
    sets = mesh_sets(points(), SIDE, Traits())
    before = at(sets, 105)
    thin_brows(sets, picture, points())
    assert before == bits(Surface.BROW) and at(sets, 105) == bits(Surface.BROW, Surface.SKIN)
    brow = mesh_sets(points(), SIDE, Traits()) == bits(Surface.BROW)
    picture[brow] = 40
    sets = mesh_sets(points(), SIDE, Traits())
    thin_brows(sets, picture, points())
    assert at(sets, 105) == bits(Surface.BROW)  # the twin: dark hair stays brow
