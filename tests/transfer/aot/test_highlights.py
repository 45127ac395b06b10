"""Highlights of dark skin are not lifted with it; what is not lifted, and what does not shine, is left alone."""

import numpy as np
import pytest

from aotface.colour_space import linear_to_srgb, srgb_to_linear
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.mesh import MEAN
from aotface.face.render import render
from aotface.media.image import read_image
from aotface.samples import sample
from aotface.transfer.aot.colour_map_arrays import apply_colour_map_array
from aotface.transfer.aot.highlights import limit_highlights, with_targets_shine
from aotface.transfer.base import FacePair

GAINS = (0.6, 0.8, 1.1)  # log, of red, green and blue: from dark skin to lighter
FOREHEAD, NOSE = 151, 4  # landmarks where a highlight may lie


@pytest.fixture(scope="module")
def face() -> tuple[np.ndarray, np.ndarray, list[tuple[int, int]]]:
    """Crop and mask of a face of deep skin, and pixels of its forehead and nose, row and column."""
    frame = read_image(sample("source_deep_woman")).frame
    aligned = align(frame, detect(frame)[0])
    middles = np.rint(aligned.landmarks[[FOREHEAD, NOSE], :2]).astype(int)
    near = [(y + j, x + i) for x, y in middles for j in range(-8, 9, 2) for i in range(-8, 9, 2)]
    return aligned.crop, render(aligned.landmarks, len(aligned.crop)).mask, near


def flat(*gains: float, saturation: float = 1.0) -> np.ndarray:
    field = np.zeros((128, 128, 7), np.float32)
    field[..., :3], field[..., 3] = gains, saturation
    return field


def contrast(crop: np.ndarray, place: tuple[int, int]) -> float:
    """Log luminance of a small spot over its wider surroundings."""
    light, (y, x) = srgb_to_linear(crop).mean(axis=2), place
    spot, wide = (light[y - r : y + r + 1, x - r : x + r + 1].mean() for r in (2, 12))
    return float(np.log(spot / wide))


def test_a_highlight_is_calmed_and_loses_its_cold_colour(face: tuple) -> None:
    crop, mask, near = face
    place, lifted = max(near, key=lambda place: contrast(crop, place)), flat(*GAINS)
    before, after = (
        apply_colour_map_array(crop, field) for field in (lifted, limit_highlights(lifted, crop, mask))
    )
    shone = contrast(before, place)
    assert shone > 0.15  # twin: without it, it shines
    assert contrast(after, place) < 0.8 * shone
    y, x = place
    blue = [part[y - 2 : y + 3, x - 2 : x + 3].mean(axis=(0, 1)) for part in (before, after)]
    assert blue[1][2] / blue[1][0] < blue[0][2] / blue[0][0]


def test_what_is_calmed_gets_no_greyer(face: tuple) -> None:
    """Skin around is greyer in the map than what stands out: a patch of its colour would show."""
    crop, mask, near = face
    y, x = max(near, key=lambda place: contrast(crop, place))
    field = flat(0.6, 0.9, 1.6)
    rows, columns = np.indices((128, 128))
    warm = np.exp(-((rows - y / 2) ** 2 + (columns - x / 2) ** 2) / 50)[..., None]
    field[..., :3] += warm * np.array([0.3, 0.0, -0.7], np.float32)
    calm = limit_highlights(field, crop, mask)[..., :3] - field[..., :3]
    assert calm.min() < -0.03  # something is calmed
    assert (calm[..., 2] - calm[..., 0]).max() < 1e-3  # .2 before


def test_skin_that_does_not_shine_stays(face: tuple) -> None:
    crop, mask, _ = face
    lifted = flat(*GAINS)
    moved = np.abs(limit_highlights(lifted, crop, mask) - lifted)[..., :3].max(axis=2)
    inside = mask[::2, ::2] > 0.5
    assert np.median(moved[inside]) < 0.02 and np.percentile(moved[~inside], 99) < 0.02
    assert moved.max() > 0.2


def test_a_map_that_lifts_nothing_is_the_very_same(face: tuple) -> None:
    crop, mask, _ = face
    for field in (flat(0.0, 0.0, 0.0), flat(-1.0, -1.0, -1.0), flat(*GAINS)):
        same = limit_highlights(field, crop, mask) is field
        assert same == (field[0, 0, 0] <= 0)
    assert limit_highlights(flat(*GAINS), crop, np.zeros_like(mask))[..., :3].max() <= 1.5


def test_grey_stays_grey(face: tuple) -> None:
    crop, mask, _ = face
    calm = limit_highlights(flat(1.2, 1.2, 1.2, saturation=0.0), crop, mask)
    assert np.ptp(calm[..., :3], axis=2).max() == 0
    assert np.ptp(apply_colour_map_array(crop, calm), axis=2).max() == 0


def test_the_targets_shine_is_added_where_the_new_face_has_none() -> None:
    points = ((MEAN - MEAN.mean(axis=0)) * 100 + 128).astype(np.float32)
    plain = np.broadcast_to(np.array([0.6, 0.45, 0.35], np.float32), (256, 256, 3)).copy()
    y, x = np.mgrid[:256, :256]
    spot, light = np.exp(-((x - 90) ** 2 + (y - 150) ** 2) / 50)[..., None], srgb_to_linear(plain)
    shiny, sunny = (
        linear_to_srgb(light + spot * one).astype(np.float32) for one in (0.3, np.array([0.6, 0.42, 0.33]))
    )
    mask, field = np.ones((256, 256), np.float32), flat(0, 0, 0)
    found = with_targets_shine(field, FacePair(plain, shiny, mask, points, points))
    before, after = (apply_colour_map_array(plain, one) for one in (field, found))
    assert after[150, 90].min() > before[150, 90].min() + 0.07
    np.testing.assert_allclose(after[200, 170], before[200, 170], atol=1e-3)
    warm = with_targets_shine(field, FacePair(plain, sunny, mask, points, points))[75, 45, 4:]
    white = found[75, 45, 4:]
    assert 0 < warm[2] < 0.7 * warm[0] and white[2] > 0.9 * white[0] > 0  # a patch of sun has its own colour
    for own, target in ((plain, plain), (shiny, shiny)):  # twins: no shine, and no more than there is already
        same = with_targets_shine(field, FacePair(own, target, mask, points, points))
        np.testing.assert_allclose(same, field, atol=1e-3)
