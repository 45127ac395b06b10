"""The composite: nothing outside, nothing lost inside, no line between."""

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from aotface.compose.blend import STRIP_ROWS, _strips, blend, frame_mask
from aotface.compose.camera import Camera
from aotface.compose.eye_stretch import Span, Stretch
from aotface.face.align import invert, sample, scale_of


def similarity(zoom: float, degrees: float, centre: tuple[float, float], side: int) -> np.ndarray:
    """Frame to crop: ``centre`` of the frame lands in the middle of the crop."""
    angle = np.deg2rad(degrees)
    linear = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.concatenate([linear, ((side - 1) / 2 - linear @ np.array(centre))[:, None]], axis=1)


def cut(frame: np.ndarray, matrix: np.ndarray, side: int) -> np.ndarray:
    back = invert(matrix)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    map_x = back[0, 0] * x + back[0, 1] * y + back[0, 2]
    map_y = back[1, 0] * x + back[1, 1] * y + back[1, 2]
    return sample(frame, map_x.astype(np.float32), map_y.astype(np.float32), scale_of(matrix))


def disc(side: int, radius: float = 0.35, softness: float = 0.03) -> np.ndarray:
    y, x = np.mgrid[:side, :side] / (side - 1) - 0.5
    return np.clip((radius - np.hypot(x, y)) / softness, 0, 1).astype(np.float32)


def as_depth(frame: np.ndarray, depth: type) -> np.ndarray:
    return frame if depth is np.uint8 else frame.astype(np.uint16) * 257


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.ascontiguousarray(astronaut())


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("zoom", [0.5, 1.0, 2.7])
def test_outside_the_mask_every_bit_stays(photo: np.ndarray, depth: type, zoom: float) -> None:
    target = as_depth(photo, depth)
    matrix = similarity(zoom, 17, (220.3, 120.8), 256)
    mask = disc(256)
    result = blend(target, np.zeros((256, 256, 3), np.float32), mask, matrix)
    shown = frame_mask(mask, matrix, *target.shape[:2])
    assert result.dtype == target.dtype
    assert shown.max() == 1 and shown.min() >= 0
    np.testing.assert_array_equal(result[shown == 0], target[shown == 0])
    assert result[shown == 1].mean() < 0.3 * target[shown == 1].mean()  # the twin: inside it did change


@pytest.mark.parametrize("zoom", [1.0, 1.7, 4.0])
def test_a_face_laid_onto_itself_gives_the_target_back(photo: np.ndarray, zoom: float) -> None:
    smooth = cv2.GaussianBlur(photo, (0, 0), 1.0)
    matrix = similarity(zoom, -9, (221.4, 121.3), 256)
    result = blend(smooth, cut(smooth, matrix, 256), disc(256), matrix)
    error = np.abs(result.astype(float) - smooth)
    error = error[frame_mask(disc(256), matrix, *smooth.shape[:2]) > 0]
    assert error.mean() <= 0.3 and np.quantile(error, 0.99) <= 1 and error.max() <= 5


def test_one_colour_on_another_moves_steadily_between_them() -> None:
    target = np.full((300, 300, 3), 60, np.uint8)
    matrix = similarity(1.0, 0, (150, 150), 256)
    row = blend(target, np.full((256, 256, 3), 0.7, np.float32), disc(256), matrix)[150, :, 0].astype(int)
    assert row.min() == 60 and row[150] == round(0.7 * 255)
    assert (np.diff(row[:151]) >= 0).all() and (np.diff(row[150:]) <= 0).all()  # no halo
    assert np.abs(np.diff(row)).max() < 20  # no line, though the mask itself jumps within 8 px


def test_without_easing_every_pixel_shows_with_its_mask() -> None:
    target = np.full((300, 300, 3), 51, np.uint8)
    matrix, mask = similarity(1.0, 0, (150, 150), 256), disc(256)
    result = blend(target, np.full((256, 256, 3), 0.8, np.float32), mask, matrix, ease=False)
    expected = 51 + 153 * frame_mask(mask, matrix, 300, 300)
    assert np.abs(result[..., 0] - expected).max() <= 0.51


def test_background_of_the_crop_does_not_bleed_into_the_face() -> None:
    target = np.full((300, 300, 3), 128, np.uint8)
    matrix = similarity(0.9, 5, (150, 150), 256)
    mask = disc(256)
    clean = np.full((256, 256, 3), 128 / 255, np.float32)
    dirty = np.where(mask[..., None] > 0, clean, np.float32([1, 0, 1]))
    np.testing.assert_array_equal(blend(target, dirty, mask, matrix), target)
    twin = np.where(mask[..., None] > 0.9, clean, np.float32([1, 0, 1]))
    assert (blend(target, twin, mask, matrix) != target).any()


