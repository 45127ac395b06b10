"""Beside the mesh: the source's forehead where both show skin, the face's tone on the skin around, nothing anywhere else."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from aotface.compose import beyond as beyond_module
from aotface.compose.beyond import FLOOR, GRID, Beyond, _lit, go_beyond
from aotface.compose.face_step import FaceInProgress, start_face
from aotface.compose.forehead import find_forehead, verdict_of
from aotface.face.detect import detect
from aotface.face.texture import LUMA
from aotface.media.image import read_image
from aotface.reenact.mesh import MeshReenactor, MeshSource
from aotface.samples import sample
from aotface.transfer import open_transfer
from aotface.types import Crop, Frame, Mask

UPPER, CHIN = 10, 152
"""Vertices of the mesh's upper edge and of the chin."""


def drawn(points: np.ndarray, share: float) -> tuple[int, int]:
    """A place above the upper edge, by a share of the face's height."""
    x, y = points[UPPER, :2] + share * (points[UPPER, :2] - points[CHIN, :2])
    return round(float(x)), round(float(y))


@pytest.fixture(scope="module")
def target() -> Frame:
    return read_image(sample("target_medium_man_warm_side")).frame


def begun(target: Frame, source: Frame) -> FaceInProgress:
    prepared = MeshReenactor().prepare(source, detect(source)[0])
    assert isinstance(prepared, MeshSource) and prepared.skin is not None
    one = start_face(target, detect(target)[0], prepared, open_transfer("formula"))
    assert one is not None
    return one


@pytest.fixture(scope="module")
def one(target: Frame) -> FaceInProgress:
    return begun(target, read_image(sample("source_light_man")).frame)


def beyond(
    frame: Frame, one: FaceInProgress, visible: Mask | None = None, swapped: Crop | None = None
) -> Beyond:
    made = go_beyond(
        frame,
        one.target.matrix,
        one.target.landmarks,
        one.reenacted,
        one.swapped if swapped is None else swapped,
        one.mask,
        one.visible if visible is None else visible,
    )
    assert made is not None
    return made


def above(one: FaceInProgress) -> tuple[slice, slice]:
    """A patch of forehead above the mesh, in the crop."""
    x, y = drawn(one.target.landmarks, 0.03)
    return slice(y - 4, y + 3), slice(x - 12, x + 12)


def test_the_sources_forehead_is_taken_where_both_show_it(target: Frame, one: FaceInProgress) -> None:
    made, here = beyond(target, one), above(one)
    assert made.forehead == "taken"
    assert one.mask[here].max() < 0.1 and made.mask[here].min() > 0.9
    assert np.array_equal(
        made.swapped[one.target.landmarks[1, 1].astype(int) :],
        one.swapped[one.target.landmarks[1, 1].astype(int) :],
    )


def test_a_mark_on_the_sources_forehead_comes_along_in_the_targets_light(
    target: Frame, one: FaceInProgress
) -> None:
    source = read_image(sample("source_light_man")).frame.copy()
    points = detect(source)[0].landmarks
    reach = round(float(np.linalg.norm(points[UPPER, :2] - points[CHIN, :2]) * 0.012))
    cv2.circle(source, drawn(points, 0.03), reach, (150, 90, 80), -1)
    marked = beyond(target, begun(target, source))
    clean, here = beyond(target, one), above(one)
    assert np.abs(marked.swapped - clean.swapped)[here].max() > 0.02
    ours, theirs = (values[here].mean(axis=(0, 1)) for values in (clean.swapped, one.target.crop))
    assert np.abs(ours - theirs).max() < 0.04


def test_hair_of_either_keeps_the_targets_forehead(target: Frame, one: FaceInProgress) -> None:
    reading = one.reenacted.reading
    assert reading is not None and reading.skin is not None
    rows = np.arange(256)[:, None]
    brow = one.target.landmarks[107, 1] * 256 / len(one.mask)
    covered = np.where(rows < brow, 0, one.visible).astype(np.float32)
    assert beyond(target, one, visible=covered).forehead == "target's"
    bald = replace(reading.skin, plane=np.zeros_like(reading.skin.plane))
    fringe = replace(one.reenacted, reading=replace(reading, skin=bald))
    found = find_forehead(fringe, one.visible)
    assert found is not None and found.verdict == "target's" and found.reading.shown.max() == 0
    nothing = replace(one.reenacted, reading=replace(reading, skin=None))
    assert find_forehead(nothing, one.visible) is None, "a reenactor that reads nothing beside the mesh"


