"""Rounded up or down towards the frame before: what stands still stays, what moves takes its steps along."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from media.made_faces import face_frame, write_frames

from aotface.media.image import read_image
from aotface.media.video.decode import VideoFrame, deepened
from aotface.options import Options
from aotface.samples import sample
from aotface.video import render as video
from aotface.video.plan import open_clip
from aotface.video.quantise import SIDE, Finished, _flow, _moved, _towards, quantise_towards_previous
from aotface.video.render import Scene, analyse, make_scene, prepare_source, render_frames, render_layers

COUNT = 7


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A still face in footage that is not quite still, in one segment."""
    rng = np.random.default_rng(5)
    frames = [face_frame(0) + rng.integers(0, 2, (256, 256, 1), dtype=np.uint8) for _ in range(COUNT)]
    clip = open_clip(write_frames(tmp_path_factory.mktemp("clip") / "still.mp4", frames))
    prepared = prepare_source(read_image(sample("source_light_man")).frame, "largest")
    return make_scene(clip, analyse(clip), prepared, Options(transfer="mean"), mark=False)


@pytest.fixture(scope="module")
def whole(scene: Scene) -> list[VideoFrame]:
    return list(render_frames(scene, 0, COUNT))


@pytest.fixture(scope="module")
def alone(scene: Scene) -> list[VideoFrame]:
    """Every frame rounded by itself."""
    patch = pytest.MonkeyPatch()
    patch.setattr(
        video, "quantise_towards_previous", lambda before, *more: quantise_towards_previous(None, *more)
    )
    frames = list(render_frames(scene, 0, COUNT))
    patch.undo()
    return frames


def steps(frames: list[VideoFrame]) -> float:
    """Mean change of luma from frame to frame, where it is the face's."""
    luma = np.array([frame.planes.y[90:200, 90:170] for frame in frames], float)
    return float(np.abs(np.diff(luma, axis=0)).mean())


def the_same(one: VideoFrame, other: VideoFrame) -> bool:
    return all(np.array_equal(p, q) for p, q in zip(one.planes, other.planes, strict=True))


def test_a_value_is_rounded_up_or_down_and_no_further() -> None:
    value = np.array([[10.2, 10.8, 10.0, 10.2, 10.8, 255.2, -0.2]], np.float32)
    known = np.array([[11, 10, 12, 0, 255, 0, 255]], np.uint8)
    assert _towards(value, known, 255).tolist() == [[11, 10, 10, 10, 11, 255, 0]]
    deep = _towards(np.array([[1023.1]], np.float32), np.array([[65535]], np.uint16), 1023)
    assert deep.tolist() == [[1023]] and deep.dtype == np.uint16


def test_frames_are_quieter_and_within_a_step(whole: list[VideoFrame], alone: list[VideoFrame]) -> None:
    assert the_same(whole[0], alone[0])
    for one, other in zip(whole, alone, strict=True):
        apart = [np.abs(p.astype(int) - q).max() for p, q in zip(one.planes, other.planes, strict=True)]
        assert max(apart) <= 1
    assert steps(whole) < 0.8 * steps(alone)


def test_what_is_not_the_face_stays_the_targets(scene: Scene) -> None:
    for target, layers in zip(scene.clip.frames(), render_layers(scene, 0, COUNT), strict=True):
        (face,) = layers.faces
        outside = face.changed(256, 256) == 0
        assert outside.mean() > 0.1
        assert np.array_equal(layers.frame.planes.y[outside], target.planes.y[outside])


def test_a_frame_that_comes_again_is_the_same(scene: Scene, whole: list[VideoFrame]) -> None:
    target, rgb = next(scene.clip.frames(3, 4)), deepened(whole[3].rgb)
    here = Finished(target, target.edited(rgb))
    again = quantise_towards_previous(Finished(target, here.frame), here, rgb, None, (0, 0, 256, 256))
    assert the_same(again, here.frame)
    y = here.frame.planes.y
    higher = replace(here.frame, planes=here.frame.planes._replace(y=np.minimum(y + 1, 255).astype(np.uint8)))
    drawn = quantise_towards_previous(Finished(target, higher), here, rgb, None, (0, 0, 256, 256))
    assert (drawn.planes.y > y).mean() > 0.1  # twin: another frame before, another rounding


def test_who_goes_on_needs_the_frame_before_alone(scene: Scene, whole: list[VideoFrame]) -> None:
    before = Finished(next(scene.clip.frames(3, 4)), whole[3])
    made = [layers.frame for layers in render_layers(scene, 4, COUNT, before=before)]
    assert all(map(the_same, made, whole[4:])) and len(made) == COUNT - 4
    other = before._replace(frame=before.target)
    assert not the_same(next(render_layers(scene, 4, 5, before=other)).frame, whole[4])


def test_a_segment_begins_without_the_one_before(
    scene: Scene, alone: list[VideoFrame], whole: list[VideoFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "cut", lambda first, last: [(0, 4), (4, COUNT)])
    frames = list(render_frames(scene, 0, COUNT))
    assert the_same(frames[4], alone[4]) and not the_same(whole[4], alone[4])
    assert all(map(the_same, render_frames(scene, 4, COUNT), frames[4:]))


@pytest.mark.parametrize("factor", [1, 3])
def test_steps_go_along_with_what_moves(factor: int, tmp_path: Path) -> None:
    side = SIDE * factor
    noise = np.random.default_rng(1).random((side // (8 * factor),) * 2, np.float32)
    large = cv2.resize(255 * noise, (side, side), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
    before, now = large[:, 4 * factor :], large[:, : -4 * factor]
    inside = (slice(20 * factor, -20 * factor),) * 2
    moved = _moved(before, _flow(now, before, 0))
    errors = [np.abs(plane[inside].astype(int) - now[inside]).mean() for plane in (moved, before)]
    assert errors[0] < 0.1 * errors[1]
    half = _moved(before[::2, ::2], _flow(now, before, 0))  # chroma
    assert np.abs(half[inside].astype(int) - now[::2, ::2][inside]).mean() < 0.1 * errors[1]