def test_background_of_the_frame_does_not_bleed_into_the_face() -> None:
    matrix = similarity(1.0, 0, (150, 150), 256)
    mask = disc(256, softness=0.005)
    shown = frame_mask(mask, matrix, 300, 300) > 0
    target = np.where(shown[..., None], 128, np.array([255, 0, 255])).astype(np.uint8)
    result = blend(target, np.full((256, 256, 3), 128 / 255, np.float32), mask, matrix)
    well_inside = frame_mask(disc(256, radius=0.345), matrix, 300, 300) > 0
    assert np.abs(result[well_inside].astype(int) - 128).max() <= 1


def test_a_shift_of_tone_on_a_gradient_leaves_no_seam() -> None:
    ramp = np.broadcast_to(np.linspace(60, 180, 300)[None, :, None], (300, 300, 3))
    target = np.rint(ramp).astype(np.uint8)
    matrix = similarity(1.0, 0, (150, 150), 256)
    swapped = cut(target, matrix, 256) + np.float32(0.08)
    result = blend(target, swapped, disc(256, softness=0.004), matrix)[..., 0].astype(float)
    jump = np.abs(np.diff(result - ramp[..., 0], axis=1)).max()
    pasted = np.where(
        frame_mask(disc(256, softness=0.004), matrix, 300, 300) > 0.5, ramp[..., 0] + 20.4, ramp[..., 0]
    )
    assert jump < 5
    assert np.abs(np.diff(pasted - ramp[..., 0], axis=1)).max() > 15  # the twin: a plain paste has a seam
    assert abs(result[150, 150] - (ramp[150, 150, 0] + 20.4)) < 1  # and the middle keeps the whole shift


def _brow_at_the_edge(told: bool) -> float:
    """How bright a black brow is that lies along the edge of a hole in the mask, on skin of the target's tone."""
    target = np.full((256, 256, 3), 180, np.uint8)
    swapped, mask, brow = (
        np.full((256, 256, 3), 180 / 255, np.float32),
        disc(256),
        np.zeros((256, 256), np.float32),
    )
    swapped[100:110, 90:166] = 0.1
    brow[96:114, 86:170] = 1
    mask[112:130, 80:176] = 0  # a frame of spectacles
    result = blend(target, swapped, mask, np.eye(2, 3), features=brow if told else None)
    return float(result[104, 128].mean())


def test_a_brow_beside_a_hole_does_not_fade() -> None:
    assert _brow_at_the_edge(True) < 28
    assert _brow_at_the_edge(False) > 32  # the twin: it counted as skin of another tone


def test_a_shift_of_tone_makes_dark_hairs_no_haze() -> None:
    target, swapped = np.full((256, 256, 3), 200, np.uint8), np.full((256, 256, 3), 0.5, np.float32)
    swapped[46:50, 100:156] = 0.05
    brow = np.zeros((256, 256), np.float32)
    brow[43:53, 97:159] = 1
    result = blend(target, swapped, disc(256), np.eye(2, 3), features=brow) / 255
    skin, hairs = float(result[58, 128].mean()), float(result[48, 128].mean())
    assert skin > 0.5 and hairs < 0.1  # it was .19


def _glint_in_a_brow(brow: bool = True, theirs: bool = False) -> np.ndarray:
    """A bluish glint of two pixels between hairs on skin, in the finished frame."""
    target, swapped = np.full((256, 256, 3), 128, np.uint8), np.full((256, 256, 3), 0.5, np.float32)
    swapped[116:124, 90:166] = 0.15
    swapped[119:121, 127:129] = 0.7, 0.75, 0.95
    target[114:126, 120:136] = 220 if theirs else 128
    features = np.zeros((256, 256), np.float32)
    features[110:130, 84:172] = 1
    camera = Camera(
        features, (0, 0, 0), texture=np.zeros((6, 3), np.float32), brows=features if brow else None
    )
    found = blend(target, swapped, disc(256), np.eye(2, 3), camera=camera, features=features)
    return np.asarray(found[119:121, 127:129].reshape(-1, 3).mean(axis=0) / 255)


def test_no_glint_in_a_brow_is_brighter_than_skin_around() -> None:
    found = _glint_in_a_brow()
    assert found.mean() < 0.56 and np.ptp(found) < 0.1  # skin has .5
    assert _glint_in_a_brow(brow=False).mean() > 0.7  # the twins
    assert _glint_in_a_brow(theirs=True).mean() > 0.7


