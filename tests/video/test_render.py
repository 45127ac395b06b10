"""A video's finished frames: made of their neighbourhood alone, in step with the light, and the target's own elsewhere."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from media.made_faces import face_frame, plain_frame, write_frames

from aotface.colour_space import srgb_to_linear
from aotface.compose import label
from aotface.errors import FaceIndexError, InputError, NoFaceError
from aotface.media.image import read_image
from aotface.media.video.decode import VideoFrame
from aotface.media.video.parts import claim
from aotface.options import Options
from aotface.reenact.base import PreparedSource
from aotface.samples import sample
from aotface.tracking.tracks import Tracks
from aotface.video import frame_state, temporal_filter
from aotface.video import render as video
from aotface.video import scene as video_scene
from aotface.video.plan import open_clip
from aotface.video.render import (
    Clip,
    Scene,
    analyse,
    make_scene,
    prepare_source,
    render_frames,
    render_layers,
)

COUNT, GONE = 16, range(7, 11)
"""Frames of the clip, and those in which the face is away."""

LAMP_FRAMES, LAMP_ON, LAMP_GAIN = 13, 6, 3.0


def the_same(some: list[VideoFrame], others: list[VideoFrame]) -> bool:
    pairs = list(zip(some, others, strict=True))
    return all(a.index == b.index and a.pts == b.pts for a, b in pairs) and all(
        np.array_equal(p, q) for a, b in pairs for p, q in zip(a.planes, b.planes, strict=True)
    )


@pytest.fixture(scope="module")
def prepared() -> PreparedSource:
    return prepare_source(read_image(sample("source_light_man")).frame, "largest")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """A face that goes and comes back."""
    frames = [plain_frame(index) if index in GONE else face_frame(index) for index in range(COUNT)]
    return open_clip(write_frames(tmp_path_factory.mktemp("clip") / "visit.mp4", frames))


@pytest.fixture(scope="module")
def tracks(clip: Clip) -> Tracks:
    return analyse(clip)


@pytest.fixture(scope="module")
def scene(clip: Clip, tracks: Tracks, prepared: PreparedSource) -> Scene:
    return make_scene(clip, tracks, prepared, Options(transfer="mkl"))


@pytest.fixture(scope="module")
def whole(scene: Scene) -> list[VideoFrame]:
    return list(render_frames(scene, 0, COUNT))


def test_the_face_that_comes_back_is_the_one_that_went(tracks: Tracks) -> None:
    assert len(tracks.tracks) == 1 and tracks.count == COUNT
    assert set(tracks.tracks[0].frames.tolist()) == set(range(COUNT)) - set(GONE)


def test_every_frame_at_its_time(clip: Clip, whole: list[VideoFrame]) -> None:
    assert [frame.index for frame in whole] == list(range(COUNT))
    assert [frame.pts for frame in whole] == clip.times.pts.tolist()


def test_a_frame_without_a_face_is_the_targets_bit_for_bit(clip: Clip, whole: list[VideoFrame]) -> None:
    targets = list(clip.frames())
    assert the_same([whole[i] for i in GONE], [targets[i] for i in GONE])
    others = sorted(set(range(COUNT)) - set(GONE))
    assert not any(the_same([whole[i]], [targets[i]]) for i in others)  # twin: every other one is changed
    assert all(np.abs(whole[i].rgb.astype(int) - targets[i].rgb).max() > 8 for i in others)


@pytest.mark.parametrize(("first", "last"), [(5, 10), (15, 16)])
def test_a_piece_is_the_slice_of_the_whole(
    scene: Scene, whole: list[VideoFrame], first: int, last: int
) -> None:
    assert the_same(list(render_frames(scene, first, last)), whole[first:last])


def test_a_piece_that_does_not_look_around_is_another(
    scene: Scene, whole: list[VideoFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "REACH", 0)
    assert not the_same(list(render_frames(scene, 5, 7)), whole[5:7])


def test_large_faces_are_made_again_to_the_same_bytes(
    scene: Scene, whole: list[VideoFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    again: list[int] = []
    start = frame_state.start_face
    monkeypatch.setattr(
        frame_state,
        "start_face",
        lambda *words, **more: again.append(words[-1] is not None) or start(*words, **more),
    )
    monkeypatch.setattr(frame_state, "LARGE_MADE", 0)
    monkeypatch.setattr(frame_state, "LARGE_FRAME", 0)
    assert (
        the_same(list(render_frames(scene, 5, 8)), whole[5:8]) and sum(again) == 7
    )  # from the segment's start; 7 has no face


def test_cached_features_are_not_found_again(
    scene: Scene, whole: list[VideoFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, _ = claim(tmp_path / "out.mp4", {}, [(0, COUNT)])
    list(render_layers(scene, 4, 7, parts))
    looked: list[int] = []
    start = frame_state.start_face
    monkeypatch.setattr(
        frame_state,
        "start_face",
        lambda *words, **more: looked.append(words[-1] is None) or start(*words, **more),
    )
    frames = [layers.frame for layers in render_layers(scene, 5, 8, parts)]
    assert the_same(frames, whole[5:8]) and sum(looked) == 1  # frame 13, beyond what was seen the first time
    looked.clear()
    assert the_same(list(render_frames(scene, 5, 8)), whole[5:8]) and sum(looked) == 10  # twin: nothing kept


def test_with_the_network_a_piece_is_the_slice_too(
    clip: Clip, tracks: Tracks, prepared: PreparedSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = make_scene(clip, tracks, prepared, Options())
    whole = list(render_frames(scene, 0, 2))
    assert the_same(list(render_frames(scene, 1, 2)), whole[1:])
    assert not the_same(whole[:1], list(clip.frames(0, 1)))
    found = [number for number in range(COUNT) if scene.finds(0, number)]
    monkeypatch.setattr(video_scene, "STILL", 0.0)
    again = make_scene(clip, tracks, prepared, Options())
    moving = [number for number in range(COUNT) if again.finds(0, number)]
    assert found == [0, 4, 6, 11, 15] and moving == [0, 3, 6, 11, 14, 15]  # anew where the face comes back
    track = scene.tracks.tracks[0]
    points = track.landmarks.copy()
    points[2] = points[1]
    twice = replace(scene, tracks=replace(scene.tracks, tracks=(replace(track, landmarks=points),)))
    assert twice.finds(0, 1) and twice.finds(0, 2) and not scene.finds(0, 1)  # it is shown twice


def test_without_maps_every_frame_finds_its_own(scene: Scene) -> None:
    assert all(scene.finds(0, number) for number in range(COUNT))


def test_a_short_insert_without_a_face_stays(tmp_path: Path, prepared: PreparedSource) -> None:
    frames = [plain_frame(index) if index in (4, 5) else face_frame(index) for index in range(9)]
    clip = open_clip(write_frames(tmp_path / "insert.mp4", frames))
    scene = make_scene(clip, analyse(clip), prepared, Options(transfer="mean"))
    assert the_same(list(render_frames(scene, 4, 6)), list(clip.frames(4, 6)))


def test_a_receiver_that_stops_early_leaves_no_thread(scene: Scene) -> None:
    frames = render_frames(scene, 0, COUNT)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]


def lamp_clip(folder: Path) -> Clip:
    """A still face before and after a lamp is switched on: three times the light, nothing saturated."""
    linear = srgb_to_linear(face_frame(0).astype(np.float32) / 255) * 0.3
    frames = []
    for index in range(LAMP_FRAMES):
        lit = linear * (LAMP_GAIN if index >= LAMP_ON else 1)
        encoded = np.where(lit > 0.0031308, 1.055 * np.maximum(lit, 1e-9) ** (1 / 2.4) - 0.055, 12.92 * lit)
        frames.append(np.rint(np.clip(encoded, 0, 1) * 255).astype(np.uint8))
    return open_clip(write_frames(folder / "lamp.mp4", frames, quality=4))


@pytest.fixture(scope="module")
def lamp(tmp_path_factory: pytest.TempPathFactory, prepared: PreparedSource) -> Scene:
    clip = lamp_clip(tmp_path_factory.mktemp("lamp"))
    return make_scene(clip, analyse(clip), prepared, Options(transfer="mkl"), mark=False)


def face_light(scene: Scene) -> Iterator[float]:
    """Mean linear light of the cheeks and nose in each finished frame."""
    box = slice(110, 160), slice(100, 156)
    for frame in render_frames(scene, LAMP_ON - 2, LAMP_ON + 5):
        yield float(srgb_to_linear(frame.rgb[box].astype(np.float32) / 255).mean())


def test_a_lamp_switched_on_is_followed_within_three_frames(lamp: Scene) -> None:
    light = np.array(list(face_light(lamp)))
    assert len(lamp.tracks.tracks) == 1  # the lamp does not part the face from itself
    assert np.allclose(light[:2] / light[-1], 1 / LAMP_GAIN, rtol=0.08)  # nothing of it before
    assert np.allclose(light[2:] / light[-1], 1, atol=0.05)  # not even one frame late


def test_without_a_look_at_the_light_a_lamp_would_be_smeared(
    lamp: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporal_filter, "TOLERANCE", 1e6)
    light = np.array(list(face_light(lamp)))
    assert light[1] / light[-1] > 1.2 / LAMP_GAIN or light[4] / light[-1] < 0.95


def test_one_frame(tmp_path: Path, prepared: PreparedSource) -> None:
    clip = open_clip(write_frames(tmp_path / "one.mp4", [face_frame(0)]))
    (frame,) = render_frames(make_scene(clip, analyse(clip), prepared, Options(transfer="mkl")), 0, 1)
    assert frame.index == 0 and not the_same([frame], list(clip.frames()))


def test_ten_bits_stay_ten_bits(tmp_path: Path, prepared: PreparedSource) -> None:
    path = write_frames(
        tmp_path / "deep.mp4", [*map(face_frame, range(3)), plain_frame(3)], format="yuv420p10le"
    )
    clip = open_clip(path)
    frames = list(render_frames(make_scene(clip, analyse(clip), prepared, Options(transfer="mean")), 2, 4))
    assert all(values.dtype == np.uint16 for values in (frames[0].rgb, frames[0].planes.y))
    assert [the_same([a], [b]) for a, b in zip(frames, clip.frames(2, 4), strict=True)] == [False, True]


def test_uneven_times_stay(tmp_path: Path, prepared: PreparedSource) -> None:
    base = Fraction(1, 90000)
    seconds = [tick * base for tick in (0, 2000, 9000)]
    path = write_frames(
        tmp_path / "uneven.mp4", [face_frame(i) for i in range(3)], seconds=seconds, time_base=base
    )
    clip = open_clip(path)
    frames = render_frames(make_scene(clip, analyse(clip), prepared, Options(transfer="mean")), 0, 3)
    assert [frame.time for frame in frames] == seconds


def test_a_video_without_a_face_is_refused(tmp_path: Path, prepared: PreparedSource) -> None:
    clip = open_clip(write_frames(tmp_path / "plain.mp4", [plain_frame(i) for i in range(3)]))
    tracks = analyse(clip)
    with pytest.raises(NoFaceError):
        make_scene(clip, tracks, prepared, Options(transfer="mkl"))


def test_a_face_that_is_not_there_is_refused(clip: Clip, tracks: Tracks, prepared: PreparedSource) -> None:
    with pytest.raises(FaceIndexError, match="face 1 .* shows 1"):
        make_scene(clip, tracks, prepared, Options(transfer="mkl", face="1"))


def test_a_video_swapped_elsewhere_is_taken_as_it_is(clip: Clip, tracks: Tracks) -> None:
    """The target given as its own swap: nothing to move, so nothing moves."""
    scene = make_scene(clip, tracks, None, Options(transfer="mkl"), mark=False, swapped=clip)
    for frame, target in zip(render_frames(scene, 0, 2), clip.frames(0, 2), strict=True):
        apart = np.abs(frame.rgb.astype(int) - target.rgb)
        assert apart.max() <= 20 and apart.mean() < 0.5
    nobody = make_scene(clip, tracks, None, Options(transfer="mkl"), mark=False)
    with pytest.raises(InputError, match="expected a source"):  # twin: neither source nor swap
        list(render_frames(nobody, 0, 1))


def test_a_label_shows_in_the_first_seconds_with_and_without_a_face(
    clip: Clip,
    tracks: Tracks,
    prepared: PreparedSource,
    whole: list[VideoFrame],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(label, "START_SECONDS", 2.5 * 1001 / 30000)  # three frames
    monkeypatch.setattr(label, "AGAIN_SECONDS", 0)
    options = Options(transfer="mkl", label="ai")
    scene = make_scene(clip, tracks, prepared, options)
    badge = scene.label
    assert badge is not None
    assert badge.top < 20
    frames = list(render_frames(scene, 0, 5))
    assert the_same(frames[3:], whole[3:5])
    rows, columns = (
        slice(at, at + size) for at, size in zip((badge.top, badge.left), badge.grey.shape, strict=True)
    )
    for frame in frames[:3]:
        seen = frame.rgb[rows, columns].astype(int)
        assert np.abs(seen - badge.grey[..., None])[4:-4, 4:-4].mean() < 12
        assert (
            np.abs(frame.rgb.astype(int) - whole[frame.index].rgb)[80:].max() <= 2
        )  # the watermark's strength
    gone = min(GONE)
    monkeypatch.setattr(label, "START_SECONDS", 60)
    (alone,) = render_frames(scene, gone, gone + 1)  # no face in it: all else stays bit for bit
    (target,) = clip.frames(gone, gone + 1)
    assert not the_same([alone], [target]) and np.array_equal(alone.rgb[40:], target.rgb[40:])
