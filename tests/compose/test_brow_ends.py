"""An end of a target's brow beside the new face becomes skin; one under it, and all else, keeps its bytes."""

import cv2
import numpy as np
import pytest

from aotface.compose.brow_ends import bare_ends
from aotface.face.align import align, invert
from aotface.face.detect import detect
from aotface.face.parse import visibility_network
from aotface.face.texture import LUMA, brow_outlines
from aotface.face.visibility.network import Visibility
from aotface.media.image import read_image
from aotface.samples import sample
from aotface.types import Face, Frame

SIDE = 256


@pytest.fixture(scope="module")
def drawn() -> tuple[Frame, Frame, Face, np.ndarray]:
    """A target, the same with a dark dash that goes on from an outer end, the face, and where the dash is in its crop."""
    frame = read_image(sample("target_medium_man_warm_side")).frame
    face = detect(frame)[0]
    aligned = align(frame, face, SIDE)
    end = min(brow_outlines(aligned.landmarks)[0], key=lambda at: at[0])
    dash = np.zeros((SIDE, SIDE), np.float32)
    start = np.rint(end + (-1, 0)).astype(int)
    cv2.line(dash, tuple(map(int, start)), (int(start[0]) - 5, int(start[1]) + 1), (1.0,), 2)
    cover = cv2.warpAffine(dash, invert(aligned.matrix), frame.shape[1::-1])[..., None]
    dark = np.rint(frame * (1 - 0.6 * cover)).astype(frame.dtype)
    return frame, dark, face, dash > 0.5


def seen(frame: Frame, face: Face) -> Visibility:
    return visibility_network().see(frame, face)


def luma(frame: Frame, face: Face) -> np.ndarray:
    return np.asarray(cv2.transform(align(frame, face, SIDE).crop, LUMA), np.float32)


def test_an_end_beside_the_new_face_becomes_skin(drawn: tuple[Frame, Frame, Face, np.ndarray]) -> None:
    plain, dark, face, dash = drawn
    nowhere, all_of_it = np.zeros((SIDE, SIDE), np.float32), np.ones((128, 128), np.float32)
    ends = bare_ends(dark, face, seen(dark, face), nowhere, all_of_it)
    assert ends is not None
    before, after, wanted = (float(luma(one, face)[dash].mean()) for one in (dark, ends.lay(dark), plain))
    assert before < wanted - 0.1 and abs(after - wanted) < 0.05


def test_nothing_is_filled_under_the_new_face_nor_where_skin_gets_no_tone(
    drawn: tuple[Frame, Frame, Face, np.ndarray],
) -> None:
    _, dark, face, _ = drawn
    whole = np.ones((SIDE, SIDE), np.float32)
    assert bare_ends(dark, face, seen(dark, face), whole, whole) is None
    assert bare_ends(dark, face, seen(dark, face), np.zeros_like(whole), np.zeros_like(whole)) is None


def test_far_from_the_brows_every_byte_stays(drawn: tuple[Frame, Frame, Face, np.ndarray]) -> None:
    _, dark, face, _ = drawn
    ends = bare_ends(
        dark, face, seen(dark, face), np.zeros((SIDE, SIDE), np.float32), np.ones((SIDE, SIDE), np.float32)
    )
    assert ends is not None
    changed = (ends.lay(dark) != dark).any(axis=2).astype(np.float32)
    moved = cv2.warpAffine(changed, align(dark, face, SIDE).matrix, (SIDE, SIDE))
    assert moved.sum() > 0 and not moved[int(align(dark, face, SIDE).landmarks[33, 1]) :].any()
