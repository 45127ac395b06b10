from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from media.made_clips import NTSC, Clip, make_clip, number_in

from aotface import errors
from aotface.media.image import read_image, write_image
from aotface.media.video.decode import read_frames
from aotface.media.video.encode import Encoding, write_segment
from aotface.media.video.folder import (
    folder_info,
    frame_from_rgb,
    list_frames,
    read_folder_frames,
    save_frame,
)
from aotface.media.video.join import join
from aotface.media.video.probe import probe
from aotface.media.video.timing import frame_times, regular


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve frames of a made clip, named 1.png to 12.png."""
    made = make_clip(tmp_path / "made.mp4", 12, options={"qp": "0"})
    (tmp_path / "frames").mkdir()
    for frame in read_frames(made.path):
        write_image(tmp_path / "frames" / f"frame{frame.index + 1}.png", frame.rgb)
    return tmp_path / "frames"


def test_frames_come_in_natural_order(folder: Path) -> None:
    names = [path.name for path in list_frames(folder)]
    assert names == [f"frame{number}.png" for number in range(1, 13)] != sorted(names)
    assert [number_in(frame.planes.y) for frame in read_folder_frames(folder, NTSC)] == list(range(12))
    assert [frame.index for frame in read_folder_frames(folder, NTSC, 3, 5)] == [3, 4]


def test_a_folder_is_a_video(folder: Path, tmp_path: Path) -> None:
    info = folder_info(folder, NTSC)
    assert (info.width, info.height, info.rate, info.frames) == (64, 48, NTSC, 12)
    parts = [tmp_path / "a.mp4", tmp_path / "b.mp4"]
    write_segment(parts[0], info, Encoding(), read_folder_frames(folder, NTSC, 0, 5))
    write_segment(parts[1], info, Encoding(), read_folder_frames(folder, NTSC, 5))
    out = join(parts, None, tmp_path / "out.mp4", info, regular(12, NTSC))
    times = frame_times(out)
    assert [times.seconds(index) for index in range(13)] == [index / NTSC for index in range(13)]
    assert [number_in(frame.planes.y) for frame in read_frames(out)] == list(range(12))
    assert probe(out).rate == NTSC and probe(out).colour.guessed == ()


def test_its_pixels_are_those_of_the_pictures(folder: Path) -> None:
    frame = next(read_folder_frames(folder, Fraction(25)))
    assert np.array_equal(frame.rgb, read_image(folder / "frame1.png").frame)
    assert frame.time == 0 and frame.planes.u.shape == (24, 32)
    changed = frame.rgb.copy()
    changed[10:20, 10:20] = 0
    new = frame.edited(changed)
    assert np.array_equal(new.planes.y[20:], frame.planes.y[20:]) and (new.planes.y[12:18, 12:18] == 16).all()
    assert np.array_equal(new.planes.u[10:], frame.planes.u[10:])


def test_odd_and_deep_pictures(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 65536, (49, 65, 3)).astype(np.uint16)
    write_image(tmp_path / "1.png", rgb)
    info = folder_info(tmp_path, Fraction(10))
    assert info.layout.name == "yuv444p10le" and info.bit_depth == 16
    frame = next(read_folder_frames(tmp_path, Fraction(10)))
    assert write_segment(tmp_path / "a.mp4", info, Encoding(quality=0), [frame]) == 1
    back = next(read_frames(tmp_path / "a.mp4")).rgb
    assert np.abs(back.astype(int) - rgb).max() <= 0.0017 * 65535


def test_frames_for_a_turned_video(tmp_path: Path) -> None:
    made: Clip = make_clip(tmp_path / "a.mp4", 2, rotation=90)
    frame = next(read_frames(made.path))
    fresh = frame_from_rgb(frame.rgb, frame.index, frame.pts, frame.info)
    for a, b in zip(frame.planes, fresh.planes, strict=True):
        assert np.abs(a.astype(int) - b).mean() < 3  # not 0: some of the made colours do not exist in RGB
    assert fresh.rgb is frame.rgb and fresh.edited(frame.rgb).pts == frame.pts


def test_frames_are_kept_as_pictures(tmp_path: Path) -> None:
    for name, dtype in (("yuv420p", np.uint8), ("yuv420p10le", np.uint16)):
        made = make_clip(tmp_path / f"{name}.mp4", 2, format=name, rotation=90)
        kept = tmp_path / name
        kept.mkdir()
        for frame in read_frames(made.path):
            path = save_frame(kept, frame)
            assert path.name == f"{frame.index:06d}.png"
            assert np.array_equal(read_image(path).frame, frame.rgb) and frame.rgb.dtype == dtype
        with pytest.raises(errors.OutputExistsError):
            save_frame(kept, frame)


def test_folders_that_are_no_video(folder: Path, tmp_path: Path) -> None:
    write_image(folder / "frame13.png", np.zeros((48, 66, 3), np.uint8))
    with pytest.raises(errors.InputError, match="expected 64 x 48 pixels like the first frame, got 66 x 48"):
        list(read_folder_frames(folder, Fraction(25)))
    (tmp_path / "empty").mkdir()
    with pytest.raises(errors.UnreadableImageError, match="no picture"):
        folder_info(tmp_path / "empty", Fraction(25))
    with pytest.raises(errors.UsageError, match="more than 0"):
        folder_info(folder, Fraction(0))
    with pytest.raises(errors.UsageError, match="within 13 frames"):
        next(read_folder_frames(folder, Fraction(25), 5, 14))
