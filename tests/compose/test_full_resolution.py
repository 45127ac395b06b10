"""A face larger than the largest crop keeps its detail, and looks like the same face in a crop that holds it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from aotface.colour_space import luminance
from aotface.compose import face_step, pipeline
from aotface.compose.full_resolution import FullResolutionFace
from aotface.face.align import invert, transform_landmarks
from aotface.face.detect import detect
from aotface.face.mesh import LEFT_EYE, RIGHT_EYE
from aotface.face.texture import eye_opening
from aotface.media.image import read_image
from aotface.options import DEFAULTS
from aotface.reenact.base import Reenacted
from aotface.reenact.mesh import MeshReenactor
from aotface.samples import sample
from aotface.transfer import transfer_for
from aotface.types import AlignedFace, Frame

SMALL = 256


def grown(name: str, side: int, seed: int) -> Frame:
    """A sample face, enlarged, with grain of single pixels."""
    frame = cv2.resize(read_image(sample(name)).frame, (side, side), interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(seed).normal(0, 5, (side, side, 1))
    return np.clip(frame + grain, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def pair() -> tuple[Frame, Frame]:
    turn = cv2.getRotationMatrix2D((600.0, 600.0), 20, 1.0)
    target = cv2.warpAffine(
        grown("target_medium_woman_grey", 1200, 1), turn, (1200, 1200), borderMode=cv2.BORDER_REFLECT
    )
    return grown("source_light_man", 1200, 0), target


@pytest.fixture(scope="module")
def made(pair: tuple[Frame, Frame]) -> dict[str, pipeline.Swapped]:
    """By the frame's own pixels out of a small crop, by a crop that holds the face, and by the small crop alone."""
    found = [detect(frame) for frame in pair]
    assert SMALL < face_step.work_side(found[1][0]) <= face_step.FULL_RESOLUTION_SIDE

    def run(**limits: int) -> pipeline.Swapped:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in limits.items():
                patch.setattr(face_step, name, value)
            # the grain here stands for detail; with the camera matched it would be the target's
            options = replace(DEFAULTS, camera_match="off")
            return pipeline.swap_found(pair[0], found[0], pair[1], found[1], options, mark=False)

    return {"native": run(FULL_RESOLUTION_SIDE=SMALL), "whole": run(), "small": run(LARGEST_SIDE=SMALL)}


def inside(done: pipeline.Swapped) -> np.ndarray:
    return done.mask > 0.9


def detail(frame: Frame) -> np.ndarray:
    plane = np.log(luminance(frame.astype(np.float32) / 255) + np.float32(0.01))
    return plane - cv2.GaussianBlur(plane, (0, 0), 2)


def alike(one: Frame, other: Frame, where: np.ndarray) -> float:
    return float(np.corrcoef(detail(one)[where], detail(other)[where])[0, 1])


def test_light_and_shape_are_those_of_a_crop_that_holds_the_face(made: dict[str, pipeline.Swapped]) -> None:
    where = inside(made["whole"])
    soft = [cv2.GaussianBlur(one.frame, (0, 0), 4).astype(float)[where] for one in made.values()]
    assert np.abs(soft[0] - soft[1]).mean() < 0.6  # of 255
    assert np.abs(made["native"].mask - made["whole"].mask).mean() < 2e-3


def test_detail_is_kept(made: dict[str, pipeline.Swapped]) -> None:
    where = inside(made["whole"])
    own = made["native"].reenacted
    assert alike(made["native"].frame, own, where) > 0.97
    assert alike(made["whole"].reenacted, own, where) > 0.9  # the same detail in the same places
    assert alike(made["small"].reenacted, own, where) < 0.6  # the twin: what a small crop leaves of it


def test_eyes_keep_the_targets_detail(made: dict[str, pipeline.Swapped]) -> None:
    face = made["whole"].faces[0]
    points = transform_landmarks(face.landmarks, invert(face.target.matrix))
    where = np.maximum(
        *(eye_opening(points, ring, made["whole"].mask.shape) for ring in (LEFT_EYE, RIGHT_EYE))
    )
    own = made["whole"].frame
    fine, coarse = (alike(made[name].frame, own, where > 0) for name in ("native", "small"))
    assert where.sum() > 1000 and fine > 0.9 > 0.85 > coarse


def test_pieces_are_the_whole(made: dict[str, pipeline.Swapped]) -> None:
    face = made["native"].faces[0].after
    assert isinstance(face, FullResolutionFace)
    whole, shown = face((300, 300, 700, 700))
    piece, part = face((300, 420, 700, 520))
    np.testing.assert_allclose(piece, whole[120:220], atol=2e-4)
    np.testing.assert_allclose(part, shown[120:220], atol=1e-6)


class Unread:
    """A source whose X_r cannot be read at the frame's own pixels."""

    def __init__(self, frame: Frame):
        self.source = MeshReenactor().prepare(frame, detect(frame)[0])

    def reenact(self, target: AlignedFace) -> Reenacted:
        return replace(self.source.reenact(target), reading=None)


def test_who_does_not_read_by_a_map_is_worked_on_in_a_crop(
    pair: tuple[Frame, Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(face_step, "FULL_RESOLUTION_SIDE", SMALL)
    target, face = pair[1], detect(pair[1])[0]
    done = pipeline.swap_face(target, face, Unread(pair[0]), transfer_for(DEFAULTS))
    assert done.after is None and len(done.swapped) == face_step.work_side(face) > SMALL
