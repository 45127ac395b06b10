"""Frames kept without loss, and small."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from media.made_faces import face_frame, write_frames

from aotface.media.video.decode import VideoFrame, read_frames
from aotface.media.video.kept import pack, unpack
from aotface.media.video.layout import Layout
from aotface.media.video.probe import probe


@pytest.fixture(scope="module", params=["yuv420p", "yuv420p10le"])
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> VideoFrame:
    path = tmp_path_factory.mktemp("kept") / "clip.mp4"
    write_frames(path, [face_frame(0)], Fraction(25), format=request.param)
    return next(read_frames(path, info=probe(path)))


def same(a: VideoFrame, b: VideoFrame) -> bool:
    planes = zip(a.planes, b.planes, strict=True)
    return (a.index, a.pts, a.info) == (b.index, b.pts, b.info) and all(
        p.dtype == q.dtype and np.array_equal(p, q) for p, q in planes
    )


def test_a_frame_comes_back_to_the_bit(target: VideoFrame) -> None:
    rgb = target.rgb.copy()
    rgb[80:180, 70:190] = 255 - rgb[80:180, 70:190]  # differences beyond half the range wrap, and come back
    frame = target.edited(rgb)
    kept = unpack(pack(frame, target), target, target.info)
    assert same(kept, frame) and not same(kept, target)


def test_a_frame_of_another_layout_comes_back_too(target: VideoFrame) -> None:
    info = replace(target.info, layout=Layout(8, 1, 1))
    planes = type(target.planes)(*np.random.default_rng(0).integers(0, 256, (3, 256, 256), np.uint8))
    frame = replace(target, planes=planes, info=info)
    assert same(unpack(pack(frame, target), target, info), frame)


def test_what_is_the_targets_takes_no_room(target: VideoFrame) -> None:
    def size(frame: VideoFrame) -> int:
        return sum(values.nbytes for values in pack(frame, target).values())

    rgb = target.rgb.copy()
    rgb[80:180, 70:190] //= 2
    assert size(target) == 0 < 10_000 < size(target.edited(rgb))
