"""The face step: what an earlier run found gives the same face, and a picture needs nothing of the video line."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from aotface.compose import face_step
from aotface.compose.face_step import (
    FaceInProgress,
    Known,
    keep_target_pixels,
    shown_mask,
    start_face,
    whose_beard,
)
from aotface.compose.pipeline import swap_face
from aotface.face.detect import detect
from aotface.media.image import read_image
from aotface.reenact.base import Reenacted
from aotface.reenact.given import GivenSwap
from aotface.reenact.mesh import MeshReenactor, MeshSource
from aotface.reenact.target_eyes import TargetEye
from aotface.samples import sample
from aotface.transfer import open_transfer
from aotface.transfer.base import Change, FacePair, Maps, shrunk
from aotface.types import AlignedFace, Face, Frame, Mask

CROP_ONLY, SMOOTH = "mkl", "aot"


@pytest.fixture(scope="module")
def target() -> tuple[Frame, Face]:
    frame = read_image(sample("target_medium_man_warm_side")).frame
    return frame, detect(frame)[0]


@pytest.fixture(scope="module")
def source() -> MeshSource:
    frame = read_image(sample("source_light_man")).frame
    return MeshReenactor().prepare(frame, detect(frame)[0])


@pytest.mark.parametrize("name", [CROP_ONLY, SMOOTH])
def test_what_is_known_of_a_face_gives_the_same_bytes(
    target: tuple[Frame, Face], source: MeshSource, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer = open_transfer(name)
    new = start_face(*target, source, transfer)
    assert isinstance(new, FaceInProgress) and transfer.smooth == (new.change.temporal is not None)
    monkeypatch.setattr("aotface.compose.face_step.visible_at", lambda *_: pytest.fail("found again"))
    again = start_face(*target, source, transfer, known=Known(new.visible, new.change.temporal))
    assert again is not None
    assert again.mask.tobytes() == new.mask.tobytes() and again.swapped.tobytes() == new.swapped.tobytes()


class Watching:
    """A transfer that keeps what it was shown."""

    name = summary = "watching"
    smooth = False

    def find(self, pair: FacePair) -> Change:
        self.pair = pair
        return open_transfer("none").find(pair)

    def restore(self, temporal: Maps) -> Change:
        raise NotImplementedError

    def identity(self) -> dict[str, str | None]:
        return {}


def test_a_transfer_sees_a_beard_of_the_target_only_on_a_bearded_face(
    target: tuple[Frame, Face], source: MeshSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame, face = target
    looks: list[np.ndarray] = []
    monkeypatch.setattr(face_step, "without_beard", lambda frame, *_: 255 - frame)
    for answers in ([False], [True, True], [True, False]):  # of the target, then of X_r
        asked, transfer = iter(answers), Watching()
        monkeypatch.setattr(face_step, "shows_beard", lambda *_, asked=asked: next(asked))
        assert start_face(frame, face, source, transfer) is not None and next(asked, None) is None
        looks.append(transfer.pair.target)
        assert np.array_equal(transfer.pair.small.target, shrunk(looks[-1]))
    assert np.array_equal(looks[0], looks[1])
    assert np.abs(1 - looks[2] - looks[0]).max() < 0.01


def test_whose_beard_is_shown() -> None:
    assert whose_beard("none", False, False) == "none"
    assert whose_beard("none", True, False) == "covered"
    assert whose_beard("shown", True, False) == "source's"
    assert whose_beard("taken off", False, False) == "taken off"
    for own in ("none", "shown"):
        assert whose_beard(own, True, True) == "target's"


def test_a_finished_face_says_whose_beard_it_shows(
    target: tuple[Frame, Face], source: MeshSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer = open_transfer("none")
    assert swap_face(*target, source, transfer).beard == "none"
    monkeypatch.setattr(face_step, "kept_beard", lambda *_: np.ones((256, 256), np.float32))
    assert swap_face(*target, source, transfer).beard == "target's"
    monkeypatch.setattr("aotface.compose.pipeline.stubble_shown", lambda *_: np.ones((256, 256), np.float32))
    assert swap_face(*target, source, transfer).beard == "target's", "whole: it does not fade"
    monkeypatch.setattr(face_step, "kept_beard", lambda *_: np.zeros((256, 256), np.float32))
    assert swap_face(*target, source, transfer).beard == "faded"
    monkeypatch.setattr("aotface.compose.pipeline.stubble_shown", lambda *_: np.zeros((256, 256), np.float32))
    bearded = replace(source, shaven=source.frame.copy())
    for shaven, word in ((True, "taken off"), (False, "source's")):
        monkeypatch.setattr("aotface.reenact.mesh.is_shaven", lambda _, shaven=shaven: shaven)
        assert swap_face(*target, bearded, transfer).beard == word


def test_a_region_limits_the_swap_or_refuses_it(target: tuple[Frame, Face]) -> None:
    frame, face = target
    given, transfer = GivenSwap(frame, *frame.shape[:2]), open_transfer("none")
    left = np.zeros((256, 256), np.float32)
    left[:, :128] = 1

    def half(target: AlignedFace, reenacted: Reenacted) -> Mask:
        return left

    one = start_face(frame, face, given, transfer, region=half)
    assert one is not None and one.visible[:, :128].max() > 0.9 and one.visible[:, 128:].max() == 0
    assert start_face(frame, face, given, transfer, region=lambda *_: None) is None


def test_a_mask_is_enlarged_to_the_crop() -> None:
    side = 512
    made = Reenacted(
        np.zeros((side, side, 3), np.float32),
        np.full((side, side), 0.5, np.float32),
        np.zeros((side, side), np.float32),
        np.zeros((468, 3), np.float32),
    )
    visible = np.zeros((256, 256), np.float32)
    visible[:128] = 1
    shown = shown_mask(made, visible)
    assert shown.shape == (side, side) and shown[:254].min() == 0.5 and shown[258:].max() == 0


def test_what_the_target_gave_stays_as_it_is() -> None:
    crop, moved = np.random.default_rng(5).random((2, 16, 16, 3), np.float32)
    own = np.zeros((16, 16), np.float32)
    made = Reenacted(crop, np.ones((16, 16), np.float32), own, np.zeros((468, 3), np.float32))
    untouched = keep_target_pixels(made, moved)
    np.testing.assert_array_equal(untouched, moved)
    assert not np.shares_memory(untouched, moved)
    own[4:7, 9:12], own[10, 3] = 1, 0.25
    found = keep_target_pixels(made, moved)
    np.testing.assert_allclose(found, crop * own[..., None] + moved * (1 - own[..., None]), atol=1e-6)
    assert np.abs(found - moved).max() > 0.1  # the twin: without it the mouth is moved


PICTURE = """
import sys
from aotface import swap
from aotface.media.image import read_image
from aotface.reenact.target_eyes import TargetEye
from aotface.samples import sample
source, target = (read_image(sample(name)).frame for name in ("source_light_man", "target_medium_man_warm_side"))
swap(source, target, transfer={transfer!r})
print(*(name for name in sys.modules if name.startswith("aotface")))
"""


def test_what_is_laid_over_the_face_is_the_target_alone() -> None:
    """X_r is a mixture there; what stays is the target's part of it alone."""
    side = 4
    mixed, theirs = np.full((side, side, 3), 0.3, np.float32), np.full((side, side, 3), 0.5, np.float32)
    share = np.full((side, side), 0.25, np.float32)
    made = Reenacted(mixed, np.ones((side, side), np.float32), share, np.zeros((468, 3), np.float32))
    moved = np.full((side, side, 3), 0.9, np.float32)
    whole, within = (slice(0, side), slice(0, side)), np.zeros((side, side), np.float32)
    eye = TargetEye(whole, theirs, within, within, share, np.eye(2, 3))
    found = keep_target_pixels(replace(made, eyes=(eye,)), moved)
    np.testing.assert_allclose(found, 0.9 + 0.25 * (0.5 - 0.9), rtol=1e-6)
    np.testing.assert_allclose(keep_target_pixels(made, moved), 0.9 + 0.25 * (0.3 - 0.9), rtol=1e-6)  # twin


def test_a_picture_loads_nothing_of_the_video_line() -> None:
    code = PICTURE.format(transfer=SMOOTH)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    video = {
        name
        for name in loaded
        if name.startswith(("aotface.video", "aotface.media.video", "aotface.tracking"))
    }
    assert video == set()
    # eyes, camera match and adjustments seven; hairline two; eyes, lids, mouth, expression and spectacles nine; one-sided
    # light two; fine detail; bounds, brows three times and nose; blocks; graph; light on skin; low bands; atlas; rims;
    # filled skin, remnants and dark side; beards, bleached ones, stubble and hairs; nostrils; ends of brows; hard light;
    # blotches and shade of rims; profile of brows and whole ones; folds and lines of a smile; nostrils and where they lie
    assert "aotface.compose.face_step" in loaded and len(loaded) <= 156
