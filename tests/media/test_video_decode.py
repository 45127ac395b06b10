import pickle
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media.made_clips import KINDS, Clip, make_clip, number_in

from aotface import errors
from aotface.media.video import decode
from aotface.media.video.decode import VideoFrame, deepened, read_frames
from aotface.media.video.probe import probe
from aotface.media.video.timing import frame_times, regular

Make = Callable[[str], Clip]


def same(a: VideoFrame, b: VideoFrame) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a.planes, b.planes, strict=True))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_index_is_reached_exactly(kind, clip: Make) -> None:
    """Key frames far apart, B-frames, open groups, uneven times, clocks that do not begin at 0."""
    made = clip(kind.name)
    info, times = probe(made.path), frame_times(made.path)
    whole = list(read_frames(made.path, info=info))
    assert [frame.index for frame in whole] == list(range(made.count))
    assert [frame.pts for frame in whole] == times.pts.tolist()
    assert [number_in(frame.planes.y) for frame in whole] == list(range(made.count))
    begins = (
        range(made.count)
        if kind.name.startswith(("ntsc", "open_gop", "mpeg4_b"))
        else {1, 11, made.count - 1}
    )
    for first in begins:
        if first < made.count:
            last = min(first + 2, made.count)
            part = list(read_frames(made.path, first, last, info, times))
            assert [frame.index for frame in part] == list(range(first, last))
            assert all(same(frame, whole[frame.index]) for frame in part)


def test_a_seek_alone_would_not_be_exact(clip: Make) -> None:
    """The failing twin: in an open group the first frame after a seek is not the one that was asked for."""
    path = clip("open_gop.mp4").path
    times = frame_times(path)
    wrong = 0
    for index in range(len(times)):
        with av.open(str(path)) as file:
            stream = file.streams.video[0]
            file.seek(int(times.pts[index]), stream=stream)
            wrong += next(file.decode(stream)).pts != times.pts[index]
    assert wrong > len(times) // 2


