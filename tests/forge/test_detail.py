"""Fine detail of fakes follows their reals; what is stored follows the frame."""

import cv2
import numpy as np
import pytest
from forge.made_store import frame

from aotface.forge.cut import cut_of, from_display
from aotface.forge.detail import GRAIN, match_detail
from aotface.forge.target import chained
from aotface.media.pixel_aspect import to_display

MASK = np.zeros((96, 96), np.uint8)
cv2.circle(MASK, (48, 48), 36, (255,), -1)
INSIDE = cv2.erode(MASK, np.ones((9, 9), np.uint8)) > 0


def detail(picture: np.ndarray) -> float:
    grey = picture.astype(np.float32).mean(axis=2)
    return float((grey - cv2.GaussianBlur(grey, (0, 0), 1.4))[INSIDE].std())


@pytest.mark.parametrize("sigma", [0.8, 1.0])
def test_a_soft_fake_gets_the_detail_of_its_real_and_a_sharp_one_loses_it(sigma: float) -> None:
    real, fake = frame("real", 0), frame("fake", 0)
    soft = cv2.GaussianBlur(fake, (0, 0), sigma)
    for changed, wanted in ((soft, real), (fake, cv2.GaussianBlur(real, (0, 0), sigma))):
        before = abs(detail(changed) / detail(wanted) - 1)
        (done,) = match_detail([changed], [wanted], [MASK], 0)
        assert abs(detail(done) / detail(wanted) - 1) < before / 2
        assert (done[MASK == 0] == changed[MASK == 0]).all()


def test_grain_is_limited_and_the_same_seed_gives_the_same_bytes() -> None:
    flat, rough = np.full((96, 96, 3), 120, np.uint8), frame("rough", 0)
    flat[::7, ::5] = 121  # some detail to scale
    first, again = (match_detail([flat], [rough], [MASK], 4)[0] for _ in range(2))
    assert (first == again).all()
    assert 1 < (first.astype(float) - flat)[INSIDE].std() < 3 * GRAIN


def test_frames_without_a_swap_stay_as_they_are() -> None:
    fake, nothing = frame("fake", 0), np.zeros((96, 96), np.uint8)
    assert (match_detail([fake], [frame("real", 0)], [nothing], 0)[0] == fake).all()


@pytest.mark.parametrize(
    ("region", "aspect"), [("frame", 1.0), ("face", 1.0), ("face", 16 / 15), ("frame", 0.5)]
)
def test_points_of_the_frame_are_found_again_in_what_is_stored(region: str, aspect: float) -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform((60, 40), (140, 120), (20, 2))
    cut = cut_of(201, 303, region, 100, points, aspect, 0.8)
    assert cut.height % 2 == cut.width % 2 == 0 and max(cut.height, cut.width) <= 100
    picture = np.zeros((201, 303, 3), np.uint8)
    cv2.circle(picture, (100, 80), 9, (255, 255, 255), -1)
    shown = cut.frame(picture)[..., 0].astype(float)
    assert shown.shape == (cut.height, cut.width)
    y, x = np.mgrid[: cut.height, : cut.width]
    centre = np.array([(shown * x).sum(), (shown * y).sum()]) / shown.sum()
    assert cut.matrix @ (100, 80, 1) == pytest.approx(centre, abs=0.3)
    whole = chained(from_display(aspect), cut.matrix) @ (*(to_display(aspect) @ (100, 80, 1)), 1)
    assert whole == pytest.approx(cut.matrix @ (100, 80, 1))
    if region == "face":
        x0, y0, x1, y1 = cut.box
        assert (points.min(axis=0) >= (x0, y0)).all() and (points.max(axis=0) <= (x1, y1)).all()


def test_a_stored_mask_is_0_only_where_nothing_is_swapped() -> None:
    mask = np.zeros((201, 303), np.float32)
    mask[80:120, 100:160] = 0.001
    cut = cut_of(201, 303, "frame", 100, np.zeros((0, 2)))
    stored = cut.mask(mask)
    reached = cut.frame(np.repeat((mask > 0)[..., None], 3, axis=2).astype(np.uint8) * 255)[..., 0] > 0
    assert ((stored > 0) >= reached).all() and stored.max() == 1