def test_the_foreheads_light_is_not_taken_from_hair(target: Frame, one: FaceInProgress) -> None:
    """The target's hair, painted black, down to a little above a patch of forehead: the patch stays as bright."""
    face, here = detect(target)[0], above(one)
    _, top = drawn(face.landmarks, 0.07)
    dark, row = target.copy(), drawn(one.target.landmarks, 0.07)[1] * 256 // len(one.mask)
    dark[:top] = 5
    visible = np.where(np.arange(256)[:, None] < row, 0, one.visible).astype(np.float32)
    shaded, clean = (beyond(frame, one, visible=visible) for frame in (dark, target))
    lost = (clean.swapped[here] - shaded.swapped[here]).mean()
    assert clean.mask[here].min() > 0.5 and lost < 0.006  # with hair in the mean it is .013


def test_what_is_said_of_a_forehead() -> None:
    assert verdict_of(1.0, 1.0, 1.0) == "taken"
    assert verdict_of(0.5, 1.0, 1.0) == "blended"
    assert verdict_of(1.0, 0.1, 1.0) == verdict_of(1.0, 1.0, 0.2) == "target's"


def test_the_skin_around_gets_the_faces_tone_and_nothing_else_a_change(
    target: Frame, one: FaceInProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beyond_module, "closed_brows", lambda crop, *_: np.ones(crop.shape[:2], np.float32))
    warm = np.clip(one.target.crop * np.array([1.1, 1.0, 0.9], np.float32), 0, 1)
    made, same = (beyond(target, one, swapped=face) for face in (warm, one.target.crop))
    height, width = target.shape[:2]
    laid, changed = made.lay(target, one.target.matrix), made.changed(one.target.matrix, height, width)
    assert np.array_equal(laid[changed == 0], target[changed == 0]) and (changed == 0).mean() > 0.2
    red, green, blue = made.tone[made.weight > 0.7].mean(axis=0)
    assert red > 1.03 and abs(green - 1) < 0.02 and blue < 0.97
    assert np.abs(same.tone - 1).max() < 0.02, "the twin: a face of the target's own tone changes nothing"
    assert (made.tone[made.weight == 0] == 1).all()


def test_creases_go_where_the_face_has_none(target: Frame, one: FaceInProgress) -> None:
    """Stripes across the target; a face with the same stripes keeps them, a plain one takes them away above it."""
    face = detect(target)[0]
    period = np.ptp(face.landmarks[:, 1]) / 30
    waves = 12 * np.sin(np.arange(len(target)) / period * 2 * np.pi)[:, None, None]
    striped = np.clip(target + waves, 0, 255).astype(np.uint8)
    own = one.target.crop
    lines = go_beyond(
        striped, one.target.matrix, one.target.landmarks, one.reenacted, own, one.mask, one.visible, "blended"
    )
    small = (
        cv2.warpAffine(striped, one.target.matrix, one.mask.shape, flags=cv2.INTER_AREA).astype(np.float32)
        / 255
    )
    alike = go_beyond(
        striped,
        one.target.matrix,
        one.target.landmarks,
        one.reenacted,
        small,
        one.mask,
        one.visible,
        "blended",
    )
    assert lines is not None and alike is not None
    assert np.abs(lines.crease).max() > 0.01 > 2 * np.abs(alike.crease).max()
    rows = np.flatnonzero(lines.crease.any(axis=1))
    assert rows.max() < one.target.landmarks[159, 1] * GRID / len(one.mask), "the forehead's alone"


def test_a_forehead_in_dark_coloured_shadow_gets_the_targets_colour() -> None:
    before = np.full((4, 6, 3), (0.16, 0.08, 0.02), np.float32)
    before[:, 3] *= 1.2
    wanted = np.full((4, 6, 3), (0.7, 0.5, 0.4), np.float32)
    around = np.full((4, 6), before[0, 0] @ LUMA[0] + FLOOR, np.float32)
    bright = np.tile(np.array([1, 1, 1, 1, 0, 0], np.float32), (4, 1))
    before[:, 5] = 0.01  # hair
    lit = _lit(before, wanted, around, bright)
    np.testing.assert_allclose(lit / lit[..., :1], np.broadcast_to(lit[0, 0] / 0.7, lit.shape), rtol=1e-5)
    assert lit[0, 3, 0] > 1.1 * lit[0, 0, 0]  # how bright it is stays the source's
    np.testing.assert_allclose(lit[:, 5], wanted[:, 5], rtol=1e-5)


def test_a_brow_that_was_filled_is_not_lightened_again(target: Frame, one: FaceInProgress) -> None:
    """Filled everywhere: the tone without what closes brows; nowhere: the same bytes."""
    made = beyond(target, one)
    assert made.closed.max() > 1.05
    whole, nowhere = (made.with_filled(np.full((256, 256), share, np.float32)) for share in (1, 0))
    np.testing.assert_array_equal(nowhere.tone, made.tone)
    np.testing.assert_allclose(whole.tone * made.closed[..., None], made.tone, rtol=1e-5)
    np.testing.assert_allclose(whole.closed, 1, atol=1e-5)