def test_broad_light_in_a_brow_goes_and_the_texture_of_skin_stays() -> None:
    target, swapped = np.full((256, 256, 3), 128, np.uint8), np.full((256, 256, 3), 0.5, np.float32)
    swapped[112:128, 90:166] = 0.65
    swapped[112:128:2, 90:166:2] += 0.05
    swapped[113:128:2, 91:166:2] -= 0.05
    brow = np.zeros((256, 256), np.float32)
    brow[104:136, 82:174] = 1
    camera = Camera(brow, (0, 0, 0), texture=np.zeros((6, 3), np.float32), brows=brow)
    found = (
        blend(target, swapped, disc(256), np.eye(2, 3), camera=camera, features=brow)[116:124, 110:146] / 255
    )
    assert found.mean() < 0.56 and found.std() > 0.6 * swapped[116:124, 110:146].std()


def test_a_half_transparent_mask_shows_half() -> None:
    target = np.zeros((300, 300, 3), np.uint8)
    matrix = similarity(1.0, 0, (150, 150), 256)
    result = blend(target, np.full((256, 256, 3), 0.8, np.float32), disc(256) * np.float32(0.5), matrix)
    assert abs(int(result[150, 150, 0]) - 102) <= 1


@pytest.mark.parametrize("centre", [(0, 0), (299, 150), (150, 330)])
def test_a_face_that_leaves_the_frame(centre: tuple[float, float]) -> None:
    target = np.full((300, 300, 3), 200, np.uint8)
    matrix = similarity(1.0, 30, centre, 256)
    result = blend(target, np.full((256, 256, 3), 0.2, np.float32), disc(256), matrix)
    assert result.min() == 51
    assert np.abs(result[np.clip(centre[1], 0, 299), np.clip(centre[0], 0, 299)].astype(int) - 51).max() <= 1


def test_a_face_wholly_outside_or_an_empty_mask_changes_nothing(photo: np.ndarray) -> None:
    crop = np.zeros((256, 256, 3), np.float32)
    far = similarity(1.0, 0, (2000, 2000), 256)
    np.testing.assert_array_equal(blend(photo, crop, disc(256), far), photo)
    near = similarity(1.0, 0, (200, 200), 256)
    np.testing.assert_array_equal(blend(photo, crop, np.zeros((256, 256), np.float32), near), photo)


def test_strips_meet_without_a_trace(photo: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = similarity(1.3, 11, (221, 121), 256)
    swapped = cut(photo[:, ::-1].copy(), matrix, 256)
    whole = blend(photo, swapped, disc(256), matrix)
    assert STRIP_ROWS > 256
    monkeypatch.setitem(blend.__globals__, "STRIP_ROWS", 23)
    np.testing.assert_array_equal(blend(photo, swapped, disc(256), matrix), whole)


def test_no_strip_ends_within_an_eye() -> None:
    """Half an eye is stretched otherwise than the whole: a line would run through it."""
    span, ends = Span(0.2, 0.6, 1.0), (STRIP_ROWS - 30, STRIP_ROWS + 40)
    mask = np.ones((ends[1] - ends[0], 50), np.float32)
    eyes = [Stretch(span, span, mask, mask, (x, ends[0] + lower)) for x, lower in ((10, 0), (90, 20))]
    box = 0, 0, 200, 2 * STRIP_ROWS + 9
    assert [one[3] for one in _strips(box, eyes)] == [ends[1] + 20, box[3]]
    assert [one[3] for one in _strips(box)] == [STRIP_ROWS, 2 * STRIP_ROWS, box[3]]


def test_a_small_face_is_not_aliased() -> None:
    """A 1 px checkerboard in a crop 4 times finer than the frame must become its mean, grey."""
    board = (np.indices((256, 256)).sum(axis=0) % 2).astype(np.float32)
    crop = np.repeat(board[..., None], 3, axis=2)
    target = np.full((120, 120, 3), 128, np.uint8)
    result = blend(target, crop, disc(256), similarity(4.0, 3, (60, 60), 256))
    assert np.abs(result.astype(int) - 128).max() <= 2


def test_fine_detail_is_carried_as_the_sharpest_filter_does() -> None:
    """Luma is; the twin: a linear filter would take a part of it away. Grey stays grey."""
    stripes = 0.5 + 0.3 * np.sin(np.arange(128) * 2.2)
    crop = np.repeat(np.tile(stripes, (128, 1))[..., None], 3, axis=2).astype(np.float32)
    matrix, mask = np.array([[1.0, 0, 0.5], [0, 1.0, 0.5]]), disc(128)
    target = np.full((128, 128, 3), 65535 // 2, np.uint16)
    result = blend(target, crop, mask, matrix, ease=False).astype(np.float32) / 65535
    assert np.ptp(result, axis=2).max() < 1e-4
    inside = cv2.erode(mask, np.ones((9, 9))) == 1
    for flags, least, most in ((cv2.INTER_LANCZOS4, 0, 1e-3), (cv2.INTER_LINEAR, 0.05, 1)):
        wanted = cv2.warpAffine(crop, matrix, (128, 128), flags=flags | cv2.WARP_INVERSE_MAP)
        assert least <= np.abs(result - wanted)[inside].max() <= most
