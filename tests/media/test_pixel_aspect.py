"""Pixels that are not square: what is believed of them, and how they become square."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from media.made_faces import plain_frame, write_frames

from aotface.media.pixel_aspect import believed, square_pixels, to_display
from aotface.media.video.decode import read_frames
from aotface.media.video.probe import probe


@pytest.mark.parametrize(
    ("said", "seen"),
    [("1", "1"), ("4/3", "4/3"), ("8/9", "8/9"), ("1/2", "1/2"), ("1001/1000", "1"), ("9", "1")],
)
def test_what_is_nearly_square_or_impossible_is_square(said: str, seen: str) -> None:
    assert believed(Fraction(said)) == Fraction(seen)


@pytest.mark.parametrize(("aspect", "size"), [(4 / 3, (48, 88)), (0.5, (96, 66))])
def test_a_frame_is_only_ever_stretched(aspect: float, size: tuple[int, int]) -> None:
    """A ramp across and down keeps its values where `to_display` says that they go."""
    y, x = np.mgrid[:48, :66].astype(np.uint16)
    frame = np.stack([400 * x, 400 * y, 400 * y], axis=2)
    square = square_pixels(frame, aspect)
    assert square.shape[:2] == size and square_pixels(frame, 1.0) is frame
    linear, shift = to_display(aspect)[:, :2], to_display(aspect)[:, 2]
    down, across = np.mgrid[4 : size[0] - 4, 4 : size[1] - 4]
    stored = np.linalg.solve(linear, np.stack([across.ravel(), down.ravel()]) - shift[:, None])
    read = square[4:-4, 4:-4, :2].reshape(-1, 2).T / 400
    np.testing.assert_allclose(read, stored, atol=0.06)  # of cubic interpolation
    assert (
        np.abs(read - np.linalg.solve(linear, np.stack([across.ravel(), down.ravel()]))).max() > 0.1
    )  # twin


@pytest.mark.parametrize(("rotation", "seen", "size"), [(0, "4/3", (48, 88)), (90, "3/4", (88, 48))])
def test_a_turned_video_has_its_pixels_turned(
    tmp_path: Path, rotation: int, seen: str, size: tuple[int, int]
) -> None:
    frames = [plain_frame(0)[:48, :66]]
    path = write_frames(tmp_path / "a.mp4", frames, rotation=rotation, pixel_aspect=Fraction(4, 3))
    info = probe(path)
    assert (info.pixel_aspect, info.shown_aspect) == (Fraction(4, 3), Fraction(seen))
    assert next(read_frames(path)).square.shape[:2] == size and info.notes == ()


def test_an_impossible_aspect_is_told(tmp_path: Path) -> None:
    info = probe(write_frames(tmp_path / "a.mp4", [plain_frame(0)[:48, :66]], pixel_aspect=Fraction(9)))
    assert info.shown_aspect == 1 and "9 times as wide" in info.notes[0]
