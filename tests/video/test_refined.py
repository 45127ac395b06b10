"""Another tool's swap in a video: all of it is moved, keeps its texture, and stands still where the swap does."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from media.made_faces import face_frame, write_frames

from aotface.media.video.decode import VideoFrame
from aotface.media.video.parts import claim
from aotface.options import Options
from aotface.tracking.tracks import Tracks
from aotface.video.plan import open_clip
from aotface.video.render import Scene, analyse, make_scene, render_frames, render_layers
from aotface.video.scene import Clip

COUNT = 5
MKL = Options(transfer="mkl", camera_match="off")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clip, Clip, Tracks, np.ndarray]:
    """A target, its swap in other colours with grain up to the hairline, the target's faces, and where the swap is."""
    folder = tmp_path_factory.mktemp("clips")
    frames = [face_frame(index) for index in range(COUNT)]
    target = open_clip(write_frames(folder / "target.mp4", frames, quality=2))
    tracks = analyse(target)
    points = tracks.faces_at(2)[0][1].landmarks
    top, chin = points[10, :2], points[152, :2]
    middle, reach = (top * 1.15 - chin * 0.15 + chin) / 2, np.array([0.36, 0.56]) * np.linalg.norm(chin - top)
    y, x = np.mgrid[: frames[0].shape[0], : frames[0].shape[1]]
    where = np.clip((1 - np.hypot((x - middle[0]) / reach[0], (y - middle[1]) / reach[1])) * 12, 0, 1)
    grain = np.random.default_rng(0).normal(0, 8, (*where.shape, 1))
    others = [frame * [0.6, 0.8, 1.0] + grain for frame in frames]
    laid = [f + where[..., None] * (o - f) for f, o in zip(frames, others, strict=True)]
    swapped = [np.clip(frame, 0, 255).astype(np.uint8) for frame in laid]
    return target, open_clip(write_frames(folder / "swapped.mp4", swapped, quality=2)), tracks, where


@pytest.fixture(scope="module")
def scene(clips: tuple[Clip, Clip, Tracks, np.ndarray]) -> Scene:
    target, swapped, tracks, _ = clips
    sources = {track.id: None for track in tracks.tracks}
    return make_scene(target, tracks, None, MKL, False, swapped, sources)


@pytest.fixture(scope="module")
def done(scene: Scene) -> list[VideoFrame]:
    return list(render_frames(scene, 0, COUNT))


def kept(after: np.ndarray, before: np.ndarray, where: np.ndarray) -> float:
    """Slope of fine detail on what it was."""
    found = [one.astype(np.float32).mean(axis=2) for one in (after, before)]
    new, old = ((one - cv2.GaussianBlur(one, (0, 0), 1.5))[where] for one in found)
    return float((new * old).mean() / (old**2).mean())


def test_all_of_the_swap_is_moved_and_keeps_its_texture(
    clips: tuple[Clip, Clip, Tracks, np.ndarray], done: list[VideoFrame]
) -> None:
    target, swapped, _, where = clips
    inner, far = where == 1, cv2.dilate((where > 0).astype(np.uint8), np.ones((45, 45))) == 0
    for made, old, new in zip(done, target.frames(), swapped.frames(), strict=True):
        assert kept(made.rgb, new.rgb, inner) > 0.97
        apart = [
            np.abs(one.rgb[inner].mean(axis=0) - old.rgb[inner].mean(axis=0)).max() for one in (made, new)
        ]
        assert apart[0] < 12 < 30 < apart[1]
        np.testing.assert_array_equal(made.rgb[far], old.rgb[far])
    assert kept(target_of(target, 2), next(swapped.frames(2)).rgb, inner) < 0.5  # the twin: the target's own


def target_of(clip: Clip, number: int) -> np.ndarray:
    return next(clip.frames(number)).rgb


def test_it_resumes_to_the_same_bytes(scene: Scene, done: list[VideoFrame], tmp_path: Path) -> None:
    parts, _ = claim(tmp_path / "out.mp4", {}, [(0, COUNT)])
    list(render_layers(scene, 0, 3, parts))
    again = [layers.frame for layers in render_layers(scene, 0, COUNT, parts)]
    for one, other in zip(done, again, strict=True):
        assert all(np.array_equal(p, q) for p, q in zip(one.planes, other.planes, strict=True))


def test_one_still_mask_says_where(
    clips: tuple[Clip, Clip, Tracks, np.ndarray], scene: Scene, done: list[VideoFrame]
) -> None:
    target, _, _, where = clips
    half = np.zeros((*where.shape, 3), np.uint8)
    half[:, : half.shape[1] // 2] = 255
    made = next(iter(render_frames(replace(scene, still_mask=half), 0, 1))).rgb
    right = slice(half.shape[1] // 2 + 16, None)
    np.testing.assert_array_equal(made[:, right], target_of(target, 0)[:, right])
    assert (done[0].rgb[:, right] != made[:, right]).any()
