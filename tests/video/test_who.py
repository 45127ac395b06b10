"""The sheet that shows who has which number."""

from pathlib import Path

import numpy as np
from media.made_clips import make_clip

from aotface.tracking.descriptor import Descriptor
from aotface.tracking.tracks import Track
from aotface.video import who
from aotface.video.plan import open_clip

NOBODY = Descriptor(np.zeros(898, np.float32), np.zeros(898, np.float32), np.zeros(2, np.float32))


def track(number: int, frames: list[int], x: float) -> Track:
    points = np.random.default_rng(number).uniform(0, 12, (len(frames), 468, 3)).astype(np.float32)
    points[..., 0] += x
    nothing = np.zeros(len(frames), np.float32)
    return Track(number, np.array(frames, np.int32), points, nothing, NOBODY)


def test_every_face_has_a_row_and_its_frames(tmp_path: Path) -> None:
    clip = open_clip(make_clip(tmp_path / "a.mp4", 10, size=(96, 64)).path)
    tracks = [track(0, [0, 1, 2, 3], 5.0), track(1, [2, 3, 4], 40.0), track(2, [8, 9], 90.0)]
    drawn = who.tracks_sheet(clip, tracks)
    assert drawn.dtype == np.uint8 and len(drawn) > who.FRAME_HEIGHT + 3 * who.FACE_SIDE
    assert who._crowded(tracks) == [2, 8]
    assert who._looks(tracks[0]) == [0, 2, 3] and who._looks(tracks[2]) == [0, 1]


def test_a_face_at_the_edge_is_a_square() -> None:
    picture = np.full((40, 60, 3), 9, np.uint8)
    points = np.array([[-8.0, -4.0, 0], [10.0, 12.0, 0]], np.float32)
    cut = who._cut(picture, points)
    assert cut.shape[0] == cut.shape[1] and {9, 60} == set(np.unique(cut).tolist())
