"""Footage with pixels that are not square is swapped as it would be with square ones."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from media.made_faces import SIDE, face_frame, write_frames

from aotface.face.align import crop_matrix, invert, transform_points
from aotface.media.image import read_image
from aotface.media.video.parts import claim
from aotface.options import Options
from aotface.reenact.base import PreparedSource
from aotface.samples import sample
from aotface.tracking.tracks import Tracks
from aotface.types import Frame
from aotface.video import render
from aotface.video.layers import Layers
from aotface.video.plan import open_clip
from aotface.video.render import Clip, analyse, make_scene, prepare_source, render_layers

ASPECT, COUNT = Fraction(4, 3), 2
WIDTH = SIDE * 3 // 4

EYES_SHARE = 0.01
"""Of the eyes' distance: how far landmarks of the anamorphic clip may lie from those of the square one."""

MEAN_LEVELS, MOST_LEVELS = 1.5, 8.0
"""Levels of 255 between the swapped clips over the face: on the mean, and of the 99th of 100 values. Measured:
1.2 and 6 (the targets themselves 1.0 and 4, after encoding); 23 and 139 where the aspect is ignored."""


def squeezed(frame: Frame) -> Frame:
    return cv2.resize(frame, (WIDTH, SIDE), interpolation=cv2.INTER_AREA)


def displayed(frame: Frame) -> Frame:
    return cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Clip]:
    """A face with square pixels; squeezed, with the flag that says so; and squeezed without that flag."""
    folder, frames = tmp_path_factory.mktemp("aspect"), [face_frame(index) for index in range(COUNT)]
    narrow = [squeezed(frame) for frame in frames]
    written = {
        "square": write_frames(folder / "square.mp4", frames, quality=1),
        "squeezed": write_frames(folder / "squeezed.mp4", narrow, quality=1, pixel_aspect=ASPECT),
        "ignored": write_frames(folder / "ignored.mp4", narrow, quality=1),
    }
    return {name: open_clip(path) for name, path in written.items()}


@pytest.fixture(scope="module")
def tracks(clips: dict[str, Clip]) -> dict[str, Tracks]:
    return {name: analyse(clip) for name, clip in clips.items()}


@pytest.fixture(scope="module")
def prepared() -> PreparedSource:
    return prepare_source(read_image(sample("source_light_man")).frame, "largest")


@pytest.fixture(scope="module")
def swapped(clips: dict[str, Clip], tracks: dict[str, Tracks], prepared: PreparedSource) -> dict[str, Layers]:
    """The first frame of each."""
    options = Options(transfer="mkl", camera_match="off")  # grain lies on stored pixels
    scenes = {name: make_scene(clip, tracks[name], prepared, options, False) for name, clip in clips.items()}
    return {name: next(render_layers(scene, 0, 1)) for name, scene in scenes.items()}


def face_of(tracks: Tracks) -> np.ndarray:
    return tracks.tracks[0].landmarks[..., :2].astype(np.float64)


def test_landmarks_are_those_of_the_displayed_face(tracks: dict[str, Tracks]) -> None:
    square, there = face_of(tracks["square"]), face_of(tracks["squeezed"])
    eyes = np.linalg.norm(square[:, 33] - square[:, 263], axis=1).mean()
    assert np.linalg.norm(there - square, axis=2).max() < EYES_SHARE * eyes
    stretched = face_of(tracks["ignored"]) * [4 / 3, 1] + [1 / 6, 0]  # twin: found in the squeezed picture
    assert np.linalg.norm(stretched - square, axis=2).max() > 3 * EYES_SHARE * eyes


def levels_apart(one: Layers, square: Layers, hull: np.ndarray) -> tuple[float, float]:
    """Mean, and the 99th of 100, of the differences under a face, in the displayed frame."""
    inside = cv2.fillConvexPoly(np.zeros((SIDE, SIDE), np.uint8), hull, (1,)) > 0
    wanted = displayed(squeezed(square.frame.rgb))  # the same columns
    apart = np.abs(displayed(one.frame.rgb).astype(float) - wanted)[inside]
    return float(apart.mean()), float(np.percentile(apart, 99))


def test_the_swap_is_that_of_square_pixels(swapped: dict[str, Layers], tracks: dict[str, Tracks]) -> None:
    square, hull = swapped["square"], cv2.convexHull(np.rint(face_of(tracks["square"])[0]).astype(np.int32))
    mean, most = levels_apart(swapped["squeezed"], square, hull)
    assert mean < MEAN_LEVELS and most < MOST_LEVELS
    mean, most = levels_apart(swapped["ignored"], square, hull)  # twin
    assert mean > 5 * MEAN_LEVELS and most > 5 * MOST_LEVELS


def test_what_does_not_show_a_face_keeps_its_stored_pixels(swapped: dict[str, Layers]) -> None:
    layers = swapped["squeezed"]
    before, after, mask = layers.original.rgb, layers.frame.rgb, layers.mask().rgb[..., 0]
    assert after.shape == before.shape == (SIDE, WIDTH, 3) and layers.frame.info.pixel_aspect == ASPECT
    beside = cv2.dilate(mask, np.ones((5, 5))) == 0  # chroma is stored for four pixels together
    assert np.array_equal(after[beside], before[beside]) and not np.array_equal(after, before)


def test_matrix_and_box_count_stored_pixels(swapped: dict[str, Layers], tracks: dict[str, Tracks]) -> None:
    """The matrix of a face leads from the stored frame to a crop whose pixels are square."""
    place = swapped["squeezed"].faces[0].place
    across, down = place.matrix[:, :2].T
    assert np.linalg.norm(across) / np.linalg.norm(down) == pytest.approx(4 / 3)
    assert across @ down == pytest.approx(0, abs=1e-9)
    points = face_of(tracks["squeezed"])[0]  # not smoothed, hence the tolerance
    in_crop = transform_points(points, crop_matrix(tracks["squeezed"].tracks[0].landmarks[0], place.side))
    stored = transform_points(in_crop, invert(place.matrix))
    np.testing.assert_allclose(stored, (points - [1 / 6, 0]) / [4 / 3, 1], atol=0.5)
    np.testing.assert_allclose(place.box, [*stored.min(axis=0), *stored.max(axis=0)], atol=0.6)


def test_a_resumed_search_sees_display_pixels_again(
    clips: dict[str, Clip], tracks: dict[str, Tracks], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "PIECE_FRAMES", 1)
    parts, _ = claim(tmp_path / "out.mp4", {}, [(0, COUNT)])

    def stop(done: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        analyse(clips["squeezed"], stop, parts)
    again = analyse(clips["squeezed"], parts=parts)
    assert np.array_equal(face_of(again), face_of(tracks["squeezed"]))
