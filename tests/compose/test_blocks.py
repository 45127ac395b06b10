"""A face gets the blocks of its picture's JPEG, in step with them; a picture without blocks stays as it is."""

import cv2
import numpy as np
import pytest

from aotface.compose.blocks import find_grid, lay_blocks
from aotface.media.image import read_image
from aotface.samples import sample
from aotface.types import Frame

HERE = np.eye(2, 3)


def jpeg(frame: Frame, quality: int) -> Frame:
    data = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


@pytest.fixture(scope="module")
def clean() -> Frame:
    frame = read_image(sample("target_medium_man_warm_side")).frame
    return np.ascontiguousarray(cv2.resize(frame, (320, 320), interpolation=cv2.INTER_AREA))


@pytest.mark.parametrize("shift", [(0, 0), (3, 5)])
def test_blocks_come_as_strong_and_in_step(clean: Frame, shift: tuple[int, int]) -> None:
    right, down = shift
    target = np.ascontiguousarray(jpeg(clean, 20)[down:, right:])
    face = np.ascontiguousarray(clean[down:, right:])  # the new face: none of the blocks
    weight = np.zeros(target.shape[:2], np.float32)
    cv2.ellipse(weight, (150, 150), (90, 110), 0, 0, 360, (1.0,), -1)
    frame = np.where(weight[..., None] > 0, face, target)
    found = find_grid(target)
    assert found is not None and (found.x, found.y) == (-right % 8, -down % 8)
    done = lay_blocks(frame, target, (51, 33, 249, 269), weight, HERE)
    np.testing.assert_array_equal(done[weight == 0], target[weight == 0])
    wanted, made = (find_grid(one, weight) for one in (target, done))
    assert wanted is not None and made is not None and made[:2] == wanted[:2]
    assert 0.6 < made.strength / wanted.strength < 1.5
    assert find_grid(frame, weight) is None  # the twin: without it there are none


def test_a_clean_picture_stays_as_it_is(clean: Frame) -> None:
    weight = np.zeros(clean.shape[:2], np.float32)
    weight[80:240, 80:240] = 1
    for target in (clean, jpeg(clean, 95)):
        assert find_grid(target) is None
        assert lay_blocks(clean, target, (80, 80, 240, 240), weight, HERE) is clean
    deep = clean.astype(np.uint16) * 257
    assert lay_blocks(deep, deep, (80, 80, 240, 240), weight, HERE) is deep