def test_a_seek_that_lands_late_is_tried_from_earlier(clip: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    path = clip("ntsc.mp4").path
    times = frame_times(path)
    monkeypatch.setattr(decode, "_key_frames", lambda times, first: iter([24, 24, 12, None]))
    assert [number_in(frame.planes.y) for frame in read_frames(path, 13, 15, times=times)] == [13, 14]
    monkeypatch.setattr(decode, "_key_frames", lambda times, first: iter([24]))
    with pytest.raises(errors.VideoError, match="frame 13 cannot be decoded"):
        next(read_frames(path, 13, 15, times=times))


def test_threads_change_nothing(clip: Make) -> None:
    path = clip("ntsc.mp4").path
    one, many = (list(read_frames(path, threads=threads)) for threads in (1, 3))
    assert all(same(a, b) for a, b in zip(one, many, strict=True))


def test_ranges_that_the_video_does_not_have(clip: Make) -> None:
    path = clip("ntsc.mp4").path
    times = frame_times(path)
    for first, last in ((30, None), (0, 31), (-1, 3), (5, 5), (5, 4)):
        with pytest.raises(errors.UsageError, match="expected a range of frames in it of 30"):
            next(read_frames(path, first, last, times=times))
    with pytest.raises(errors.UsageError, match="0 to 31 of 30"):
        list(read_frames(path, 0, 31))


def test_times_of_another_video_are_noticed(clip: Make) -> None:
    path = clip("ntsc.mp4").path
    with pytest.raises(errors.VideoError, match="frame 1 cannot be decoded"):
        list(read_frames(path, times=regular(30, Fraction(25))))


def test_times_and_depths(clip: Make) -> None:
    frame = list(read_frames(clip("uneven.mp4").path))[5]
    assert frame.time == clip("uneven.mp4").seconds[5]
    assert frame.rgb.dtype == np.uint8 and frame.rgb.shape == (48, 64, 3)
    deep = next(read_frames(clip("ten_bit.mp4").path))
    assert deep.rgb.dtype == np.uint16 and deep.planes.y.dtype == np.uint16 and deep.rgb.max() > 40000


def test_frames_are_upright(tmp_path: Path, clip: Make) -> None:
    plain = next(read_frames(make_clip(tmp_path / "a.mp4", 3).path))
    still = plain.rgb
    for degrees, turns in ((90, 3), (180, 2), (270, 1)):
        turned = next(read_frames(make_clip(tmp_path / f"{degrees}.mp4", 3, rotation=degrees).path))
        for stored, same in zip(turned.planes, plain.planes, strict=True):
            np.testing.assert_array_equal(
                stored, same
            )  # apart, so that a failure tells encoding from turning
        np.testing.assert_array_equal(turned.rgb, np.rot90(still, turns))
    mirrored = next(read_frames(make_clip(tmp_path / "m.mp4", 3, flip=True).path)).rgb
    assert np.array_equal(mirrored, still[:, ::-1])
    assert not np.array_equal(still[:, ::-1], still)


def test_frames_of_more_than_one_size_are_refused(tmp_path: Path) -> None:
    parts = [
        make_clip(tmp_path / f"{w}.ts", 5, rate=Fraction(25), size=(w, 48), codec="mpeg2video").path
        for w in (64, 96)
    ]
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    with pytest.raises(errors.VideoError, match="expected frames of 64 x 48 pixels, found one of 96 x 48"):
        list(read_frames(path))


def test_frames_travel_between_processes(clip: Make) -> None:
    frame = next(read_frames(clip("rotated_90.mp4").path))
    copy = pickle.loads(pickle.dumps(frame))
    assert same(frame, copy) and np.array_equal(frame.rgb, copy.rgb) and copy.info == frame.info


# --- what is not changed stays

LAYOUTS = ["ntsc.mp4", "ten_bit.mp4", "ten_bit_422.mov", "rotated_90.mp4", "mirrored.mp4", "odd.webm", "odd.mkv",
           "full.mp4", "bt2020.mp4", "png.mov", "rotated_180.mov"]  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_an_unchanged_frame_is_the_frame_itself(name: str, clip: Make) -> None:
    frame = next(read_frames(clip(name).path))
    assert frame.edited(frame.rgb.copy()) is frame
    assert frame.edited(frame.rgb.copy(), (3, 5, 20, 30)) is frame
    assert frame.edited(frame.rgb, (5, 5, 5, 9)) is frame


@pytest.mark.parametrize("name", LAYOUTS)
def test_only_what_is_changed_is_converted(name: str, clip: Make) -> None:
    frame = next(read_frames(clip(name).path))
    x0, y0, x1, y1 = 11, 17, 30, 29
    rgb = frame.rgb.copy()
    rgb[y0:y1, x0:x1] = rgb[y0:y1, x0:x1][::-1, ::-1] // 2 + 60 * (257 if rgb.dtype == np.uint16 else 1)
    for box in (None, (x0, y0, x1, y1), (0, 0, 40, 40), (-5, -5, 4000, 4000)):
        new = frame.edited(rgb, box)
        changed = frame.info.orientation.stored((rgb != frame.rgb).any(axis=-1))
        assert (new.planes.y != frame.planes.y)[~changed].sum() == 0
        assert (new.planes.y != frame.planes.y)[changed].mean() > 0.5
        layout = frame.info.layout
        blocks = np.add.reduceat(np.add.reduceat(changed, range(0, changed.shape[0], layout.step_y), 0),
                                 range(0, changed.shape[1], layout.step_x), 1) > 0  # fmt: skip
        for old_plane, new_plane in zip(frame.planes[1:], new.planes[1:], strict=True):
            assert (old_plane != new_plane)[~blocks].sum() == 0
        step = 257 if rgb.dtype == np.uint16 else 1
        inner = np.abs(
            new.rgb[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2].astype(int) - rgb[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2]
        )
        assert inner.mean() < (2 if layout.step_x == 1 else 8) * step
        assert (new.index, new.pts, new.info) == (frame.index, frame.pts, frame.info)
    assert (
        frame.planes.y.tolist() == next(read_frames(clip(name).path)).planes.y.tolist()
    )  # the old one is kept


@pytest.mark.parametrize("name", LAYOUTS)
def test_pixels_get_lighter_where_they_are_seen(name: str, clip: Make) -> None:
    frame = next(read_frames(clip(name).path))
    change = np.zeros(frame.rgb.shape[:2], np.float32)
    change[11:30, 5:19] = 12
    new, step = frame.lightened(change), 257 if frame.rgb.dtype == np.uint16 else 1
    kept = (frame.rgb > 30 * step) & (frame.rgb < 220 * step)  # the others may saturate
    apart = (new.rgb.astype(int) - frame.rgb) / step - change[..., None]
    assert kept[change > 0].mean() > 0.2 and np.abs(apart[kept]).max() <= 1.5
    assert all(map(np.array_equal, new.planes[1:], frame.planes[1:]))


def test_a_change_outside_the_box_is_left_out(clip: Make) -> None:
    frame = next(read_frames(clip("ntsc.mp4").path))
    rgb = frame.rgb.copy()
    rgb[40:46, 40:46] ^= 255
    assert frame.edited(rgb, (0, 0, 20, 20)) is frame
    assert not same(frame.edited(rgb), frame)  # the twin


def test_frames_that_do_not_fit_are_refused(clip: Make) -> None:
    frame = next(read_frames(clip("rotated_90.mp4").path))
    for rgb in (
        frame.rgb.swapaxes(0, 1),
        frame.rgb.astype(np.float32),
        frame.rgb[:-1],
        frame.rgb.astype(np.int8),
    ):
        with pytest.raises(errors.InputError, match="expected a frame \\(64, 48, 3\\) of uint8"):
            frame.edited(rgb)


def test_deep_pixels_are_rounded_once(clip: Make) -> None:
    """A grey between two steps of RGB lands on the nearest luma, not on the nearest to the nearer step."""
    frame = next(read_frames(clip("ntsc.mp4").path))
    deep = deepened(frame.rgb)
    assert frame.edited(deep) is frame  # nothing was changed
    levels = np.linspace(60, 70, 161)
    wanted = [16 + level * 219 / 255 for level in levels]

    def luma(rgb: np.ndarray, level: float) -> int:
        rgb[8:12, 8:12] = np.round(level * (257 if rgb.dtype == np.uint16 else 1))
        return int(frame.edited(rgb).planes.y[9, 9])

    once, twice = ([luma(rgb.copy(), level) for level in levels] for rgb in (deep, frame.rgb))
    assert max(abs(a - b) for a, b in zip(once, wanted, strict=True)) <= 0.51
    assert max(abs(a - b) for a, b in zip(twice, wanted, strict=True)) > 0.6  # the twin
