"""A search for faces that is stopped anywhere and gone on with finds the very same."""

from dataclasses import fields

import cv2
import numpy as np
import pytest

from aotface.errors import InputError
from aotface.media.image import read_image
from aotface.samples import sample
from aotface.tracking.saved_tracker import SavedTracker
from aotface.tracking.tracker import Tracker, track
from aotface.tracking.tracklets import Tracklet
from aotface.types import Frame

INTERVAL = 4
"""Frames between two searches here, so that a short clip has several."""


def portrait(name: str) -> Frame:
    return cv2.resize(read_image(sample(name)).frame, (200, 220), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def clip() -> list[Frame]:
    """Two people side by side, the second from frame 3 on; a flash; a cut to her alone."""
    man, woman = portrait("source_light_man"), portrait("source_deep_woman")
    wall = np.repeat(np.repeat(man[5:6, 5:6], 220, axis=0), 200, axis=1)
    shift = [np.array([[1, 0, k], [0, 1, 0]], np.float64) for k in range(12)]
    men = [cv2.warpAffine(man, m, (200, 220), borderMode=cv2.BORDER_REPLICATE) for m in shift]
    both = [np.hstack([men[k], woman if k >= 3 else wall]) for k in range(8)]
    both[5] = np.full_like(both[5], 255)
    return both + [np.hstack([wall, cv2.flip(woman, 1)])] * 3


@pytest.fixture(scope="module")
def whole(clip: list[Frame]) -> dict[str, np.ndarray]:
    return track(clip, INTERVAL).to_arrays()


def pieces(clip: list[Frame], every: int) -> list[dict[str, np.ndarray]]:
    tracker, made = SavedTracker(INTERVAL), []
    for number, frame in enumerate(clip, 1):
        tracker.add(frame)
        if number % every == 0:
            made.append({name: values.copy() for name, values in tracker.growth().items()})
    return made


def gone_on(kept: list[dict[str, np.ndarray]], clip: list[Frame]) -> dict[str, np.ndarray]:
    tracker = SavedTracker(INTERVAL)
    for piece in kept:
        tracker.restore(piece)
    known = tracker.count
    for number in range(known - tracker.memory, known):
        tracker.recall(number, clip[number])
    for frame in clip[known:]:
        tracker.add(frame)
    return tracker.finish().to_arrays()


def same(some: dict[str, np.ndarray], others: dict[str, np.ndarray]) -> bool:
    return some.keys() == others.keys() and all(np.array_equal(some[name], others[name]) for name in some)


@pytest.mark.parametrize(("every", "stops"), [(1, (6, 9)), (4, (1,))])
def test_wherever_it_is_stopped_the_tracks_are_the_same(
    clip: list[Frame], whole: dict[str, np.ndarray], every: int, stops: tuple[int, ...]
) -> None:
    made = pieces(clip, every)
    assert all(same(gone_on(made[:stop], clip), whole) for stop in stops)


def test_without_the_latest_frames_it_goes_on_otherwise(
    clip: list[Frame], whole: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pieces(clip[:3], 3)
    monkeypatch.setattr(SavedTracker, "recall", lambda *_: None)
    assert not same(gone_on(made, clip), whole)  # the woman is not traced back to where she came


def insert_of(clip: list[Frame], shown: Frame) -> list[int]:
    """The frames of the one track when two frames show something else."""
    frames = [frame[:, :200] for frame in clip[:5]]
    tracker = SavedTracker(INTERVAL)
    for frame in [*frames[:3], shown, shown, *frames[3:]]:
        tracker.add(frame)
    return tracker.finish().tracks[0].frames.tolist()


def test_no_face_is_drawn_on_an_insert(clip: list[Frame]) -> None:
    wall = np.random.default_rng(0).integers(0, 256, (11, 10, 3), np.uint8)
    insert = cv2.resize(wall, (200, 220), interpolation=cv2.INTER_CUBIC)
    assert insert_of(clip, insert) == [0, 1, 2, 5, 6]
    her = clip[9][:, 200:]
    assert insert_of(clip, her) == [0, 1, 2, 5, 6]  # nor on somebody else


@pytest.mark.parametrize("levels", [(0, 0), (255, 255), (0, 12), (200, 255)])
def test_a_flash_is_filled(clip: list[Frame], levels: tuple[int, int]) -> None:
    """The twin: darkness, and light that leaves next to nothing of the face."""
    low, high = levels
    flash = (low + clip[2][:, :200].astype(np.float32) / 255 * (high - low)).astype(np.uint8)
    assert insert_of(clip, flash) == list(range(7))


def test_a_piece_holds_the_new_ends_alone(clip: list[Frame]) -> None:
    made = pieces(clip[:8], 4)
    assert made[0]["0.frames"].tolist() == [0, 1, 2, 3]
    assert made[1]["0.frames"].tolist() == [4, 6, 7]  # 5 is the flash


def test_a_missing_piece_is_noticed(clip: list[Frame]) -> None:
    tracker = SavedTracker(INTERVAL)
    with pytest.raises(InputError, match="a piece of the search is missing"):
        tracker.restore({**pieces(clip[:4], 4)[0], "7.frames": np.zeros(0, np.int32)})


def test_all_that_a_tracker_knows_is_kept() -> None:
    """When one of these sets grows, `SavedTracker` has to keep more."""
    known = {"_interval", "_tracklets", "_active", "_recent", "_signature", "_cuts", "_count"}
    assert set(vars(Tracker())) == known
    assert {field.name for field in fields(Tracklet)} == {
        "frames",
        "landmarks",
        "scores",
        "descriptor",
        "descriptor_count",
        "changes",
        "elsewhere",
        "gazes",
    }
